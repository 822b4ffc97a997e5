"""Trees of files to copy."""

import os
import random
import shutil
import subprocess
from pathlib import Path

FILES_PER_DIRECTORY = 1000
BLOCK_BYTES = 1 << 20


def make_tree(root: Path, count: int, size_bytes: int) -> Path:
    """`count` files of random bytes, a thousand to a directory. The bytes are cut from one random block each at
    another place, which is fast and makes no two files equal."""
    block = random.Random(count * 7919 + size_bytes).randbytes(BLOCK_BYTES + 4096)
    for index in range(count):
        if index % FILES_PER_DIRECTORY == 0:
            directory = root / f"d{index // FILES_PER_DIRECTORY:04}"
            directory.mkdir(parents=True)
        with open(directory / f"f{index:07}.bin", "wb", buffering=0) as file:
            fill(file, index, size_bytes, block)
    return root


def directory_count(files: int) -> int:
    """Directories that make_tree() makes below its root."""
    return -(-files // FILES_PER_DIRECTORY)


def fill(file, index: int, size_bytes: int, block: bytes) -> None:
    file.write(index.to_bytes(8, "big")[: min(8, size_bytes)])
    left = size_bytes - min(8, size_bytes)
    at = (index * 4099) % BLOCK_BYTES
    while left > 0:
        written = file.write(block[at : at + min(left, len(block) - at)])
        left -= written
        at = 0


def tree_size(root: Path) -> tuple[int, int]:
    """Files and bytes below `root`, whatever temporary names there may be."""
    files = size = 0
    for directory, _, names in os.walk(root):
        for name in names:
            files += 1
            size += os.stat(os.path.join(directory, name)).st_size
    return files, size


def remove(root: Path) -> None:
    shutil.rmtree(root, ignore_errors=True)


def differing(source: Path, copy: Path, step: int) -> list[Path]:
    """Every `step`th file of `source`, in the order of names, that has other bytes in `copy`; of a large file only the
    last block is looked at."""
    files = sorted(path for path in source.rglob("*") if path.is_file())[::step]
    return [path for path in files if last_block(path) != last_block(copy / path.relative_to(source))]


def last_block(path: Path) -> bytes:
    with open(path, "rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - BLOCK_BYTES))
        return file.read(BLOCK_BYTES)


def evict(root: Path) -> None:
    """Takes the files below `root` out of the page cache, once they are on the disk."""
    os.sync()
    for path in root.rglob("*"):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def file_system(path: Path) -> str:
    """As `stat` names it: tmpfs, ext2/ext3 and the like."""
    command = ["stat", "--file-system", "--format=%T", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip().replace("ext2/ext3", "ext4")
