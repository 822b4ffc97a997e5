"""Limits of a run: what they hold back, and that they can be changed while it goes on (docs/limits.md).

What is held back takes at least so long, on any machine; what is let go must end within a time that no machine
with the old limit could make."""

import json
import os
import queue
import signal
import subprocess
import threading
import time

import pytest

from s3double import Double
from test_bad_input import CLEAN, at_another_time

MIB = 1 << 20
USAGE = 2
# Asked for each second, and in force within two; the rest is for machines that are busy with other things.
IN_FORCE_SECONDS = 4


@pytest.fixture
def double(tmp_path):
    one = Double(tmp_path / "double")
    yield one
    one.stop()


def files(folder, count, size=MIB):
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:04}").write_bytes(os.urandom(size))
    return folder


class Running:
    """A copy that goes on; its JSON lines as they come."""

    begun: list["Running"] = []

    def __init__(self, godwit, *arguments, environment=None):
        self.godwit = godwit
        self.process = subprocess.Popen(
            [*godwit.prefix, str(godwit.binary), "copy", *map(str, arguments), "-o", "jsonl"],
            env=godwit.environment() | (environment or {}),
            cwd=godwit.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.begun.append(self)
        self.lines = queue.Queue()
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.put(json.loads(line))

    def wait_for(self, holds, seconds_max=60):
        deadline = time.monotonic() + seconds_max
        while True:
            line = self.lines.get(timeout=max(0.01, deadline - time.monotonic()))
            if holds(line):
                return line

    def wait_until_it_moves(self):
        return self.wait_for(lambda line: line["type"] == "progress" and line["bytes"] > 0)

    def limit(self, *options):
        run = self.godwit.run("executions", "limit", "latest", *options, "-o", "json")
        assert run.code == CLEAN, str(run)
        return json.loads(run.stdout)

    def seconds_to_the_end(self, seconds_max=60):
        began = time.monotonic()
        assert self.process.wait(timeout=seconds_max) == CLEAN
        return time.monotonic() - began

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(autouse=True)
def nothing_is_left_running():
    yield
    while Running.begun:
        Running.begun.pop().kill()


def bytes_in(run, seconds):
    """What is moved in the next `seconds`, by its progress lines."""
    first = last = run.wait_for(lambda line: line["type"] == "progress")["bytes"]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        last = run.wait_for(lambda line: line["type"] == "progress")["bytes"]
    return last - first


def test_a_bandwidth_holds_a_run_back_and_may_be_lifted_while_it_goes_on(godwit, tmp_path):
    source = files(tmp_path / "source", 60)
    run = Running(godwit, source, tmp_path / "copy", "--limit-bytes-per-second", "1MiB")
    run.wait_until_it_moves()
    assert bytes_in(run, 3) < 8 * MIB
    told = run.limit("--limit-bytes-per-second", "off")
    assert told["limits"] == {"limit-bytes-per-second": "off"}
    assert run.seconds_to_the_end() < 30, "at 1 MiB a second it would have gone on for longer"
    assert sorted(os.listdir(tmp_path / "copy")) == sorted(os.listdir(source))


def test_a_bandwidth_may_be_set_while_a_run_goes_on(godwit, tmp_path):
    source = files(tmp_path / "source", 160)
    run = Running(godwit, source, tmp_path / "copy", "--limit-bytes-per-second", "12MiB")
    run.wait_until_it_moves()
    run.limit("--limit-bytes-per-second", "512KiB")
    time.sleep(IN_FORCE_SECONDS)
    while not run.lines.empty():
        run.lines.get()
    # What was under way before it may still end.
    assert bytes_in(run, 6) <= 6 * MIB
    run.limit("--limit-bytes-per-second", "0")
    run.seconds_to_the_end()


def test_requests_a_second_are_no_more_than_was_asked_for(double, godwit, tmp_path):
    source = files(tmp_path / "source", 100, 10)
    before, began = double.forget(), time.monotonic()
    run = godwit.run(
        "copy", source, "s3://one/p", "--endpoint-url", double.endpoint, "--limit-requests-per-second", "20", "-o",
        "jsonl", environment=double.environment,
    )  # fmt: skip
    took = time.monotonic() - began
    assert run.code == CLEAN, str(run)
    requests = len(double.audit()) - before
    assert requests >= 100
    assert took >= (requests - 5) / 20


def test_requests_a_second_may_be_changed_while_a_run_goes_on(double, godwit, tmp_path):
    source = files(tmp_path / "source", 400, 10)
    run = Running(
        godwit, source, "s3://one/p", "--endpoint-url", double.endpoint, "--limit-requests-per-second", "2",
        environment=double.environment,
    )  # fmt: skip
    run.wait_for(lambda line: line["type"] == "progress" and line["verified"] > 0)
    run.limit("--limit-requests-per-second", "0")
    assert run.seconds_to_the_end() < 60, "at two a second it would have gone on for three minutes"


def test_concurrency_may_be_changed_while_a_run_goes_on(godwit, tmp_path):
    double = Double(tmp_path / "double", "--latency-ms", "200")
    try:
        source = files(tmp_path / "source", 400, 10)
        run = Running(
            godwit, source, "s3://one/p", "--endpoint-url", double.endpoint, "--concurrency", "1",
            environment=double.environment,
        )  # fmt: skip
        before = run.wait_for(lambda line: line["type"] == "progress" and line["verified"] > 0)
        after = run.wait_for(lambda line: line["type"] == "progress" and line["verified"] > before["verified"])
        assert after["verified"] - before["verified"] <= 10, "one after the other"
        run.limit("--concurrency", "64", "--memory", "32MiB")
        assert run.seconds_to_the_end() < 60, "one after the other took 80 s at least"
    finally:
        double.stop()


def test_limits_of_a_killed_run_hold_when_it_is_carried_on(godwit, tmp_path):
    source = files(tmp_path / "source", 40)
    run = Running(godwit, source, tmp_path / "copy", "--limit-bytes-per-second", "64KiB", "--concurrency", "8")
    run.wait_for(lambda line: line["type"] == "progress")
    run.kill()
    told = run.limit("--limit-bytes-per-second", "off")
    assert told["status"] == "INTERRUPTED"
    assert told["limits"] == {"concurrency": "8", "limit-bytes-per-second": "off"}
    began = time.monotonic()
    carried_on = godwit.copy(source, tmp_path / "copy")
    assert carried_on.code == CLEAN and carried_on.summary["resumed"], str(carried_on)
    assert time.monotonic() - began < 60, "at the old rate it took ten minutes"
    assert run.limit()["limits"] == told["limits"]
    described = json.loads(godwit.run("executions", "describe", "latest", "-o", "json").stdout)
    assert described["limits"] == told["limits"]


def test_a_command_line_that_carries_on_says_its_own_limits(godwit, tmp_path):
    source = files(tmp_path / "source", 12)
    run = Running(godwit, source, tmp_path / "copy", "--limit-bytes-per-second", "64KiB")
    run.wait_for(lambda line: line["type"] == "progress")
    run.kill()
    run.limit("--limit-bytes-per-second", "1KiB", "--concurrency", "4")
    carried_on = godwit.copy(source, tmp_path / "copy", "--limit-bytes-per-second", "64MiB")
    assert carried_on.code == CLEAN and carried_on.summary["resumed"], str(carried_on)
    assert run.limit()["limits"] == {"concurrency": "4", "limit-bytes-per-second": "64MiB"}


def test_a_timetable_changes_the_bandwidth_when_its_time_has_come(godwit, tmp_path):
    source = files(tmp_path / "source", 60)
    late = at_another_time(godwit, "@2026-01-01 21:59:52")
    run = Running(
        late, source, tmp_path / "copy", "--limit-bytes-per-second", "08:00,256KiB 22:00,off",
        environment={"TZ": "UTC", "NO_FAKE_STAT": "1"},
    )  # fmt: skip
    run.wait_until_it_moves()
    assert run.seconds_to_the_end(120) < 60, "at the day's rate it took four minutes"


@pytest.mark.parametrize(
    "options, why",
    [
        (["--concurrency", "0"], "1 to 16384"),
        (["--memory", "1KiB"], "16MiB"),
        (["--limit-bytes-per-second", "fast"], "'fast'"),
        (["--limit-bytes-per-second", "25:00,1MiB"], "'25:00' is no time"),
        (["--limit-requests-per-second", "many"], "many"),
    ],
)
def test_limits_that_are_none_are_refused_and_change_nothing(godwit, tmp_path, options, why):
    source = files(tmp_path / "source", 4)
    run = Running(godwit, source, tmp_path / "copy", "--limit-bytes-per-second", "1KiB")
    run.wait_for(lambda line: line["type"] == "progress")
    refused = godwit.run("executions", "limit", "latest", *options)
    assert refused.code == USAGE and why in refused.stderr, str(refused)
    assert run.limit()["limits"] == {"limit-bytes-per-second": "1KiB"}
    run.kill()
    refused = godwit.run("copy", source, tmp_path / "copy", *options)
    assert refused.code == USAGE and why in refused.stderr, str(refused)


def test_what_has_ended_or_never_was_cannot_be_limited(godwit, tmp_path):
    source = files(tmp_path / "source", 1)
    assert godwit.copy(source, tmp_path / "copy").code == CLEAN
    ended = godwit.run("executions", "limit", "latest", "--concurrency", "4")
    assert ended.code == USAGE and "has ended" in ended.stderr, str(ended)
    unknown = godwit.run("executions", "limit", "exec-none", "--concurrency", "4")
    assert unknown.code != CLEAN and "exec-none" in unknown.stderr, str(unknown)


def test_verify_takes_no_timetable(godwit, tmp_path):
    source = files(tmp_path / "source", 1)
    run = godwit.run("verify", source, source, "--limit-bytes-per-second", "08:00,1MiB 12:00,off")
    assert run.code == USAGE and "no timetable" in run.stderr, str(run)
