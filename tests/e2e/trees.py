"""Trees of real files to copy, and the comparison that proves that a copy is one.

All paths are bytes, as the kernel has them. A tree is made from a seed, so a failure can be made again.
"""

import hashlib
import os
import random
import stat
from dataclasses import dataclass, field

MIB = 1 << 20

# Names that have broken copying tools before. Each is a valid name of a file on Linux.
UTF8_NAMES = [
    b"plain.txt",
    b"with space",
    b" leading and trailing ",
    b"plus+plus",
    b"100%",
    b"%41%2F%00",
    b"a&b<c>d\"e'f",
    b"semi;colon,comma=equals",
    b"question?mark#hash",
    b"back\\slash",
    b"star*[a-z]?{x,y}",
    b"$HOME`id`$(id)",
    b"-rf",
    b"~",
    b".hidden",
    b"...",
    b"..a",
    b"tilde~",
    b"@colon:pipe|",
    "umlaut-äöüß".encode(),
    "é composed".encode(),
    "e\u0301 decomposed".encode(),
    "日本語のファイル名".encode(),
    "emoji-😀".encode(),
    "right-to-left-\u202eabc".encode(),
    "zero-width-\u200b".encode(),
    b"UPPER",
    b"upper",
]
# As long as a name may be; a tool that writes to NAME.suffix first cannot make them.
LONGEST_NAMES = [b"n" * 255, "€".encode() * 85]
CONTROL_NAMES = [b"new\nline", b"carriage\rreturn", b"tab\tbed"]
# Some servers list these as another character (tests/servers/README.md).
UNLISTABLE_NAMES = [b"bell\x07", b"one\x01", b"escape\x1b[31m"]
INVALID_UTF8_NAMES = [b"latin1-\xe4\xf6", b"\xff\xfe", b"cut-\xe2\x82", b"overlong-\xc0\xaf"]

FILE_MODES = [0o644, 0o644, 0o644, 0o600, 0o755, 0o640, 0o444, 0o4755, 0o2755]
DIRECTORY_MODES = [0o755, 0o755, 0o700, 0o2775, 0o1777]
# Around the limits of one part (8 MiB), and what takes several.
LARGE_SIZES = [MIB, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 21 * MIB + 3]
LARGE_FILE_MIB_TOTAL = 46


@dataclass(frozen=True)
class TreeShape:
    """What a tree is made of. Names that are not UTF-8 cannot be stored in S3."""

    files: int = 20_000
    large_files: bool = True
    unlistable_names: bool = True
    invalid_utf8_names: bool = False
    longest_names: bool = True
    seed: int = 1


@dataclass
class TreeContents:
    files: int = 0
    directories: int = 0
    symlinks: int = 0
    bytes: int = 0
    # Relative paths with content, for tests that pick one.
    paths: list[bytes] = field(default_factory=list)


