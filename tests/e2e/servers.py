"""Real S3 servers (tests/servers/*.sh) as objects: start, talk to with boto3, read the access log, stop."""

import os
import re
import subprocess
import time
import urllib.parse
import uuid
from dataclasses import dataclass
from pathlib import Path

import boto3
from botocore.config import Config

SCRIPTS = Path(__file__).resolve().parent.parent / "servers"
START_SECONDS_MAX = 400
# The servers write their logs behind the answers.
LOG_SECONDS_MAX = 20

# What of the caller's environment could send a client elsewhere, or make it ask elsewhere.
_FOREIGN = re.compile(r"^(AWS_|RCLONE_|GODWIT_(?!SABOTAGE$)|https?_proxy$|all_proxy$|no_proxy$)", re.IGNORECASE)


# Taken once: pytest changes its own variables while threads of ours would walk over them.
_CALLERS = dict(os.environ)


def clean_environment() -> dict[str, str]:
    """The environment without anything that configures an S3 client; a planted bug (tests/sabotage) stays."""
    kept = {name: value for name, value in _CALLERS.items() if not _FOREIGN.match(name)}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Request:
    """One line of an access log. `operation` is one of the names that _OPERATIONS and _rgw_operation give."""

    operation: str
    bucket: str
    key: str
    status: int


