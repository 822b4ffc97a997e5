"""What strace counts of a run: near noise-free, where seconds are not."""

import re
from collections import Counter
from pathlib import Path

# What makes data durable; how often it is called depends on nothing but the program.
SYNCS = ("fsync", "fdatasync", "syncfs", "sync", "msync")
# How often these are called depends on which thread is quicker and on what a group commit finds to write, and so on the
# machine and the minute: waiting for another thread, waking it by an eventfd, starting one where the others have too much to
# do, and SQLite's writes and locks.
UNSTEADY = (
    "futex", "epoll_wait", "epoll_pwait", "poll", "ppoll", "sched_yield", "nanosleep", "clock_nanosleep",
    "clone3", "rt_sigprocmask", "set_robust_list", "rseq",
    "read", "write", "pwrite64", "fcntl", "fdatasync", "madvise", "mprotect",
)

_LINE = re.compile(r"\s*\d+\.\d+\s+\S+\s+\S+\s+(\d+)\s+(?:\d+\s+)?(\w+)$")


def strace(into: Path) -> list[str]:
    """What a command is to be preceded by, so that system calls are counted over all its threads and children."""
    return ["strace", "-f", "-c", "-o", str(into)]


def system_calls(counted: Path) -> Counter[str]:
    """Calls by name."""
    found = (_LINE.match(line) for line in counted.read_text().splitlines())
    return Counter({match[2]: int(match[1]) for match in found if match and match[2] != "total"})


def of_names(calls: Counter[str], names: tuple[str, ...]) -> int:
    return sum(calls[name] for name in names)
