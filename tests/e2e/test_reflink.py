"""Copies that share their blocks with their sources, on real XFS and Btrfs. The kernel's map of a file's blocks (FIEMAP) is
the witness. (What a file system does that lies or fails at the worst moment: src/posix/replacement_test.cc.)"""

import fcntl
import os
import signal
import struct
import subprocess
import time
from pathlib import Path

import pytest

from cut_disk import CutDisk
from godwit import Godwit
from kill_chain import FILE_CALLS, Chain, Directory, kill_at_calls
from test_bad_input import CLEAN, NOT_CLEAN, USAGE
from test_file_systems import strace  # noqa: F401 (fixture)
from test_s3_features import done
from trees import differences

OPTION = "--reflink"
MIB = 1 << 20
MOMENT_SECONDS_MAX = 60
FS_IOC_FIEMAP = 0xC020660B
FIEMAP_FLAG_SYNC = 1
EXTENTS_MAX = 512
HEAD, EXTENT = struct.Struct("=QQIIII"), struct.Struct("=QQQ16xI12x")
# Unwritten, or within the inode: no blocks that could be shared.
NO_BLOCKS = 0x800 | 0x200


def blocks_of(path: Path) -> list[tuple[int, int, int]]:
    """Where each run of a file's bytes stands on the disk: (offset, offset on the disk, bytes)."""
    request = bytearray(HEAD.pack(0, (1 << 64) - 1, FIEMAP_FLAG_SYNC, 0, EXTENTS_MAX, 0) + bytes(EXTENTS_MAX * EXTENT.size))
    with path.open("rb") as file:
        fcntl.ioctl(file.fileno(), FS_IOC_FIEMAP, request)
    count = HEAD.unpack_from(request)[3]
    assert count < EXTENTS_MAX
    extents = [EXTENT.unpack_from(request, HEAD.size + number * EXTENT.size) for number in range(count)]
    return [(at, disk, size) for at, disk, size, flags in extents if not flags & NO_BLOCKS]


def files_with_blocks(root: Path) -> dict[str, list]:
    files = [path for path in root.rglob("*") if not path.is_symlink() and path.is_file()]
    return {str(path.relative_to(root)): blocks for path in files if (blocks := blocks_of(path))}


def make_disk(tmp_path: Path, kind: str) -> CutDisk:
    return CutDisk(tmp_path / "disk", kind)


@pytest.fixture(params=["xfs", "btrfs"])
def disk(request, tmp_path):
    disk = make_disk(tmp_path, request.param)
    yield disk
    disk.remove()


@pytest.fixture
def xfs(tmp_path):
    disk = make_disk(tmp_path, "xfs")
    yield disk
    disk.remove()


def make_source(root: Path) -> Path:
    """Nothing of it is synced."""
    root.mkdir()
    for name, size in (("block", 4096), ("odd", 5000), ("folder/part", 8 * MIB), ("folder/parts", 20 * MIB + 100)):
        path = root / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(os.urandom(size))
    (root / "empty").touch()
    with (root / "holes").open("wb") as file:
        file.truncate(17 * MIB)
        os.pwrite(file.fileno(), os.urandom(MIB), 9 * MIB)
    os.link(root / "odd", root / "second name")
    (root / "link").symlink_to("odd")
    return root


def assert_shared(source: Path, copy: Path) -> None:
    assert differences(source, copy) == []
    blocks = files_with_blocks(source)
    assert blocks and files_with_blocks(copy) == blocks


def test_a_copy_shares_all_blocks_and_is_proved_like_any(godwit, disk):
    source, copy = make_source(disk.path / "source"), disk.path / "copy"
    run = godwit.copy(source, copy, OPTION)
    done(run)
    assert run.stderr == "", str(run)
    assert_shared(source, copy)
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "-o", "jsonl").lines
    files = {row["key"]: row for row in rows if row["type"] == "object" and (source / row["key"]).is_file()}
    assert len(files) == 8
    for key, row in files.items():
        assert row["source_digest"] == row["destination_digest"], row
        assert row["level"] == "read_back" or key == "link", row
    again = godwit.copy(source, copy, OPTION)
    done(again)
    assert again.summary["copied"] == 0


def test_a_copy_shares_nothing_unless_asked(godwit, disk):
    source, copy = make_source(disk.path / "source"), disk.path / "copy"
    done(godwit.copy(source, copy))
    assert differences(source, copy) == []
    theirs = files_with_blocks(source)
    assert all(not set(blocks) & set(theirs[name]) for name, blocks in files_with_blocks(copy).items())


def test_what_changes_is_shared_anew_and_names_of_one_file_stay_together(godwit, disk):
    source, copy = make_source(disk.path / "source"), disk.path / "copy"
    options = [OPTION, "--preserve-hardlinks"]
    done(godwit.copy(source, copy, *options))
    for name in ("block", "odd", "folder/part", "folder/parts", "empty", "holes"):
        with (source / name).open("ab") as file:
            file.write(b"more" * 2000)
    done(godwit.copy(source, copy, *options))
    assert_shared(source, copy)
    assert (copy / "odd").stat().st_ino == (copy / "second name").stat().st_ino


def test_what_is_written_to_a_source_later_is_not_in_the_copy(godwit, disk):
    source, copy = make_source(disk.path / "source"), disk.path / "copy"
    done(godwit.copy(source, copy, OPTION))
    before = (source / "folder/parts").read_bytes()
    with (source / "folder/parts").open("r+b") as file:
        file.write(b"later")
    assert (copy / "folder/parts").read_bytes() == before