class S3Server:
    """One running server. Buckets are made with make_bucket(); keys with odd bytes are fine."""

    # Whether the server checks and keeps CRC64NVME.
    keeps_checksums: bool
    # Whether a listing shows keys with control characters as they are.
    lists_control_characters: bool
    script: str

    def __init__(self, directory: Path, *options: str):
        self.directory = directory
        command = [
            "bash",
            str(SCRIPTS / self.script),
            "start",
            "--dir",
            str(directory),
            "--owner",
            str(os.getpid()),
        ]
        started = subprocess.run(
            command + list(options),
            capture_output=True,
            text=True,
            timeout=START_SECONDS_MAX,
            stdin=subprocess.DEVNULL,
        )
        if started.returncode != 0:
            raise RuntimeError(f"{self.script} did not start:\n{started.stderr}")
        told = dict(line.split("=", 1) for line in started.stdout.splitlines())
        self.endpoint = told["ENDPOINT"]
        self.access_log = Path(told["ACCESS_LOG"])
        self.credentials = {
            name: told[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")
        }
        self.s3 = self.client()

    @property
    def environment(self) -> dict[str, str]:
        """For a client that finds its credentials as boto3 does."""
        return clean_environment() | self.credentials

    def client(self, **options):
        return boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            aws_access_key_id=self.credentials["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=self.credentials["AWS_SECRET_ACCESS_KEY"],
            region_name=self.credentials["AWS_DEFAULT_REGION"],
            config=Config(
                s3={"addressing_style": "path"},
                request_checksum_calculation="when_required",
                response_checksum_validation="when_required",
                retries={"max_attempts": 2},
                proxies={},
                **options,
            ),
            verify=False,
        )

    def make_bucket(self) -> str:
        name = f"e2e-{uuid.uuid4().hex[:12]}"
        self.s3.create_bucket(Bucket=name)
        return name

    def keys(self, bucket: str, prefix: str = "") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return [item["Key"] for page in pages for item in page.get("Contents", [])]

    def uploads(self, bucket: str) -> list[str]:
        """Keys of the multipart uploads that were begun and neither completed nor aborted."""
        pages = self.s3.get_paginator("list_multipart_uploads").paginate(Bucket=bucket)
        return [item["Key"] for page in pages for item in page.get("Uploads", [])]

    def mark(self, bucket: str) -> str:
        """Leaves a mark in the access log, for requests_since()."""
        mark = f"mark-{uuid.uuid4().hex}"
        self._touch(bucket, mark)
        return mark

    def requests_since(self, bucket: str, mark: str) -> list[Request]:
        """Every request to the bucket after the mark that had been answered before this call."""
        end = f"mark-{uuid.uuid4().hex}"
        self._touch(bucket, end)
        deadline = time.monotonic() + LOG_SECONDS_MAX
        while True:
            requests = [
                request
                for request in map(self.parse, self._log_lines())
                if request and request.bucket == bucket
            ]
            keys = [request.key for request in requests]
            if mark in keys and end in keys:
                return requests[keys.index(mark) + 1 : keys.index(end)]
            if time.monotonic() > deadline:
                raise TimeoutError(f"{self.access_log} does not show the mark after {LOG_SECONDS_MAX} s")
            time.sleep(0.05)

    def _touch(self, bucket: str, key: str) -> None:
        try:
            self.s3.head_object(Bucket=bucket, Key=key)
        except self.s3.exceptions.ClientError:
            pass

    def _log_lines(self) -> list[str]:
        return self.access_log.read_text(encoding="utf-8", errors="replace").splitlines()

    def parse(self, line: str) -> Request | None:
        raise NotImplementedError

    def stop(self) -> None:
        subprocess.run(
            ["bash", str(SCRIPTS / self.script), "stop", str(self.directory)], check=True, timeout=60
        )


def split_target(target: str) -> tuple[str, str, dict[str, list[str]]]:
    """`/bucket/k%20ey?query` as bucket, key and query."""
    path, _, query = target.partition("?")
    bucket, _, key = path.lstrip("/").partition("/")
    return bucket, urllib.parse.unquote(key), urllib.parse.parse_qs(query, keep_blank_values=True)


def _rgw_operation(method: str, key: str, query: dict) -> str:
    """The S3 operation of a request line; copies look like puts."""
    if not key:
        if method == "POST" and "delete" in query:
            return "delete_objects"
        bucket_operations = {"uploads": "list_uploads", "versions": "list_versions"}
        named = [name for word, name in bucket_operations.items() if word in query]
        if named:
            return named[0]
        return {"GET": "list", "PUT": "create_bucket", "HEAD": "head_bucket", "DELETE": "delete_bucket"}.get(
            method, method
        )
    if "tagging" in query:
        return f"{method.lower()}_tagging"
    if "uploadId" in query:
        return {"PUT": "upload_part", "POST": "complete", "DELETE": "abort", "GET": "list_parts"}.get(
            method, method
        )
    if method == "POST" and "uploads" in query:
        return "create_upload"
    return method.lower()


class Rgw(S3Server):
    """Ceph's gateway. No additional checksums."""

    script = "rgw.sh"
    keeps_checksums = False
    lists_control_characters = True

    _LINE = re.compile(r'beast: .*?\] "(\w+) (\S+) HTTP/[\d.]+" (\d{3}) ')

    def parse(self, line: str) -> Request | None:
        found = self._LINE.search(line)
        if not found:
            return None
        bucket, key, query = split_target(found.group(2))
        return Request(_rgw_operation(found.group(1), key, query), bucket, key, int(found.group(3)))


class ChecksumServer(S3Server):
    """versitygw: checks and keeps CRC64NVME; keys are paths in a directory."""

    script = "checksum_server.sh"
    keeps_checksums = True
    lists_control_characters = False

    _LINE = re.compile(r" s3_(\w+) .*? (/\S*) (\d{3}) ")
    _OPERATIONS = {
        "ListObjectsV2": "list",
        "ListObjects": "list",
        "GetObject": "get",
        "HeadObject": "head",
        "PutObject": "put",
        "CopyObject": "put",
        "DeleteObject": "delete",
        "DeleteObjects": "delete_objects",
        "CreateMultipartUpload": "create_upload",
        "UploadPart": "upload_part",
        "UploadPartCopy": "upload_part",
        "CompleteMultipartUpload": "complete",
        "AbortMultipartUpload": "abort",
        "ListMultipartUploads": "list_uploads",
        "ListParts": "list_parts",
        "GetObjectTagging": "get_tagging",
        "PutObjectTagging": "put_tagging",
        "HeadBucket": "head_bucket",
        "CreateBucket": "create_bucket",
    }

    def parse(self, line: str) -> Request | None:
        found = self._LINE.search(line)
        if not found:
            return None
        bucket, key, _ = split_target(found.group(2))
        return Request(self._OPERATIONS.get(found.group(1), found.group(1)), bucket, key, int(found.group(3)))
