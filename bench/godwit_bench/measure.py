"""Runs a command and takes what the kernel says that it cost."""

import json
import os
import signal
import subprocess
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path

SECONDS_MAX = 1800
OUTPUT_BYTES_MAX = 20_000
MEASURE_CHILD = Path(__file__).resolve().parents[2] / "build/release/bench/measure_child"


@dataclass(frozen=True)
class Cost:
    """One run of a whole client process with all its children."""

    user_s: float
    system_s: float
    wall_s: float
    rss_bytes_max: int
    exit_code: int
    output: str  # the end of what it said, both streams

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.system_s


def run_measured(command: list[str], environment: dict[str, str], cpu: int | None = None) -> Cost:
    """Runs `command` to its end. Its output goes to a file: a pipe would make us part of the measurement."""
    with tempfile.TemporaryFile() as said, tempfile.TemporaryFile() as told:
        pin = [] if cpu is None else ["taskset", "--cpu-list", str(cpu)]
        start = time.monotonic()
        process = subprocess.Popen(
            ["sh", "-c", 'exec "$@" 3>&"$0"', str(told.fileno()), *pin, str(MEASURE_CHILD), *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            pass_fds=[told.fileno()],
            start_new_session=True,
        )
        watchdog = threading.Timer(SECONDS_MAX, lambda: os.killpg(process.pid, signal.SIGKILL))
        watchdog.start()
        exit_code = process.wait()
        wall_s = time.monotonic() - start
        watchdog.cancel()
        usage = json.loads(_end_of(told) or '{"user_s": 0, "system_s": 0, "rss_kib_max": 0}')
        return Cost(
            usage["user_s"], usage["system_s"], wall_s, usage["rss_kib_max"] * 1024, exit_code, _end_of(said)
        )


def _end_of(file) -> str:
    file.seek(0, os.SEEK_END)
    file.seek(max(0, file.tell() - OUTPUT_BYTES_MAX))
    return file.read().decode(errors="replace")


def own_cpu_s(pid: int) -> float:
    """User and system seconds of a running process."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
