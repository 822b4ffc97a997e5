"""H75 of the fault catalogue for copies (moves: B13): what was reported safe is there after a power cut.

The destination's file system loses its power; the ledger's does not, so it stands for all that was told to anybody. (The
cut of the ledger's own disk is H75 in src/ledger/crash_test.cc.)
"""

import hashlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from cut_disk import CutDisk
from godwit import Godwit
from trees import TreeShape, differences

SHAPE = TreeShape(files=1500, invalid_utf8_names=True)
S3_SHAPE = TreeShape(files=1500, unlistable_names=False, longest_names=False)
MOMENT_SECONDS_MAX = 60
KEEP = "--preserve-set-id"


# With `./dev test --all`; $GODWIT_CUT_FILES takes another number for a look by hand.
slow = pytest.mark.slow
MANY_FILES = int(os.environ.get("GODWIT_CUT_FILES", "100000"))
MANY_SECONDS_MAX = 3600


@pytest.fixture(params=["ext4", "xfs"])
def disk(request, tmp_path):
    disk = CutDisk(tmp_path / "disk", request.param)
    yield disk
    disk.remove()


def test_h75_what_was_reported_safe_is_there_after_a_cut(disk, godwit, trees):
    source, _ = trees.get(SHAPE)
    target = disk.path / "copy"
    run = godwit.copy(source, target, KEEP)
    assert run.code == 0, str(run)
    disk.cut()
    disk.come_back()
    assert differences(source, target) == []


def test_h75_what_came_from_s3_is_there_after_a_cut(disk, godwit, trees, server, bucket, tmp_path):
    source, _ = trees.get(S3_SHAPE)
    assert Godwit(tmp_path / "somebody-else").copy(source, f"s3://{bucket}/d", server=server).code == 0
    target = disk.path / "copy"
    run = godwit.copy(f"s3://{bucket}/d", target, KEEP, server=server)
    assert run.code == 0, str(run)
    disk.cut()
    disk.come_back()
    assert differences(source, target) == []


def test_h75_what_was_replaced_is_the_new_one_after_a_cut(disk, godwit, tmp_path):
    source, target = tmp_path / "source", disk.path / "copy"
    write_generation(source, b"old", 300)
    assert godwit.copy(source, target).code == 0
    write_generation(source, b"new", 300)
    assert godwit.copy(source, target).code == 0
    # Files that were written in place leave their directory's time as it is; ours come by a rename, and the next run
    # sees that.
    assert godwit.copy(source, target).code == 0
    disk.cut()
    disk.come_back()
    assert differences(source, target) == []


def write_generation(root: Path, word: bytes, files: int) -> None:
    """Files that say of which generation they are, in every byte."""
    for number in range(files):
        path = root / f"{number % 7}" / f"{number:04}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(word * (number * 17 % 5000 + 1))


def content_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def files_in(root: Path) -> dict[str, str]:
    """Content by relative path; staged files too."""
    return {
        os.path.relpath(os.path.join(folder, name), root): content_of(Path(folder, name))
        for folder, _, names in os.walk(root)
        for name in names
    }


def is_new(path: Path) -> bool:
    try:
        with open(path, "rb") as file:
            return file.read(3) == b"new"
    except FileNotFoundError:
        return False


def cut_in_the_middle(disk: CutDisk, godwit: Godwit, command: list, when) -> None:
    """Runs the command until `when` says so, then cuts the power under it."""
    process = subprocess.Popen(
        [os.fsdecode(godwit.binary), *map(os.fsdecode, command)],
        env=godwit.environment(),
        cwd=godwit.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    began = time.monotonic()
    while not when() and process.poll() is None and time.monotonic() - began < MOMENT_SECONDS_MAX:
        time.sleep(0.001)
    disk.cut()
    assert process.poll() is None, "the run ended before the moment came"
    process.send_signal(signal.SIGKILL)
    process.wait(30)
    disk.come_back()


def verified_keys(godwit: Godwit) -> set[str]:
    """By the newest execution."""
    told = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "--columns", "key", "-o", "jsonl")
    assert told.code in (0, 9), str(told)
    return {line["key"] for line in told.lines if "key" in line and not line["key"].endswith("/")}