@pytest.mark.parametrize("options", [[], ["--verify", "off"], ["--sparse"], ["--checksum", "sha256"]], ids=" ".join)
def test_a9_with_other_options_blocks_and_holes_are_the_same(godwit, xfs, options):
    source, copy = make_source(xfs.path / "source"), xfs.path / "copy"
    done(godwit.copy(source, copy, OPTION, *options))
    assert_shared(source, copy)


def test_where_blocks_cannot_be_shared_they_are_copied_and_one_line_says_so(godwit, xfs, tmp_path):
    """From one file system to another; and within one that has no such thing, where the tests run on ext4 or in memory."""
    source = make_source(xfs.path / "source")
    for copy in (tmp_path / "copy", Path(f"/dev/shm/godwit-{os.getpid()}")):
        try:
            run = godwit.copy(source, copy, OPTION)
            done(run)
            assert differences(source, copy) == []
            assert run.stderr.count("share the blocks of") == 2, str(run)
            assert "they were copied (EXDEV)" in run.stderr and "5 more like it" in run.stderr, str(run)
        finally:
            subprocess.run(["rm", "-rf", copy], check=True)


def test_within_a_file_system_that_shares_nothing_it_is_an_ordinary_copy(godwit, tmp_path):
    disk = make_disk(tmp_path, "ext4")
    try:
        source, copy = make_source(disk.path / "source"), disk.path / "copy"
        run = godwit.copy(source, copy, OPTION)
        done(run)
        assert differences(source, copy) == []
        assert "they were copied (EOPNOTSUPP)" in run.stderr, str(run)
        assert run.stderr.count("\n") == 2, str(run)
    finally:
        disk.remove()


def test_a4_a_source_that_changes_while_its_clone_waits_is_copied_again(godwit, disk):
    source, copy = disk.path / "source", disk.path / "copy"
    source.mkdir()
    (source / "large").write_bytes(os.urandom(12 * MIB))
    copy.mkdir()
    # So slowly that it is still read when its clone is there.
    command = [godwit.binary, "copy", source, copy, OPTION, "--limit-bytes-per-second", "8MiB"]
    process = subprocess.Popen(
        command, env=godwit.environment(), cwd=godwit.home, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    began = time.monotonic()
    while not list(copy.glob(".godwit-*")):
        assert process.poll() is None and time.monotonic() - began < MOMENT_SECONDS_MAX
        time.sleep(0.001)
    with (source / "large").open("r+b") as file:
        file.seek(10 * MIB)
        file.write(b"changed")
        file.seek(0, os.SEEK_END)
        file.write(b"and grown")
    assert process.wait(120) in (CLEAN, NOT_CLEAN)
    done(godwit.copy(source, copy, OPTION))
    assert_shared(source, copy)


def test_h74_what_was_cloned_before_a_kill_is_carried_on(godwit, disk, strace):  # noqa: F811
    """It is killed when the first attribute of the staged file is set."""
    source, copy = disk.path / "source", disk.path / "copy"
    source.mkdir()
    (source / "large").write_bytes(os.urandom(24 * MIB + 5))
    copy.mkdir()
    killed = Godwit(godwit.home, prefix=strace("utimensat", "signal=SIGKILL:when=1")).copy(source, copy, OPTION)
    assert killed.code == -signal.SIGKILL, str(killed)
    (staged,) = copy.glob(".godwit-*")
    inode = staged.stat().st_ino
    done(godwit.copy(source, copy, OPTION))
    assert_shared(source, copy)
    assert (copy / "large").stat().st_ino == inode, "it was carried on"
    assert [path.name for path in copy.iterdir()] == ["large"]


def test_h74_killed_at_its_calls(xfs, tmp_path):
    source, copy = Directory(xfs.path / "source"), Directory(xfs.path / "copy")
    chain = Chain(tmp_path / "home", source, copy, {}, OPTION)

    def look() -> None:
        assert_shared(source.path, copy.path)

    assert kill_at_calls(chain, FILE_CALLS, 1, look) >= 8
    # The program asks about its terminal before it clones.
    assert kill_at_calls(chain, ["ioctl"], 6, look) >= 3


def test_h75_a_clone_of_bytes_that_were_in_memory_alone_is_there_after_a_cut(godwit, xfs):
    """The source's own names need not be: nobody has synced them."""
    source, copy = make_source(xfs.path / "source"), xfs.path / "copy"
    names = [path.relative_to(source) for path in source.rglob("*") if path.is_file()]
    content = {name: (source / name).read_bytes() for name in names}
    done(godwit.copy(source, copy, OPTION))
    xfs.cut()
    xfs.come_back()
    assert {name: (copy / name).read_bytes() for name in names} == content


@pytest.mark.parametrize("ends", [("tree", "s3://bucket/tree"), ("s3://bucket/tree", "tree")])
def test_buckets_share_no_blocks(godwit, ends):
    run = godwit.copy(*ends, OPTION)
    assert run.code == USAGE and OPTION in run.stderr and "two directories" in run.stderr, str(run)


def test_a_source_that_is_stored_while_it_changes_is_not_cloned(godwit, tmp_path):
    run = godwit.copy(tmp_path, tmp_path / "copy", OPTION, "--on-change", "publish")
    assert run.code == USAGE and OPTION in run.stderr and "--on-change publish" in run.stderr, str(run)
