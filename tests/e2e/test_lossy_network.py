"""A bad line between godwit and its server: 1 Mbit/s, packets lost, 200 ms before each answer (catalogue D43). In a network
namespace of its own, where the line is the loopback device behind a token bucket whose queue holds only a few packets: what
overflows it is lost, which the kernel counts. With `./dev test --all`."""

import json
import os
import re
import shutil
import subprocess

import pytest

from godwit import Godwit
from network_namespace import NetworkNamespace
from s3double import find_program
from servers import clean_environment
from trees import differences

LOST_PERCENT_MIN = 10
KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secrettest", "AWS_DEFAULT_REGION": "us-east-1"}


class Line(NetworkNamespace):
    """One whose loopback device is a bad line."""

    def __init__(self):
        super().__init__()
        try:
            self.run("ip", "link", "set", "lo", "mtu", "1500")
            self.run("tc", "qdisc", "add", "dev", "lo", "root", "tbf", "rate", "1mbit", "burst", "4kb", "limit", "15kb")
        except subprocess.CalledProcessError:
            self.remove()
            raise

    def packets(self) -> tuple[int, int]:
        """Sent, and lost, so far."""
        told = re.search(r"(\d+) pkt \(dropped (\d+)", self.run("tc", "-s", "qdisc", "show", "dev", "lo"))
        return int(told[1]), int(told[2])


@pytest.fixture
def line():
    if not shutil.which("tc"):
        pytest.skip("NOT TESTED: a bad line needs tc")
    try:
        made = Line()
    except subprocess.CalledProcessError as error:
        pytest.skip(f"NOT TESTED: no namespace with a token bucket: {error.stderr}")
    yield made
    made.remove()


@pytest.fixture
def endpoint(line):
    command = [*line.inside, str(find_program()), "--with-stdin", "--bucket", "one", "--latency-ms", "200"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    yield json.loads(process.stdout.readline())["endpoint"]
    process.stdin.close()
    process.wait(timeout=30)


@pytest.mark.slow
def test_d43_a_slow_line_that_loses_packets_is_slow_and_nothing_else(tmp_path, line, endpoint):
    """Up and down are clean, and no request is sent again: what is slow is no failure."""
    tree, down = tmp_path / "tree", tmp_path / "down"
    tree.mkdir()
    for number in range(20):
        (tree / f"file{number}").write_bytes(os.urandom(60_000))
    godwit = Godwit(tmp_path / "home", prefix=line.inside)
    environment = clean_environment() | KEYS
    for source, destination in ((tree, "s3://one/x"), ("s3://one/x", down)):
        sent, lost = line.packets()
        run = godwit.copy(source, destination, "--endpoint-url", endpoint, "-v", environment=environment)
        assert run.code == 0, str(run)
        assert run.summary["verified"] == 20, str(run)
        assert "again in" not in run.stderr, "a storm of repetitions\n" + str(run)
        sent, lost = (now - before for now, before in zip(line.packets(), (sent, lost)))
        assert 100 * lost >= LOST_PERCENT_MIN * sent, f"{lost} of {sent} packets were lost: the line is too good"
    assert differences(tree, down) == []
