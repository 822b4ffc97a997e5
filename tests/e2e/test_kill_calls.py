"""The program as it is shipped, killed on entering the Nth system call of each kind that changes something; then the same
command again (H74, I10). The crash points inside one process are in tests/crash; here is what only the whole program has:
its own files, its lock, its threads. (Power cuts at the same calls: test_power_cut_calls.py.)
"""

from pathlib import Path

import pytest

from kill_chain import FILE_CALLS, SEND_CALLS, STATE_CALLS, Bucket, Chain, Directory, kill_at_calls
from s3double import Double
from trees import differences

slow = pytest.mark.slow
# Of each call; and how many kills there are in all, at least, so that the list cannot shrink unnoticed.
SAMPLE, ALL = 1, 25


@pytest.fixture
def double(tmp_path):
    running = Double(tmp_path / "double")
    yield running
    running.stop()


def between_directories(tmp_path: Path, nth_max: int) -> int:
    source, copy = Directory(tmp_path / "source"), Directory(tmp_path / "copy")
    chain = Chain(tmp_path / "home", source, copy, {})

    def look() -> None:
        assert differences(source.path, copy.path) == []

    return kill_at_calls(chain, FILE_CALLS + STATE_CALLS, nth_max, look)


def to_bucket(tmp_path: Path, double: Double, nth_max: int) -> int:
    ends = Directory(tmp_path / "source"), Bucket(double, "one")
    chain = Chain(tmp_path / "home", *ends, double.environment, "--endpoint-url", double.endpoint)
    return kill_at_calls(chain, SEND_CALLS + STATE_CALLS + ["pwrite64"], nth_max)


def from_bucket(tmp_path: Path, double: Double, nth_max: int) -> int:
    ends = Bucket(double, "one"), Directory(tmp_path / "copy")
    chain = Chain(tmp_path / "home", *ends, double.environment, "--endpoint-url", double.endpoint)
    return kill_at_calls(chain, FILE_CALLS + STATE_CALLS, nth_max)


def test_h74_killed_at_its_first_calls_between_directories(tmp_path):
    assert between_directories(tmp_path, SAMPLE) >= 10


def test_h74_killed_at_its_first_calls_to_a_bucket(tmp_path, double):
    assert to_bucket(tmp_path, double, SAMPLE) >= 4


def test_h74_killed_at_its_first_calls_from_a_bucket(tmp_path, double):
    assert from_bucket(tmp_path, double, SAMPLE) >= 8


@slow
def test_h74_killed_at_its_calls_between_directories(tmp_path):
    assert between_directories(tmp_path, ALL) >= 100


@slow
def test_h74_killed_at_its_calls_to_a_bucket(tmp_path, double):
    assert to_bucket(tmp_path, double, ALL) >= 50


@slow
def test_h74_killed_at_its_calls_from_a_bucket(tmp_path, double):
    assert from_bucket(tmp_path, double, ALL) >= 80
