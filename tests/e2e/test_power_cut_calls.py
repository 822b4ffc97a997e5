"""H75 at every durable boundary: the program is killed on entering the Nth system call of each kind that changes something,
and at the same moment the disk of the copy loses its power; in half of the tests the ledger is on the same disk. Then the
power is back, and the same command carries on.
"""

from pathlib import Path

import pytest

from cut_disk import CutDisk
from kill_chain import FILE_CALLS, STATE_CALLS, Chain, Directory, kill_at_calls
from trees import differences

slow = pytest.mark.slow
# Calls that are made when the ledger has rows already; and how often at most.
LATE_CALLS, SAMPLE = ["fchmod", "fchown"], 6
ALL = 25


@pytest.fixture(params=["ext4", "xfs"])
def disk(request, tmp_path):
    disk = CutDisk(tmp_path / "disk", request.param, size_bytes=2 << 30)
    yield disk
    disk.remove()


def cut_at_calls(disk: CutDisk, home: Path, source: Path, calls: list[str], nth_max: int) -> int:
    """How many cuts there were."""

    def cut() -> None:
        disk.cut()
        disk.come_back()

    ends = Directory(source), Directory(disk.path / "copy")
    chain = Chain(home, *ends, {}, after_kill=cut)

    def look() -> None:
        assert differences(source, disk.path / "copy") == []

    return kill_at_calls(chain, calls, nth_max, look)


def test_h75_a_cut_at_some_of_its_calls_takes_nothing(disk, tmp_path):
    assert cut_at_calls(disk, tmp_path / "home", tmp_path / "source", LATE_CALLS, SAMPLE) >= 5


def test_h75_a_cut_that_takes_the_ledger_too_takes_nothing(disk, tmp_path):
    assert cut_at_calls(disk, disk.path / "home", tmp_path / "source", LATE_CALLS, SAMPLE) >= 5


@slow
def test_h75_a_cut_at_any_of_its_calls_takes_nothing(disk, tmp_path):
    assert cut_at_calls(disk, tmp_path / "home", tmp_path / "source", FILE_CALLS + STATE_CALLS, ALL) >= 100


@slow
def test_h75_a_cut_at_any_of_its_calls_that_takes_the_ledger_too_takes_nothing(disk, tmp_path):
    assert cut_at_calls(disk, disk.path / "home", tmp_path / "source", FILE_CALLS + STATE_CALLS, ALL) >= 100
