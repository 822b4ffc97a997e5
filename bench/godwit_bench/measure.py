"""Runs a command and takes what the kernel says that it cost."""

import json
import os
import signal
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

SECONDS_MAX = 900
SMALL_SECONDS_MAX = 120  # for runs of a few hundred objects
OUTPUT_BYTES_MAX = 20_000
READ_BYTES = 1 << 20
# Of the build that is measured; whoever measures sets it first.
measure_child = Path("measure_child")


@dataclass(frozen=True)
class Cost:
    """One run of a whole client process with all its children."""

    user_s: float
    system_s: float
    wall_s: float
    rss_bytes_max: int
    exit_code: int
    output: str  # the end of what it said, both streams
    lines: int  # of all that it said
    timed_out: bool = False

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.system_s


def use_build(build: Path) -> None:
    global measure_child
    measure_child = build / "bench/measure_child"


def run_measured(
    command: list[str], environment: dict[str, str], cpu: int | None = None, seconds_max: float = SECONDS_MAX
) -> Cost:
    """Runs `command` to its end, or for `seconds_max`, after which it and all its children are killed. Its output goes
    to a file: a pipe would make us part of the measurement."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        pin = [] if cpu is None else ["taskset", "--cpu-list", str(cpu)]
        start = time.monotonic()
        process = subprocess.Popen(
            ["bash", "-c", 'exec "$@" 3>&"$0"', str(told.fileno()), *pin, str(measure_child), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=[told.fileno()],
            start_new_session=True,
        )
        try:
            timed_out = False
            exit_code = process.wait(seconds_max)
        except subprocess.TimeoutExpired:
            timed_out = True
        finally:  # also when we are interrupted
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                exit_code = process.wait()
        wall_s = time.monotonic() - start
        usage = json.loads(_end_of(told) or '{"user_s": 0, "system_s": 0, "rss_kib_max": 0}')
        user_s, system_s, rss_bytes = usage["user_s"], usage["system_s"], usage["rss_kib_max"] * 1024
        return Cost(user_s, system_s, wall_s, rss_bytes, exit_code, _end_of(said), _lines_of(said), timed_out)


def _lines_of(file) -> int:
    file.seek(0)
    return sum(block.count(b"\n") for block in iter(lambda: file.read(READ_BYTES), b""))


def _end_of(file) -> str:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - OUTPUT_BYTES_MAX))
    return file.read().decode(errors="replace")


def own_cpu_s(pid: int) -> float:
    """User and system seconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run_or_raise(command: list[str]) -> None:
    """A tool that has to work. Raises CalledProcessError."""
    subprocess.run(command, check=True, timeout=SECONDS_MAX)
