"""The in-memory S3 server (tests/s3double) as a program, set up for benchmarks."""

import json
import os
import ssl
import subprocess
import urllib.parse
import urllib.request
from pathlib import Path

ACCESS_KEY, SECRET_KEY, REGION = "AKIATEST", "secrettest", "us-east-1"
STOP_SECONDS_MAX = 20
ANSWER_SECONDS_MAX = 120


class Double:
    """A running server: discards bodies but checks their checksums, and answers with opaque ETags, so that no
    client spends time on an MD5 that it could do without. Signatures are not looked at: clients make them all the same,
    and the server has one thread."""

    def __init__(self, program: Path, directory: Path, *options: str, tls: bool = False, cpu: int | None = None):
        self.authority = directory / "authority.pem"
        command = [str(program), "--with-stdin", "--discard", "--no-audit", "--no-auth"]
        command += [] if "--etag" in options else ["--etag", "opaque"]
        command += ["--authority-file", str(self.authority), "--bucket", "bench", *options]
        command += ["--tls"] if tls else []
        self.process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            preexec_fn=None if cpu is None else lambda: os.sched_setaffinity(0, {cpu}),
        )
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]
        self._context = ssl.create_default_context(cafile=str(self.authority)) if tls else None
        self.tls = tls

    def stop(self) -> None:
        self.process.stdin.close()
        try:
            self.process.wait(STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _page(self, method: str, path: str, body: bytes | None = None) -> bytes:
        request = urllib.request.Request(f"{self.endpoint}/_double/{path}", data=body, method=method)
        with urllib.request.urlopen(request, timeout=ANSWER_SECONDS_MAX, context=self._context) as answer:
            return answer.read()

    def stats(self) -> dict:
        """Requests by operation and the server's own CPU seconds, since the last reset()."""
        return json.loads(self._page("GET", "stats"))

    def reset(self) -> None:
        self._page("DELETE", "stats")

    def make_synthetic(self, bucket: str, count: int, size_bytes: int) -> None:
        self._page("PUT", f"buckets/{bucket}?count={count}&size={size_bytes}")

    def make_pair(self, bucket: str, side: str, count: int, size_bytes: int, differs: bool = True) -> None:
        """One of two computed buckets, `source` and `destination`, that differ in a thousandth of their keys in each of
        four ways."""
        query = f"count={count}&size={size_bytes}&pair={side}&differs={int(differs)}"
        self._page("PUT", f"buckets/{bucket}?{query}")

    def pair_truth(self, count: int) -> dict:
        """How many keys of a pair differ in each way, counted without a listing."""
        return json.loads(self._page("GET", f"pair?count={count}"))

    def stored(self, bucket: str, prefix: str) -> dict:
        """Objects, bytes and unfinished uploads that are really there."""
        return json.loads(self._page("GET", f"buckets/{bucket}?prefix={urllib.parse.quote(prefix)}"))

    def set_rules(self, rules: list[dict]) -> None:
        self._page("PUT", "rules", json.dumps(rules).encode())

    def get(self, bucket: str, key: str) -> bytes:
        """What the server says the object is; the server must have been started with --anonymous."""
        address = f"{self.endpoint}/{bucket}/{urllib.parse.quote(key)}"
        with urllib.request.urlopen(address, timeout=ANSWER_SECONDS_MAX, context=self._context) as answer:
            return answer.read()
