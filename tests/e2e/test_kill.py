"""kill -9 at chosen moments, then the same command again: nothing is lost, nothing is done twice (I10).

A moment is named by what had just happened when the program was killed: "the 3rd upload_part" in the server's own access
log, "300 files" in the destination, "100 rows" in the ledger. Each chain of kills is one copy that is slowed down so that
it takes more than 20 seconds; it is killed several times before it may end, and also while it carries on what the kill
before had left. After each kill the keys that the ledger calls VERIFIED are noted with a mark in the server's log; the end
asks that log whether any of them was written again.
"""

import os
import signal
import sqlite3
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from godwit import Godwit, Run
from servers import Request, S3Server
from trees import TreeShape, differences

# A quarter of an hour for all chains: with `./dev test --all`.
slow = pytest.mark.slow

MOMENT_SECONDS_MAX = 120
RUN_SECONDS_MAX = 300
CHAIN_SECONDS_MIN = 20
WRITES = {"put", "complete"}
# The checksum server cannot overwrite an object whose name is this long: it links the new one to NAME.suffix first. A kill
# between its PUT and our ledger makes us write it again.
SHAPE = TreeShape(files=1500, unlistable_names=False, longest_names=False)

LISTING, SMALL, MULTIPART, READ_BACK, COMMIT, RECOVERY = PHASES = (
    "listing",
    "small objects",
    "multipart",
    "read-back",
    "commit",
    "recovery",
)


@dataclass(frozen=True)
class Moment:
    """The `count`-th `event` since the start of this run. Events are operations of the server's log ("any": of any kind), or
    "files" under the destination, "rows" of the ledger, "staged_mib" of the largest file that has no name yet."""

    phase: str
    event: str
    count: int

    def __str__(self) -> str:
        return f"{self.event}-{self.count}"


class LogTail:
    """The requests to one bucket that a server has logged since this was made."""

    def __init__(self, server: S3Server, bucket: str):
        self.server, self.bucket = server, bucket
        self.offset = server.access_log.stat().st_size
        self.counts: Counter[str] = Counter()

    def read(self) -> Counter:
        with open(self.server.access_log, "rb") as log:
            log.seek(self.offset)
            lines = log.read()
        lines = lines[: lines.rfind(b"\n") + 1]
        self.offset += len(lines)
        for line in lines.decode(errors="replace").splitlines():
            request = self.server.parse(line)
            if request and request.bucket == self.bucket:
                self.counts[request.operation] += 1
        return self.counts


def files_under(root: Path) -> list[bytes]:
    return [os.path.join(folder, name) for folder, _, names in os.walk(os.fsencode(root)) for name in names]


def staged_files(root: Path) -> list[bytes]:
    return [path for path in files_under(root) if os.path.basename(path).startswith(b".godwit-")]


def size_or_zero(path: bytes) -> int:
    try:
        return os.stat(path).st_size
    except FileNotFoundError:
        return 0


