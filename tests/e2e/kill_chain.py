"""A user who copies one end to another, generation after generation, and is killed in the middle; then the same command
again.

strace counts calls by thread: at N some thread is about to make its Nth call of that kind. A kind is done with when a run
comes to its end unharmed.
"""

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

from godwit import Godwit
from s3double import Double

MIB = 1 << 20
FILE_CALLS = "linkat renameat2 mkdirat symlinkat unlinkat fchmod fchown fchownat utimensat ftruncate pwrite64 fsync".split()
STATE_CALLS = "openat fdatasync unlink".split()
SEND_CALLS = "sendto sendmsg writev".split()
Content = dict[str, bytes]


def generation(number: int) -> Content:
    """Files by name. Those of one name differ from generation to generation in every byte, and also in size."""
    byte = bytes([65 + number % 26])
    content = {"small": byte * (10 + number), "deep/er/small": byte * (20 + number), "large": byte * (9 * MIB + number)}
    return content | {f"new-{number}/{name}": byte * size for name, size in (("empty", 0), ("small", 100))}


class Directory:
    def __init__(self, path: Path):
        self.path = path
        path.mkdir()

    @property
    def argument(self) -> str:
        return str(self.path)

    def write(self, content: Content) -> None:
        for name, data in content.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
            link = path.parent / "link"
            link.unlink(missing_ok=True)
            link.symlink_to(f"{path.name} {len(data)}")

    def read(self) -> Content:
        """Files under the names of objects."""
        files = [path for path in self.path.rglob("*") if path.is_file() and not path.is_symlink()]
        return {str(path.relative_to(self.path)): path.read_bytes() for path in files}

    def leftovers(self) -> list[str]:
        return [str(path) for path in self.path.rglob(".godwit-*")]


class Bucket:
    def __init__(self, double: Double, name: str):
        self.double, self.name = double, name

    @property
    def argument(self) -> str:
        return f"s3://{self.name}"

    def write(self, content: Content) -> None:
        for name, data in content.items():
            self.double.s3.put_object(Bucket=self.name, Key=name, Body=data)

    def read(self) -> Content:
        """Files; directories are objects of their own here, and links have other content than files."""
        pages = self.double.s3.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        names = [key for key in keys if not key.endswith(("/", "/link")) and key != "link"]
        return {key: self.double.s3.get_object(Bucket=self.name, Key=key)["Body"].read() for key in names}

    def leftovers(self) -> list[str]:
        uploads = self.double.s3.list_multipart_uploads(Bucket=self.name).get("Uploads", [])
        probes = [key for key in self.read() if ".godwit-" in key]
        return [upload["Key"] for upload in uploads] + probes


class Chain:
    """Two ends that go from generation to generation, and a user who copies one to the other. What happens when a run has
    been killed, before anybody looks, is `after_kill`."""

    def __init__(
        self,
        home: Path,
        source,
        destination,
        environment: dict[str, str],
        *options: str,
        after_kill: Callable[[], None] = lambda: None,
    ):
        self.home, self.source, self.destination, self.environment = home, source, destination, environment
        self.options, self.after_kill = options, after_kill
        self.number = 0
        self.content: Content = {}
        self.next_generation()
        self.copy()

    def next_generation(self) -> None:
        self.number += 1
        self.source.write(generation(self.number))
        self.content |= generation(self.number)

    def copy(self) -> None:
        run = self.run_godwit(())
        assert run.returncode == 0, run.stdout + run.stderr

    def run_godwit(self, prefix: tuple[str, ...]) -> subprocess.CompletedProcess:
        godwit = Godwit(self.home, prefix=prefix)
        command = [*prefix, str(godwit.binary), "copy", self.source.argument, self.destination.argument, *self.options]
        environment = godwit.environment() | self.environment
        return subprocess.run(command, env=environment, cwd=self.home, capture_output=True, text=True, timeout=120)

    def verified(self) -> dict[str, set[str]]:
        """Files that the ledger calls verified, by execution; of the newest one alone."""
        godwit = Godwit(self.home)
        told = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "-o", "jsonl")
        assert told.code == 0, str(told)
        files: dict[str, set[str]] = {}
        for row in told.lines:
            if row["key"] in self.content:
                files.setdefault(row["execution"], set()).add(row["key"])
        return files

    def killed_at(self, call: str, nth: int) -> bool:
        """One generation: killed, looked at, carried on, looked at. False: the run ended before."""
        before, finished = dict(self.content), self.verified().keys()
        self.next_generation()
        inject = f"inject={call}:signal=SIGKILL:when={nth}"
        run = self.run_godwit(("strace", "-f", "-qq", "-o", os.devnull, "-e", f"trace={call}", "-e", inject))
        assert run.returncode in (0, -9), run.stdout + run.stderr
        if run.returncode == -9:
            self.after_kill()
        stands = {name: data for name, data in self.destination.read().items() if ".godwit-" not in name}
        mixed = [name for name, data in stands.items() if data not in (before.get(name), self.content.get(name))]
        assert not mixed, "neither the old nor the new one"
        assert before.keys() <= stands.keys(), "an object is gone"
        for execution, names in self.verified().items():
            wrong = [name for name in names if execution not in finished and stands.get(name) != self.content[name]]
            assert not wrong, "verified, and not what is there"
        self.copy()
        assert self.destination.read() == self.content
        assert self.destination.leftovers() == []
        return run.returncode == -9


def kill_at_calls(chain: Chain, calls: list[str], nth_max: int, look: Callable[[], None] = lambda: None) -> int:
    """How often it was killed."""
    kills = 0
    for call in calls:
        for nth in range(1, nth_max + 1):
            if not chain.killed_at(call, nth):
                break
            look()
            kills += 1
    print(f"killed {kills} times")
    return kills
