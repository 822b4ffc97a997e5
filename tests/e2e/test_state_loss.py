"""State that goes back in time or loses its logs, and a terminal that goes away (rows H77, H79 and H82 of
docs/fault-catalogue.md)."""

import json
import os
import signal
import subprocess

import pytest

from test_bad_input import CLEAN, snapshot
from test_exhaustion import assert_ledgers_are_intact, many_files


def test_h79_state_from_an_old_backup_calls_nothing_unchanged_that_has_changed_since(godwit, tmp_path):
    source, copy = many_files(tmp_path / "source", 20), tmp_path / "copy"
    assert godwit.copy(source, copy).code == CLEAN
    assert godwit.run("state", "backup", tmp_path / "backup").code == CLEAN
    (source / "file 1").write_bytes(b"changed")
    (source / "new").write_bytes(b"new")
    assert godwit.copy(source, copy).code == CLEAN
    # Of the copies that the backup does not know of, one is spoilt and one is gone.
    (copy / "file 1").write_bytes(b"spoilt!")
    (copy / "new").unlink()
    restored = tmp_path / "restored"
    assert godwit.run("state", "restore", tmp_path / "backup", "--data-dir", restored).code == CLEAN
    run = godwit.copy(source, copy, "--data-dir", restored)
    assert run.code == CLEAN and run.summary["verified"] == 2, str(run)
    assert snapshot(source) == snapshot(copy)


def begin(godwit, tmp_path, hang_up) -> tuple[subprocess.Popen, os.PathLike, os.PathLike]:
    """A copy that is under way, with objects verified and others to come; and its ends. `hang_up` is how it was told to take
    SIGHUP."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(12):
        (source / f"file {number:02}").write_bytes(os.urandom(1 << 20))
    copy = tmp_path / "copy"
    options = ["-o", "jsonl", "--limit-bytes-per-second", "2MiB", "--memory", "16MiB"]
    process = subprocess.Popen(
        [godwit.binary, "copy", source, copy, *options],
        env=godwit.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGHUP, hang_up),
    )
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "progress" and event["verified"] > 0:
            break
    return process, source, copy


@pytest.fixture
def begun(godwit, tmp_path):
    process, source, copy = begin(godwit, tmp_path, signal.SIG_DFL)
    yield process, source, copy
    process.kill()
    process.wait()


def carries_on(godwit, source, copy) -> None:
    run = godwit.copy(source, copy)
    assert run.code == CLEAN, str(run)
    assert run.summary["listed"] == run.summary["copied"] + run.summary["skipped"] == 12
    # A staged file that nothing remembers any more is nobody's to remove.
    there = {name: value for name, value in snapshot(copy).items() if not name.startswith(b".godwit-")}
    assert snapshot(source) == there
    assert_ledgers_are_intact(godwit)


@pytest.mark.parametrize("lost", ["-shm", "-wal", "-shm and -wal"])
def test_h77_logs_that_vanish_after_a_kill_cost_work_and_no_object(godwit, begun, lost):
    process, source, copy = begun
    process.kill()
    process.wait()
    gone = [path for end in lost.split(" and ") for path in godwit.home.rglob(f"*.db{end}")]
    assert gone, "a run that was killed leaves its logs"
    for path in gone:
        path.unlink()
    carries_on(godwit, source, copy)


def test_h82_a_terminal_that_goes_away_stops_the_run_and_the_next_carries_on(godwit, begun):
    process, source, copy = begun
    process.send_signal(signal.SIGHUP)
    told = json.loads(process.communicate(timeout=60)[0].splitlines()[-1])
    assert (told["type"], told["exit_code"], process.returncode) == ("summary", 129, 129)
    carries_on(godwit, source, copy)


def test_h82_under_nohup_a_terminal_that_goes_away_stops_nothing(godwit, tmp_path):
    process, source, copy = begin(godwit, tmp_path, signal.SIG_IGN)
    process.send_signal(signal.SIGHUP)
    process.communicate(timeout=60)
    assert process.returncode == CLEAN
    assert snapshot(source) == snapshot(copy)
