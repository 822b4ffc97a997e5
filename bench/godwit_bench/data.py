"""Trees of files to copy, on tmpfs."""

import os
import random
import shutil
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
