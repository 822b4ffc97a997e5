"""Descriptors, threads, memory or a permission run out (rows H80, L111 and L114 of docs/fault-catalogue.md): a run goes on
with less or says what it lacks, and the next one completes."""

import json
import os
import sqlite3
import subprocess
from pathlib import Path

import pytest

from godwit import Godwit, Run
from network_namespace import NetworkNamespace
from s3double import find_program
from test_bad_input import CLEAN, DENIED, NOT_CLEAN, UNREACHABLE, common, nobody, snapshot  # noqa: F401 (fixtures)
from test_kill import staged_files

MEBIBYTE = 1 << 20
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secrettest", "AWS_DEFAULT_REGION": "us-east-1"}
OUT_OF_MEMORY = (
    "error: LOCAL: out of memory\n  fix: allow more of it, or lower --memory; the same command carries on\n"
)


def many_files(root: Path, count: int = 300) -> Path:
    root.mkdir()
    for number in range(count):
        (root / f"file {number}").write_bytes(b"%d" % number)
    return root


def limited(godwit: Godwit, *limits: str) -> Godwit:
    return Godwit(godwit.home, godwit.binary, (*godwit.prefix, "prlimit", *limits))


def assert_ledgers_are_intact(godwit: Godwit) -> None:
    for path in godwit.home.rglob("*.db"):
        with sqlite3.connect(path) as database:
            assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)], path


def assert_completes(godwit: Godwit, source: Path, copy: Path) -> Run:
    run = godwit.copy(source, copy, "--no-preserve-owner")
    assert run.code == CLEAN, str(run)
    assert run.summary["listed"] == run.summary["copied"] + run.summary["skipped"]
    assert snapshot(source) == snapshot(copy)
    assert_ledgers_are_intact(godwit)
    return run


@pytest.mark.parametrize("descriptors", [64, 32])
def test_l111_few_descriptors_are_enough(godwit, tmp_path, descriptors):
    source = many_files(tmp_path / "source")
    assert_completes(limited(godwit, f"--nofile={descriptors}"), source, tmp_path / "copy")


def test_l111_too_few_descriptors_are_an_error_and_the_next_run_completes(godwit, tmp_path):
    source = many_files(tmp_path / "source")
    run = limited(godwit, "--nofile=12").copy(source, tmp_path / "copy")
    assert run.code != CLEAN and "error: " in run.stderr, str(run)
    assert_completes(godwit, source, tmp_path / "copy")


class FewPorts(NetworkNamespace):
    """A network in which each copy has only some local ports for its connections, and a server in it."""

    def __init__(self, ports: int):
        super().__init__()
        command = [*self.inside, str(find_program()), "--with-stdin", "--bucket", "one", "--latency-ms", "10"]
        self.server = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.endpoint = json.loads(self.server.stdout.readline())["endpoint"]
        self.ports, self.first = ports, 40000

    def set(self, name: str, value: str) -> None:
        self.run("sysctl", "-q", "-w", f"net.ipv4.{name}={value}")

    def stop(self) -> None:
        self.server.stdin.close()
        self.server.wait(timeout=30)
        self.remove()

    def copy(self, godwit: Godwit, source, destination, *options: str) -> Run:
        # Others for each: the kernel keeps those of connections that have ended.
        self.first += 100
        self.set("ip_local_port_range", f"{self.first} {self.first + max(self.ports, 1) - 1}")
        self.set("ip_local_reserved_ports", "" if self.ports else str(self.first))
        user = Godwit(godwit.home, godwit.binary, (*self.inside, *godwit.prefix))
        return user.copy(source, destination, "--endpoint-url", self.endpoint, *options, environment=KEYS)


@pytest.fixture
def few_ports():
    made = []

    def make(ports: int) -> FewPorts:
        made.append(FewPorts(ports))
        return made[-1]

    yield make
    for network in made:
        network.stop()


@pytest.mark.parametrize("ports", [2, 5])
def test_l111_few_local_ports_are_enough(godwit, tmp_path, few_ports, ports):
    """Far more requests than ports are wanted at once, small ones and parts. They wait: none fails and is sent again."""
    source, network = many_files(tmp_path / "source", 50), few_ports(ports)
    (source / "large").write_bytes(os.urandom(30 * MEBIBYTE))
    for from_, to in ((source, "s3://one/tree"), ("s3://one/tree", tmp_path / "copy")):
        run = network.copy(godwit, from_, to, "--concurrency", "64", "-v")
        assert run.code == CLEAN, str(run)
        assert "NoLocalPort" not in run.stderr, str(run)
    assert snapshot(source) == snapshot(tmp_path / "copy")


def test_l111_where_no_local_port_is_free_the_error_says_what_to_do(godwit, tmp_path, few_ports):
    run = few_ports(0).copy(godwit, many_files(tmp_path / "source", 1), "s3://one/tree")
    assert run.code == UNREACHABLE and "NoLocalPort" in run.stderr, str(run)
    assert "fix: this machine's ports are taken" in run.stderr, str(run)


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: a limit of threads, which needs a user without other threads")
@pytest.mark.parametrize("threads, is_enough", [(2, False), (3, False), (6, True), (12, True)])
def test_l111_few_threads_are_enough_or_an_error(nobody, common, threads, is_enough):
    source = many_files(common / "source")
    copy = nobody.home / "copy"
    run = limited(nobody, f"--nproc={threads}").copy(source, copy, "--no-preserve-owner")
    if is_enough:
        assert run.code == CLEAN, str(run)
    else:
        assert run.code == NOT_CLEAN and "error: LOCAL: out of threads\n  fix: " in run.stderr, str(run)
    assert_completes(nobody, source, copy)


