"""A disk that can lose its power: a file system in an image file, on a loop device.

The cut is the file systems' own shutdown call without a flush of the log (linux/fs.h, FS_IOC_SHUTDOWN): from that moment
nothing reaches the image any more, and what was not durable by then is gone after the next mount, names included. It is not
a real power cut in one respect: the image holds what the file system has sent down, whatever a disk's own cache would do.
"""

import fcntl
import os
import struct
import subprocess
from pathlib import Path

import pytest

FS_IOC_SHUTDOWN = 0x8004587D
NO_LOG_FLUSH = 2
MAKE = {"ext4": ["mkfs.ext4", "-q", "-F"], "xfs": ["mkfs.xfs", "-q", "-f"], "btrfs": ["mkfs.btrfs", "-q", "-f"]}
# The least that mkfs.xfs takes.
SIZE_BYTES_MIN = 320 << 20


class CutDisk:
    """Mounted at `path` from the beginning. Skips the test where nothing may be mounted."""

    def __init__(self, directory: Path, kind: str, size_bytes: int = SIZE_BYTES_MIN):
        self.image = directory / f"{kind}.img"
        self.path = directory / kind
        self.path.mkdir(parents=True)
        with open(self.image, "wb") as image:
            image.truncate(size_bytes)
        subprocess.run([*MAKE[kind], self.image], check=True, capture_output=True)
        try:
            self._mount()
        except subprocess.CalledProcessError as failed:
            pytest.skip(f"NOT TESTED: no loop device can be mounted here: {failed.stderr.decode().strip()}")

    def _mount(self) -> None:
        subprocess.run(["mount", "-o", "loop", self.image, self.path], check=True, capture_output=True)

    def _unmount(self) -> None:
        subprocess.run(["umount", self.path], check=True, capture_output=True)

    def cut(self) -> None:
        """The power goes. Not for Btrfs, which has no such call."""
        root = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.ioctl(root, FS_IOC_SHUTDOWN, struct.pack("I", NO_LOG_FLUSH))
        finally:
            os.close(root)

    def come_back(self) -> None:
        """The power is back. Nobody may hold a file open by now."""
        self._unmount()
        self._mount()

    def remove(self) -> None:
        subprocess.run(["umount", "-l", self.path], capture_output=True)
        self.image.unlink()
