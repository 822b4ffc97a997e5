"""Random small trees of everything that has broken copying tools, and random changes to them, each from a seed.

All paths are bytes. The same seed makes the same tree, so a failure is made again from the number in a test's name.
"""

import os
import random
import shutil
import stat
from dataclasses import dataclass

from trees import CONTROL_NAMES, INVALID_UTF8_NAMES, LONGEST_NAMES, MIB, UNLISTABLE_NAMES, UTF8_NAMES

# What only our own files are called (row F68), and what a spreadsheet takes for a formula.
OUR_NAMES = [b".godwit-0123456789abcdef0123456789ab~", b".godwit-probe-x", b"exec-1.db", b"quarantine", b"=1+1"]
# Two names of it are often one, once somebody has taken them for a pattern or a path.
ALPHABET = b"ab*?/"
DEPTH_MAX = 10

SIZES = [0, 0, 1, 4095, 4096, 4097, 70_000]
PART_SIZES = [8 * MIB - 1, 8 * MIB, 8 * MIB + 1]
FILE_MODES = [0o644, 0o644, 0o600, 0o000, 0o444, 0o755, 0o4755, 0o2755, 0o6711, 0o1644, 0o7777]
DIRECTORY_MODES = [0o755, 0o755, 0o700, 0o500, 0o2775, 0o1777, 0o7777]
IDS = [0, 1000, 65534]
SECOND_NS = 10**9
# 1901, the epoch with a neighbour on each side, 2106, and what no clock of microseconds can hold.
TIMES_NS = [-(2**31) * SECOND_NS, -1, 0, 1, (2**32 - 1) * SECOND_NS, 1_600_000_000_123_456_789]


@dataclass(frozen=True)
class RandomShape:
    """What a random tree holds. Not every tool and store can hold everything."""

    seed: int
    entries: int = 60
    invalid_utf8_names: bool = True
    unlistable_names: bool = True
    longest_names: bool = True
    links: bool = True  # symbolic and hard ones
    part_sizes: bool = True