def test_h80_where_memory_ends_the_run_ends_and_the_next_one_completes(godwit, tmp_path):
    """Ever more memory until it is enough: it runs out while libraries are loaded, the state is opened, objects go by."""
    source = many_files(tmp_path / "source", 100)
    said = []
    for mebibytes in range(66, 2000, 12):
        copy = tmp_path / f"copy {mebibytes}"
        run = limited(godwit, f"--as={mebibytes * MEBIBYTE}").copy(source, copy)
        if run.code == CLEAN:
            break
        assert run.stderr, f"not a word at {mebibytes} MiB: {run}"
        said.append(run.stderr)
        assert_completes(godwit, source, copy)
    assert snapshot(source) == snapshot(copy)
    assert any("error: LOCAL: out of memory\n  fix: " in text for text in said), said


def scarce_memory(godwit: Godwit, kind: str, at: int) -> Godwit:
    """One whose allocations fail from the `at`th on (tests/scarce_memory)."""
    library = godwit.binary.parents[2] / "tests/scarce_memory/libscarce_memory.so"
    if not library.is_file():
        pytest.skip("NOT TESTED: allocations that fail, which sanitizers and release builds have no library for")
    setting = (f"LD_PRELOAD={library}", f"GODWIT_SCARCE={kind}", f"GODWIT_SCARCE_AT={at}")
    return Godwit(godwit.home, godwit.binary, ("env", *setting))


def sweep_scarce_memory(godwit: Godwit, tmp_path: Path, kind: str, numbers) -> int:
    """Lets each of the numbered ones fail, up to a run that needs no more; how many runs ended for it."""
    source = many_files(tmp_path / "source", 20)
    (source / "large").write_bytes(os.urandom(3 * MEBIBYTE))
    ended = 0
    for at in numbers:
        copy, user = tmp_path / f"copy {at}", Godwit(godwit.home / str(at), godwit.binary)
        run = scarce_memory(user, kind, at).copy(source, copy, "--no-preserve-owner")
        if run.code == CLEAN:
            return ended
        assert run.code == NOT_CLEAN and run.stderr.endswith(OUT_OF_MEMORY), f"{kind} {at}: {run}"
        assert_completes(user, source, copy)
        assert staged_files(copy) == [], at
        ended += 1
    raise AssertionError(f"after {at} of them it still wants more")


def ever_fewer(first_steps: int):
    """1, 2, 3, and so on, and from there in steps that grow."""
    at = 1.0
    while True:
        yield int(at)
        at += max(1, at / first_steps)


def test_h80_where_any_mapping_of_memory_fails_the_run_ends_and_the_next_one_completes(godwit, tmp_path):
    assert sweep_scarce_memory(godwit, tmp_path, "mapping", range(1, 200)) >= 10


def test_h80_where_any_allocation_fails_the_run_ends_and_the_next_one_completes(godwit, tmp_path):
    assert sweep_scarce_memory(godwit, tmp_path, "allocation", ever_fewer(2)) >= 15


@pytest.mark.slow
def test_h80_where_one_allocation_of_many_more_fails_it_is_the_same(godwit, tmp_path):
    assert sweep_scarce_memory(godwit, tmp_path, "allocation", ever_fewer(60)) >= 300


def test_l114_a_permission_that_is_lost_meanwhile_costs_its_subtree_alone(nobody, common):
    """The subtree is closed when the first object is there; what was listed of it by then fails object by object."""
    source = common / "source"
    for folder in (source / "a", source / "z"):
        folder.mkdir(parents=True)
        for number in range(10):
            (folder / f"file {number}").write_bytes(os.urandom(MEBIBYTE))
    copy = nobody.home / "copy"
    command = ["copy", source, copy, "-o", "jsonl", "--limit-bytes-per-second", "8MiB", "--memory", "16MiB"]
    process = subprocess.Popen(
        [*nobody.prefix, nobody.binary, *command, "--no-preserve-owner"],
        env=nobody.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    )
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "progress" and event["verified"] > 0:
            break
    (source / "z").chmod(0)
    lines = [json.loads(line) for line in process.stdout]
    (source / "z").chmod(0o755)
    (copy / "z").chmod(0o755)  # the mode came over too
    summary = lines[-1]
    assert process.wait(timeout=60) == NOT_CLEAN, lines
    assert summary["status"] == "INCOMPLETE" and summary["failed"] > 0, summary
    errors = [line for line in lines if line["type"] == "error"]
    assert {(error["scope"], error["code"]) for error in errors} == {("SOURCE", "EACCES")}, errors
    assert snapshot(source / "a") == snapshot(copy / "a"), "the rest goes on"
    assert_completes(nobody, source, copy)
