"""The S3 double (tests/s3double) as a server for end-to-end tests: what no real server here can do, and
an audit that tells what stood in each request."""

import json
import os
import ssl
import subprocess
import urllib.request
from pathlib import Path

import boto3
from botocore.config import Config

from godwit import REPOSITORY, find_binary
from servers import clean_environment


def find_program() -> Path:
    """$GODWIT_S3DOUBLE, else that of the build which the tested godwit is of; release builds make none."""
    named = os.environ.get("GODWIT_S3DOUBLE")
    own = find_binary().parents[2]
    build = REPOSITORY / "build/dev" if own.name == "release" else own
    program = Path(named) if named else build / "tests/s3double/s3double"
    if not program.is_file():
        raise FileNotFoundError(f"the S3 double is not built at {program}: ./dev build dev")
    return program


class Double:
    """One running double with the buckets `one` and `two`."""

    def __init__(self, directory: Path, *options: str, key="AKIATEST", secret="secrettest", token=""):
        directory.mkdir(parents=True, exist_ok=True)
        self.authority = directory / "authority.pem"
        buckets = ["--bucket", "one", "--bucket", "two"]
        keys = ["--access-key", key, "--secret-key", secret, *(["--session-token", token] if token else [])]
        self.process = subprocess.Popen(
            [
                str(find_program()),
                "--with-stdin",
                "--audit-headers",
                "--authority-file",
                str(self.authority),
                *buckets,
                *keys,
                *options,
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]
        self.key, self.secret, self.token = key, secret, token
        self.s3 = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token or None,
            region_name="us-east-1",
            verify=str(self.authority) if self.endpoint.startswith("https") else None,
            config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}, proxies={}),
        )

    @property
    def environment(self) -> dict[str, str]:
        """With the keys, as a user would set them."""
        keys = {
            "AWS_ACCESS_KEY_ID": self.key,
            "AWS_SECRET_ACCESS_KEY": self.secret,
            "AWS_DEFAULT_REGION": "us-east-1",
        }
        return clean_environment() | keys | ({"AWS_SESSION_TOKEN": self.token} if self.token else {})

    def audit(self, operation: str = "", key: str | None = None) -> list[dict]:
        """What was asked, in order, of one operation and key if they are given."""
        records = map(json.loads, self.page("/_double/audit").splitlines())
        return [
            record
            for record in records
            if operation in ("", record["operation"]) and key in (None, record.get("key", ""))
        ]

    def forget(self) -> int:
        """How many records there are: for slicing what comes later."""
        return len(self.audit())

    def rules(self, *rules: dict) -> None:
        self.page("/_double/rules", "PUT", json.dumps(list(rules)).encode())

    def page(self, path: str, method: str = "GET", body: bytes | None = None) -> str:
        tls = self.endpoint.startswith("https")
        context = ssl.create_default_context(cafile=self.authority) if tls else None
        request = urllib.request.Request(self.endpoint + path, data=body, method=method)
        handlers = [urllib.request.ProxyHandler({})]
        handlers += [urllib.request.HTTPSHandler(context=context)] if context else []
        with urllib.request.build_opener(*handlers).open(request) as answer:
            return answer.read().decode()

    def stop(self) -> None:
        self.process.stdin.close()
        self.process.wait(timeout=30)
