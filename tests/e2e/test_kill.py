"""kill -9 at chosen moments, then the same command again: nothing is lost, nothing is done twice (I10).

A moment is named by what the program had just done when it was killed: "the 3rd upload_part", seen in the server's own
access log, or "40 files in the destination". Each chain is killed several times before it may end, so recovery is killed
too. After each kill the keys that the ledger calls VERIFIED are noted with a mark in the server's log; the end of the
test asks that log whether any of them was written again.
"""

import os
import signal
import subprocess
import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from godwit import Godwit, Run
from servers import S3Server
from trees import TreeShape, differences

# Several minutes for all chains: with `./dev test --all`.
pytestmark = pytest.mark.slow

MOMENT_SECONDS_MAX = 120
RUN_SECONDS_MAX = 300
WRITES = {"put", "complete"}


@dataclass(frozen=True)
class Moment:
    """The `count`-th `operation` since the start of the run, in the server's log or in the destination tree."""

    operation: str
    count: int

    def __str__(self) -> str:
        return f"{self.operation}-{self.count}"


@dataclass
class Chain:
    """One copy with its ends, carried on from kill to kill."""

    godwit: Godwit
    command: list
    server: S3Server
    bucket: str
    destination: Path | None
    environment: dict = field(default_factory=dict)

    def start(self) -> subprocess.Popen:
        command = [os.fsdecode(self.godwit.binary), *map(os.fsdecode, self.command)]
        return subprocess.Popen(
            command,
            env=self.godwit.environment(self.server) | self.environment,
            cwd=self.godwit.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )

    def reached(self, moment: Moment, logged_before: int) -> bool:
        if moment.operation == "file":
            return sum(len(files) for _, _, files in os.walk(os.fsencode(self.destination))) >= moment.count
        parsed = map(self.server.parse, self.server._log_lines()[logged_before:])
        seen = sum(1 for request in parsed if request and request.operation == moment.operation)
        return seen >= moment.count

    def kill_at(self, moment: Moment) -> bool:
        """Runs until the moment, then SIGKILL. False when the run ended before."""
        logged_before = len(self.server._log_lines())
        process = self.start()
        deadline = time.monotonic() + MOMENT_SECONDS_MAX
        while process.poll() is None and not self.reached(moment, logged_before):
            assert time.monotonic() < deadline, f"{moment} was not reached in {MOMENT_SECONDS_MAX} s"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        return process.wait(timeout=30) == -signal.SIGKILL

    def finish(self) -> Run:
        return self.godwit.run(
            *self.command, server=self.server, environment=self.environment, seconds_max=RUN_SECONDS_MAX
        )

    def verified_keys(self) -> set[str]:
        told = self.godwit.run("ledger", "query", "state=verified", "--columns", "key", "-o", "jsonl")
        assert told.code in (0, 9), str(told)
        return {line["key"] for line in told.lines if "key" in line}


def small_tree(trees):
    return trees.get(TreeShape(files=1500, unlistable_names=False))


def kill_and_finish(chain: Chain, moments: list[Moment], prefix: str) -> Run:
    """The whole story of one chain; gives its last run."""
    killed = 0
    watched: list[tuple[str, set[str]]] = []
    for moment in moments:
        if chain.kill_at(moment):
            killed += 1
        watched.append((chain.server.mark(chain.bucket), chain.verified_keys()))
    run = chain.finish()
    assert run.code == 0, str(run)
    assert killed >= len(moments) - 1, f"only {killed} of {len(moments)} kills came before the end"
    for mark, verified in watched:
        later = [
            r
            for r in chain.server.requests_since(chain.bucket, mark)
            if r.operation in WRITES and r.status < 300
        ]
        again = {request.key.removeprefix(prefix) for request in later} & verified
        assert not again, f"written again although they were VERIFIED: {sorted(again)[:5]}"
    assert chain.server.uploads(chain.bucket) == []
    summary = run.summary
    assert summary["listed"] == sum(summary[name] for name in ("copied", "skipped", "deferred", "failed"))
    again = chain.finish()
    assert again.summary["copied"] == 0, str(again)
    return run


def staged_files(root: Path) -> list[bytes]:
    return [
        os.path.join(folder, name)
        for folder, _, names in os.walk(os.fsencode(root))
        for name in names
        if name.startswith(b".godwit-")
    ]


UP = [
    [Moment("list", 1), Moment("put", 20), Moment("upload_part", 2)],
    [Moment("put", 300), Moment("complete", 1), Moment("upload_part", 1)],
    [Moment("create_upload", 1), Moment("upload_part", 4), Moment("put", 1)],
    [Moment("get", 5), Moment("get", 50), Moment("complete", 2)],
]
DOWN = [
    [Moment("list", 1), Moment("get", 10), Moment("file", 300)],
    [Moment("get", 200), Moment("file", 700), Moment("get", 1)],
    [Moment("file", 1), Moment("file", 1000), Moment("get", 30)],
]


@pytest.mark.parametrize("moments", UP, ids=lambda moments: "+".join(map(str, moments)))
def test_up_is_carried_on(server, bucket, godwit, trees, tmp_path, moments):
    source, _ = small_tree(trees)
    read_back = ["--read-back"] if moments[0].operation == "get" else []
    command = [
        "copy",
        source,
        f"s3://{bucket}/up",
        "-o",
        "jsonl",
        "--endpoint-url",
        server.endpoint,
        *read_back,
    ]
    kill_and_finish(Chain(godwit, command, server, bucket, None), moments, "up/")
    down = tmp_path / "down"
    assert godwit.copy(f"s3://{bucket}/up", down, "--preserve-set-id", server=server).code == 0
    assert differences(source, down) == []


@pytest.mark.parametrize("moments", DOWN, ids=lambda moments: "+".join(map(str, moments)))
def test_down_is_carried_on(server, bucket, godwit, trees, tmp_path, moments):
    source, _ = small_tree(trees)
    assert godwit.copy(source, f"s3://{bucket}/d", server=server).code == 0
    down = tmp_path / "down"
    down.mkdir()
    where = ["--endpoint-url", server.endpoint]
    command = ["copy", f"s3://{bucket}/d", down, "-o", "jsonl", "--preserve-set-id", *where]
    kill_and_finish(Chain(godwit, command, server, bucket, down), moments, "d/")
    assert differences(source, down) == []
    assert staged_files(down) == []