@dataclass
class Chain:
    """One copy with its ends, carried on from kill to kill."""

    godwit: Godwit
    command: list
    # Whose log is watched: the one that is written to, or read from when the destination is a directory.
    server: S3Server
    bucket: str
    destination: Path | None
    # Before each key of the ledger, in that bucket.
    prefix: str
    seconds: float = 0
    watched: list[tuple[str, set[str]]] = field(default_factory=list)

    def kill_at(self, moment: Moment) -> None:
        """Runs until the moment, then SIGKILL. A run that ends before fails the test."""
        tail = LogTail(self.server, self.bucket)
        began = time.monotonic()
        process = subprocess.Popen(
            [os.fsdecode(self.godwit.binary), *map(os.fsdecode, self.command)],
            env=self.godwit.environment(self.server),
            cwd=self.godwit.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        seen = self.counter_of(moment.event, tail)
        while process.poll() is None and seen() < moment.count:
            assert time.monotonic() - began < MOMENT_SECONDS_MAX, f"{moment}: not in {MOMENT_SECONDS_MAX} s"
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
        assert process.wait(timeout=30) == -signal.SIGKILL, f"the run ended before {moment}"
        self.seconds += time.monotonic() - began

    def counter_of(self, event: str, tail: LogTail) -> Callable[[], int]:
        if event == "files":
            return lambda: len(files_under(self.destination))
        if event == "staged_mib":
            return lambda: max(map(size_or_zero, staged_files(self.destination)), default=0) >> 20
        if event == "rows":
            return self.ledger_rows
        if event == "any":
            return lambda: tail.read().total()
        return lambda: tail.read()[event]

    def ledger_rows(self) -> int:
        """Of the newest execution; 0 while there is none."""
        ledgers = sorted(self.godwit.home.glob("data/godwit/tasks/*/exec-*.db"), key=os.path.getmtime)
        if not ledgers:
            return 0
        try:
            with sqlite3.connect(f"file:{ledgers[-1]}?mode=ro", uri=True, timeout=0.1) as ledger:
                return ledger.execute("SELECT count(*) FROM outcomes").fetchone()[0]
        except sqlite3.OperationalError:
            return 0  # it is being made

    def note_what_is_verified(self) -> None:
        told = self.godwit.run("ledger", "query", "state=verified", "--columns", "key", "-o", "jsonl")
        assert told.code in (0, 9), str(told)
        keys = {line["key"] for line in told.lines if "key" in line}
        self.watched.append((self.server.mark(self.bucket), keys))

    def finish(self) -> Run:
        began = time.monotonic()
        run = self.godwit.run(*self.command, server=self.server, seconds_max=RUN_SECONDS_MAX)
        self.seconds += time.monotonic() - began
        return run

    def writes_since(self, mark: str) -> list[Request]:
        requests = self.server.requests_since(self.bucket, mark)
        return [request for request in requests if request.operation in WRITES and request.status < 300]


def kill_and_finish(chain: Chain, moments: list[Moment]) -> None:
    """The whole story of one chain."""
    for moment in moments:
        chain.kill_at(moment)
        chain.note_what_is_verified()
    run = chain.finish()
    assert run.code == 0, str(run)
    assert chain.seconds >= CHAIN_SECONDS_MIN, f"{chain.seconds:.1f} s is too short to show anything"
    for mark, verified in chain.watched:
        again = {request.key.removeprefix(chain.prefix) for request in chain.writes_since(mark)} & verified
        assert not again, f"written again although they were VERIFIED: {sorted(again)[:5]}"
    assert chain.server.uploads(chain.bucket) == []
    assert [key for key in chain.server.keys(chain.bucket) if ".godwit-" in key] == []
    summary = run.summary
    assert summary["listed"] == sum(summary[name] for name in ("copied", "skipped", "deferred", "failed"))
    assert chain.finish().summary["copied"] == 0


UP = [
    [Moment(LISTING, "list", 1), Moment(SMALL, "put", 20), Moment(MULTIPART, "upload_part", 2), Moment(RECOVERY, "any", 2)],
    [Moment(SMALL, "put", 300), Moment(COMMIT, "complete", 1), Moment(RECOVERY, "any", 3), Moment(MULTIPART, "upload_part", 1)],
    [Moment(MULTIPART, "create_upload", 1), Moment(COMMIT, "rows", 100), Moment(RECOVERY, "any", 1), Moment(SMALL, "put", 1)],
]
UP_READ_BACK = [
    [Moment(READ_BACK, "get", 5), Moment(READ_BACK, "get", 50), Moment(RECOVERY, "any", 4), Moment(COMMIT, "complete", 1)],
]
DOWN = [
    [Moment(LISTING, "list", 1), Moment(SMALL, "get", 10), Moment(COMMIT, "files", 300), Moment(RECOVERY, "any", 1)],
    [Moment(SMALL, "get", 200), Moment(READ_BACK, "staged_mib", 21), Moment(RECOVERY, "any", 2), Moment(COMMIT, "rows", 900)],
    [Moment(COMMIT, "files", 1), Moment(LISTING, "any", 2), Moment(COMMIT, "files", 1000), Moment(RECOVERY, "any", 5)],
]
BETWEEN = [
    [Moment(LISTING, "list", 1), Moment(SMALL, "put", 50), Moment(MULTIPART, "upload_part", 2), Moment(RECOVERY, "any", 2)],
    [Moment(READ_BACK, "get", 20), Moment(COMMIT, "complete", 1), Moment(RECOVERY, "any", 3), Moment(READ_BACK, "get", 200)],
]


@pytest.fixture
def godwit(tmp_path) -> Godwit:
    """The release binary where `./dev test --all` has built it: its timing is the users'."""
    release = os.environ.get("GODWIT_RELEASE_BINARY")
    return Godwit(tmp_path / "home", Path(release) if release else None)


def chains_of(table: list[list[Moment]]):
    return pytest.mark.parametrize("moments", table, ids=lambda moments: "+".join(map(str, moments)))


def test_enough_moments_are_killed_at():
    """Each chain fails when one of its kills came too late, so what stands in the tables happened, at both servers."""
    phases = Counter(
        moment.phase for table in (UP, UP_READ_BACK, DOWN, BETWEEN) for chain in table for moment in chain for _ in range(2)
    )
    assert phases.total() >= 30
    assert all(phases[phase] >= 5 for phase in PHASES), phases


def slowly(bytes_total: int) -> list[str]:
    return ["--limit-bytes-per-second", str(bytes_total // (CHAIN_SECONDS_MIN + 2)), "-o", "jsonl"]


def assert_arrived(godwit: Godwit, server: S3Server, uri: str, source: Path, down: Path) -> None:
    assert godwit.copy(uri, down, "--preserve-set-id", server=server).code == 0
    assert differences(source, down) == []


def up(server, bucket, godwit, trees, tmp_path, moments, *options) -> None:
    source, contents = trees.get(SHAPE)
    uri = f"s3://{bucket}/up"
    command = ["copy", source, uri, "--endpoint-url", server.endpoint, *slowly(contents.bytes), *options]
    kill_and_finish(Chain(godwit, command, server, bucket, None, "up/"), moments)
    assert_arrived(godwit, server, uri, source, tmp_path / "down")


@slow
@chains_of(UP)
def test_h74_h76_up_is_carried_on(server, bucket, godwit, trees, tmp_path, moments):
    up(server, bucket, godwit, trees, tmp_path, moments)


@slow
@chains_of(UP_READ_BACK)
def test_h74_h76_up_with_read_back_is_carried_on(server, bucket, godwit, trees, tmp_path, moments):
    up(server, bucket, godwit, trees, tmp_path, moments, "--read-back")


@slow
@chains_of(DOWN)
def test_h74_h76_down_is_carried_on(server, bucket, godwit, trees, tmp_path, moments):
    source, contents = trees.get(SHAPE)
    somebody_else = Godwit(tmp_path / "somebody-else")
    assert somebody_else.copy(source, f"s3://{bucket}/d", server=server).code == 0
    down = tmp_path / "down"
    down.mkdir()
    where = ["--endpoint-url", server.endpoint, "--preserve-set-id"]
    command = ["copy", f"s3://{bucket}/d", down, *where, *slowly(contents.bytes)]
    kill_and_finish(Chain(godwit, command, server, bucket, down, "d/"), moments)
    assert differences(source, down) == []
    assert staged_files(down) == []


@slow
@pytest.mark.parametrize("direction", ["rgw to checksum_server", "checksum_server to rgw"])
@chains_of(BETWEEN)
def test_h74_h76_between_servers_is_carried_on(request, godwit, trees, tmp_path, direction, moments):
    here, there = (request.getfixturevalue(name) for name in direction.split(" to "))
    source, contents = trees.get(SHAPE)
    here_bucket, there_bucket = here.make_bucket(), there.make_bucket()
    somebody_else = Godwit(tmp_path / "somebody-else")
    assert somebody_else.copy(source, f"s3://{here_bucket}/from", server=here).code == 0
    ends = ["--source-endpoint-url", here.endpoint, "--destination-endpoint-url", there.endpoint]
    uri = f"s3://{there_bucket}/to"
    command = ["copy", f"s3://{here_bucket}/from", uri, *ends, "--read-back", *slowly(contents.bytes)]
    kill_and_finish(Chain(godwit, command, there, there_bucket, None, "to/"), moments)
    assert_arrived(godwit, there, uri, source, tmp_path / "down")