class RandomTree:
    """A tree that is being made, or changed, below `root`."""

    def __init__(self, root: os.PathLike, shape: RandomShape):
        self.root = os.fsencode(root)
        self.shape = shape
        self.random = random.Random(shape.seed)
        self.names = UTF8_NAMES + CONTROL_NAMES + OUR_NAMES
        self.names += LONGEST_NAMES if shape.longest_names else []
        self.names += INVALID_UTF8_NAMES if shape.invalid_utf8_names else []
        self.names += UNLISTABLE_NAMES if shape.unlistable_names else []

    def make(self) -> None:
        os.makedirs(self.root)
        for _ in range(self.shape.entries):
            self.new()
        if self.shape.part_sizes and self.random.random() < 0.2:
            self.write(self.new_path(), self.random.choice(PART_SIZES))
        for path in self.paths(stat.S_ISDIR):
            self.dress(path)
        self.dress(self.root)

    def change(self) -> None:
        """A change set: everything that happens to a tree between two runs."""
        changes = [self.new, self.rewrite, self.append, self.rewrite_same_size, self.rewrite_unseen, self.chmod, self.chown]
        changes += [self.touch, self.rename, self.replace, self.replace, self.delete]
        for _ in range(self.shape.entries // 3):
            self.random.choice(changes)()
        for path in self.paths(stat.S_ISDIR):
            if self.random.random() < 0.2:
                self.dress(path)

    # ---- Choosing

    def paths(self, kind=lambda mode: True) -> list[bytes]:
        """Full paths of one kind, deepest first."""
        found = []
        for folder, folders, files in os.walk(self.root):
            found += [os.path.join(folder, name) for name in folders + files]
        return sorted((path for path in found if kind(os.lstat(path).st_mode)), reverse=True)

    def any_path(self, kind=lambda mode: True) -> bytes | None:
        paths = self.paths(kind)
        return self.random.choice(paths) if paths else None

    def name(self) -> bytes:
        if self.random.random() < 0.5:
            return self.random.choice(self.names)
        letters = bytes(self.random.choices(ALPHABET, k=self.random.choice([1, 2, 3, 5, 8, 20])))
        return b"/".join(part for part in letters.split(b"/") if part) or b"a"

    def new_path(self) -> bytes:
        """A path that nothing has yet, its directories made; often deep, and beside what there is."""
        while True:
            start = self.any_path(stat.S_ISDIR) if self.random.random() < 0.7 else None
            path = os.path.join(start or self.root, self.name())
            depth = path.count(b"/") - self.root.count(b"/")
            parent = os.path.dirname(path)
            if depth > DEPTH_MAX or os.path.lexists(path) or not self.can_hold(parent):
                continue
            os.makedirs(parent, exist_ok=True)
            return path

    def can_hold(self, folder: bytes) -> bool:
        """Whether a directory is here, or may be made here, not through a link."""
        while not os.path.lexists(folder):
            folder = os.path.dirname(folder)
        return stat.S_ISDIR(os.lstat(folder).st_mode)

    # ---- Making

    def new(self) -> None:
        self.make_something(self.new_path(), self.random)

    def make_something(self, path: bytes, chance: random.Random) -> None:
        makers = [self.make_file] * 6 + [self.make_directory] * 2 + [self.make_sparse]
        if self.shape.links:
            makers += [self.make_symlink, self.make_symlink, self.make_hard_link]
        chance.choice(makers)(path)

    def make_file(self, path: bytes) -> None:
        self.write(path, self.random.choice(SIZES))

    def write(self, path: bytes, size: int) -> None:
        with open(path, "wb") as file:
            file.write(self.random.randbytes(size))
        self.dress(path)

    def make_sparse(self, path: bytes) -> None:
        with open(path, "wb") as file:
            file.seek(self.random.choice([4096, 100_000, 3 * MIB]))
            file.write(self.random.choice([b"", b"end"]))
            file.truncate(file.tell() + self.random.choice([0, 4096]))
        self.dress(path)

    def make_directory(self, path: bytes) -> None:
        os.mkdir(path)
        self.dress(path)

    def make_symlink(self, path: bytes) -> None:
        some = self.any_path() or self.root
        targets = [
            b"nowhere",
            os.path.basename(path),
            b".",
            b"..",
            b"/",
            b"x" * 300,
            b"new\nline",
            os.path.relpath(some, os.path.dirname(path)),
            some,
        ]
        os.symlink(self.random.choice(targets), path)
        self.set_times(path)
        if os.geteuid() == 0:
            os.lchown(path, self.random.choice(IDS), self.random.choice(IDS))

    def make_hard_link(self, path: bytes) -> None:
        other = self.any_path(stat.S_ISREG)
        if other:
            os.link(other, path)

    def dress(self, path: bytes) -> None:
        """Owner before mode (a change of owner clears setuid), times last."""
        self.set_owner(path)
        self.set_mode(path)
        if self.random.random() < 0.1:
            os.setxattr(path, b"user.colour", self.random.choice([b"", b"red", b"\x00\xff"]))
        self.set_times(path)

    def set_owner(self, path: bytes) -> None:
        if os.geteuid() == 0:
            os.chown(path, self.random.choice(IDS), self.random.choice(IDS))

    def set_mode(self, path: bytes) -> None:
        """Who is not root keeps what the tools need to read it, and the next change to write it."""
        directory = os.path.isdir(path)
        needed = 0 if os.geteuid() == 0 else 0o700 if directory else 0o600
        os.chmod(path, self.random.choice(DIRECTORY_MODES if directory else FILE_MODES) | needed)

    def set_times(self, path: bytes) -> None:
        mtime_ns = self.random.choice(TIMES_NS)
        os.utime(path, ns=(TIMES_NS[-1], mtime_ns), follow_symlinks=False)

    # ---- Changing

    def rewrite(self) -> None:
        if path := self.any_path(stat.S_ISREG):
            with open(path, "wb") as file:
                file.write(self.random.randbytes(self.random.choice(SIZES)))

    def append(self) -> None:
        if path := self.any_path(stat.S_ISREG):
            with open(path, "ab") as file:
                file.write(self.random.randbytes(1))

    def rewrite_same_size(self) -> None:
        if path := self.any_path(stat.S_ISREG):
            self.overwrite(path)

    def rewrite_unseen(self) -> None:
        """Of the same size, and the old time put back: the change time alone tells (row A3)."""
        if path := self.any_path(stat.S_ISREG):
            before = os.stat(path)
            self.overwrite(path)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def overwrite(self, path: bytes) -> None:
        with open(path, "r+b") as file:
            file.write(self.random.randbytes(min(os.path.getsize(path), 4096)))

    def chmod(self) -> None:
        if path := self.any_path(lambda mode: not stat.S_ISLNK(mode)):
            self.set_mode(path)

    def chown(self) -> None:
        if path := self.any_path(lambda mode: not stat.S_ISLNK(mode)):
            mode = stat.S_IMODE(os.stat(path).st_mode)
            self.set_owner(path)
            os.chmod(path, mode)

    def touch(self) -> None:
        if path := self.any_path():
            self.set_times(path)

    def rename(self) -> None:
        if path := self.any_path():
            target = self.new_path()
            if not target.startswith(path + b"/") and os.path.lexists(path):
                os.rename(path, target)

    def replace(self) -> None:
        """By something of any type."""
        if path := self.any_path():
            self.remove(path)
            self.make_something(path, self.random)

    def delete(self) -> None:
        if path := self.any_path():
            self.remove(path)

    def remove(self, path: bytes) -> None:
        if stat.S_ISDIR(os.lstat(path).st_mode):
            shutil.rmtree(path)
        else:
            os.unlink(path)