class _TreeMaker:
    def __init__(self, root: bytes, shape: TreeShape):
        self.root = root
        self.shape = shape
        self.random = random.Random(shape.seed)
        self.contents = TreeContents()
        self.directories: list[bytes] = []
        self.pool = self.random.randbytes(1 * MIB)
        self.odd_names = list(UTF8_NAMES + CONTROL_NAMES)
        if shape.longest_names:
            self.odd_names += LONGEST_NAMES
        if shape.unlistable_names:
            self.odd_names += UNLISTABLE_NAMES
        if shape.invalid_utf8_names:
            self.odd_names += INVALID_UTF8_NAMES

    def make(self) -> TreeContents:
        self._make_odd_names()
        self._make_many_files()
        self._make_symlinks()
        self._make_directory(b"empty directory")
        self._make_directory(b"a/deep/empty/one")
        if self.shape.large_files:
            for size in LARGE_SIZES:
                self._make_file(b"large/%d" % size, size)
        # Last and deepest first: making an entry changes the times of its directory.
        for path in sorted(self.directories, reverse=True):
            self._dress(path, self.random.choice(DIRECTORY_MODES))
        return self.contents

    def _make_odd_names(self) -> None:
        """Each odd name as a file and as a directory with a file in it."""
        for number, name in enumerate(self.odd_names):
            self._make_file(b"names/files/" + name, number)
            self._make_file(b"names/directories/" + name + b"/x", number)

    def _make_many_files(self) -> None:
        """Mostly small files, some empty, a hundred to a directory, the directories nested."""
        number = 0
        while self.contents.files < self.shape.files:
            folder = b"many/%03d/%s/%d" % (number // 1000, b"sub" if number % 3 else b"sub-", number // 100)
            size = 0 if number % 50 == 0 else int(self.random.paretovariate(0.8) * 200) % (64 << 10)
            self._make_file(b"%s/file %06d" % (folder, number), size)
            number += 1

    def _make_symlinks(self) -> None:
        targets = [
            b"plain.txt",
            b"../files/plain.txt",
            b"/nowhere/at all",
            b"dangling\nname",
            b".",
            b"x" * 300,
        ]
        for number, target in enumerate(targets):
            path = b"links/link %d" % number
            self._make_parent(path)
            os.symlink(target, self._full(path))
            self._set_times(path)
            self.contents.symlinks += 1

    def _full(self, path: bytes) -> bytes:
        return os.path.join(self.root, path)

    def _make_parent(self, path: bytes) -> None:
        parent = os.path.dirname(path)
        if parent and not os.path.isdir(self._full(parent)):
            self._make_directory(parent)

    def _make_directory(self, path: bytes) -> None:
        self._make_parent(path)
        os.mkdir(self._full(path))
        self.directories.append(path)
        self.contents.directories += 1

    def _make_file(self, path: bytes, size: int) -> None:
        self._make_parent(path)
        with open(self._full(path), "wb") as file:
            file.write(self._bytes(size))
        self._dress(path, self.random.choice(FILE_MODES))
        self.contents.files += 1
        self.contents.bytes += size
        self.contents.paths.append(path)

    def _bytes(self, size: int) -> bytes:
        """Differs from file to file and does not repeat at part boundaries."""
        head = self.random.randbytes(min(size, 16))
        rest = size - len(head)
        if rest <= len(self.pool) // 2:
            start = self.random.randrange(len(self.pool) // 2)
            return head + self.pool[start : start + rest]
        return head + self.random.randbytes(rest)

    def _dress(self, path: bytes, mode: int) -> None:
        """Owner before mode (a change of owner clears setuid), times last."""
        if os.geteuid() == 0:
            os.chown(
                self._full(path), self.random.choice([0, 1000, 65534]), self.random.choice([0, 1000, 54321])
            )
        os.chmod(self._full(path), mode)
        self._set_times(path)

    def _set_times(self, path: bytes) -> None:
        """Nanoseconds that no coarser clock can hold; also the epoch itself."""
        mtime_ns = self.random.choice(
            [0, 1, 999_999_999, self.random.randrange(10**18, 1_700_000_000 * 10**9)]
        )
        atime_ns = self.random.randrange(10**18, 1_700_000_000 * 10**9)
        os.utime(self._full(path), ns=(atime_ns, mtime_ns), follow_symlinks=False)


def make_tree(root: str | os.PathLike, shape: TreeShape = TreeShape()) -> TreeContents:
    """Fills the directory `root`, which must not exist."""
    os.makedirs(root)
    return _TreeMaker(os.fsencode(root), shape).make()


@dataclass(frozen=True)
class Node:
    """What must survive a copy. Times of access are not compared: reading changes them."""

    type: str
    permissions: int
    owner: tuple[int, int]
    mtime_ns: int
    size: int
    content: bytes


def _node(path: bytes, entry_stat: os.stat_result) -> Node:
    kind = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "symlink"}.get(
        stat.S_IFMT(entry_stat.st_mode), "special"
    )
    content = b""
    size = 0
    if kind == "file":
        size = entry_stat.st_size
        with open(path, "rb") as file:
            content = hashlib.file_digest(file, "blake2b").digest()
    elif kind == "symlink":
        content = os.readlink(path)
    return Node(
        kind,
        # A symlink has no permissions of its own.
        0 if kind == "symlink" else stat.S_IMODE(entry_stat.st_mode),
        (entry_stat.st_uid, entry_stat.st_gid),
        entry_stat.st_mtime_ns,
        size,
        content,
    )


def snapshot(root: str | os.PathLike) -> dict[bytes, Node]:
    """Every entry below `root` (not itself) by its relative path."""
    nodes: dict[bytes, Node] = {}
    start = os.fsencode(root)
    waiting = [start]
    while waiting:
        with os.scandir(waiting.pop()) as entries:
            for entry in entries:
                nodes[os.path.relpath(entry.path, start)] = _node(
                    entry.path, entry.stat(follow_symlinks=False)
                )
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
    return nodes


# How many differences are worth reading.
DIFFERENCES_MAX = 20


def differences(
    left: str | os.PathLike, right: str | os.PathLike, *, without: tuple[str, ...] = ()
) -> list[str]:
    """What differs between two trees, at most DIFFERENCES_MAX lines; empty when they are equal.

    `without` names fields of Node that are not compared (a tool that does not keep owners, say).
    """
    left_nodes, right_nodes = snapshot(left), snapshot(right)
    found = []
    for path in sorted(left_nodes.keys() | right_nodes.keys()):
        a, b = left_nodes.get(path), right_nodes.get(path)
        if a is None or b is None:
            found.append(f"{path!r}: only in {'the second' if a is None else 'the first'} tree")
        elif a != b:
            fields = [name for name in Node.__dataclass_fields__ if name not in without]
            unequal = [name for name in fields if getattr(a, name) != getattr(b, name)]
            if unequal:
                shown = ", ".join(
                    f"{name} {getattr(a, name)!r:.60} != {getattr(b, name)!r:.60}" for name in unequal
                )
                found.append(f"{path!r}: {shown}")
        if len(found) >= DIFFERENCES_MAX:
            return found + ["..."]
    return found