@pytest.mark.parametrize("files_before_the_cut", [1, 200, 777])
def test_h75_a_cut_in_the_middle_takes_nothing_that_the_ledger_calls_verified(
    disk, godwit, tmp_path, files_before_the_cut
):
    source, target = tmp_path / "source", disk.path / "copy"
    write_generation(source, b"old", 600)
    assert godwit.copy(source, target).code == 0
    old = files_in(source)
    write_generation(source, b"new", 1200)
    new = files_in(source)
    size = sum(path.stat().st_size for path in source.rglob("*") if path.is_file())

    def moment() -> bool:
        return sum(is_new(target / name) for name in new) >= files_before_the_cut

    command = ["copy", source, target, "--limit-bytes-per-second", str(size // 5)]
    cut_in_the_middle(disk, godwit, command, moment)
    after = files_in(target)
    verified = verified_keys(godwit)
    assert {name: after.get(name) for name in verified} == {name: new[name] for name in verified}
    torn = {name for name in old if after.get(name) not in (old[name], new[name])}
    assert not torn, f"neither the old nor the new file: {sorted(torn)[:5]}"
    assert {name for name in after if name not in new and not Path(name).name.startswith(".godwit-")} == set()

    for _ in range(2):
        run = godwit.copy(source, target)
        assert run.code == 0, str(run)
    assert differences(source, target) == []
    assert files_in(target) == new


def test_h75_the_control_loses_files(disk, tmp_path):
    """A copy that syncs nothing loses files to the same cut: so the disk does what its name says."""
    source = tmp_path / "source"
    write_generation(source, b"old", 300)
    target = disk.path / "copy"
    target.mkdir()
    os.sync()
    shutil.copytree(source, target, dirs_exist_ok=True)
    disk.cut()
    disk.come_back()
    assert differences(source, target) != []


def make_many(root: Path, files: int) -> None:
    """Small files, a thousand to a directory, no two alike."""
    for number in range(files):
        folder = root / f"{number // 1000:04}"
        if number % 1000 == 0:
            folder.mkdir(parents=True)
        (folder / f"{number:06}").write_bytes(b"%06d" % number * (1 + number * 17 % 400))


def lost(source: Path, copy: Path) -> int:
    """How many files are missing or hold other bytes."""
    files = [Path(folder, name).relative_to(source) for folder, _, names in os.walk(source) for name in names]
    return sum(not (copy / file).is_file() or (copy / file).read_bytes() != (source / file).read_bytes() for file in files)


@slow
@pytest.mark.parametrize("kind", ["ext4", "xfs"])
def test_h75_of_a_hundred_thousand_files_none_is_lost(kind, tmp_path):
    """Each tool says that it is done, and the power goes. What peers lose is told, not judged; but `cp` must lose something,
    or the cut would show nothing."""
    source = tmp_path / "source"
    make_many(source, MANY_FILES)
    os.sync()
    release = os.environ.get("GODWIT_RELEASE_BINARY")
    godwit = Godwit(tmp_path / "home", Path(release) if release else None)
    tools = {
        "godwit": [os.fsdecode(godwit.binary), "copy"],
        "cp -a": ["cp", "-a", "-T"],
        "rclone copy": ["rclone", "copy", "--config", os.devnull],
        "rsync -a --fsync": ["rsync", "-a", "--fsync"],
    }
    losses = {}
    for tool, command in tools.items():
        if not shutil.which(command[0]):
            print(f"NOT COMPARED: {command[0]} is not installed")
            continue
        disk = CutDisk(tmp_path / "disk" / command[0].rpartition("/")[2], kind, size_bytes=4 << 30)
        try:
            # A slash behind the source: rsync means what is in it.
            full = [*command, f"{source}/", str(disk.path / "copy")]
            ended = subprocess.run(full, env=godwit.environment(), capture_output=True, timeout=MANY_SECONDS_MAX)
            assert ended.returncode == 0, (tool, ended.stderr.decode())
            disk.cut()
            disk.come_back()
            losses[tool] = lost(source, disk.path / "copy")
        finally:
            disk.remove()
        print(f"{kind}: {tool} lost {losses[tool]} of {MANY_FILES} files", flush=True)
    assert losses["godwit"] == 0
    assert losses["cp -a"] > 0
