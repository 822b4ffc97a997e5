"""Destinations that are odd file systems, and errors that come late (rows C24, C25, C29, C33 and F66 of
docs/fault-catalogue.md). tests/odd_mount makes them; strace lets system calls of the real binary fail."""

import os
import shutil
import signal
import stat
import subprocess
import time
from pathlib import Path

import pytest

from godwit import REPOSITORY, Godwit, find_binary
from terminal import OnTerminal
from test_bad_input import CLEAN, NOT_CLEAN, snapshot
from test_exhaustion import assert_completes, many_files

MOUNT_SECONDS_MAX = 20
MOMENT_SECONDS_MAX = 60


class OddMount:
    """A mounted file system whose faults are switched by name. `backing` is what it keeps."""

    def __init__(self, folder: Path, *options: str):
        self.backing, self.faults, self.path = folder / "backing", folder / "faults", folder / "mounted"
        for each in (self.backing, self.faults, self.path):
            each.mkdir(parents=True)
        own = find_binary().parents[2]
        build = REPOSITORY / "build/dev" if own.name == "release" else own
        program = build / "tests/odd_mount/odd_mount"
        if os.geteuid() != 0 or not os.path.exists("/dev/fuse") or not program.is_file():
            pytest.skip("NOT TESTED: odd file systems, which need root, /dev/fuse and libfuse3-dev (./dev setup --tests)")
        self.process = subprocess.Popen([program, *options, self.backing, self.faults, self.path, "-f"])
        deadline = time.monotonic() + MOUNT_SECONDS_MAX
        while not self.path.is_mount():
            assert self.process.poll() is None and time.monotonic() < deadline, "it was not mounted"
            time.sleep(0.01)

    def fail(self, what: str, fails: bool = True) -> None:
        (self.faults / what).touch() if fails else (self.faults / what).unlink()

    def stop(self) -> None:
        self.process.send_signal(signal.SIGCONT)
        subprocess.run(["umount", "-l", self.path], check=True)
        self.process.wait(timeout=30)


@pytest.fixture
def odd_mount(tmp_path):
    made = []

    def make(*options: str) -> OddMount:
        made.append(OddMount(tmp_path / f"odd-{len(made)}", *options))
        return made[-1]

    yield make
    for mount in made:
        mount.stop()


def test_c24_an_error_that_only_close_tells_fails_the_object(godwit, tmp_path, odd_mount):
    source = many_files(tmp_path / "source", 20)
    mount = odd_mount()
    mount.fail("flush")
    run = godwit.copy(source, mount.path / "copy")
    assert run.code == NOT_CLEAN and run.errors[0]["code"] == "ENOSPC", str(run)
    assert snapshot(mount.backing / "copy") == {}, "nothing has a name, staged or not"
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "-o", "jsonl").lines
    assert rows == []
    mount.fail("flush", False)
    assert_completes(godwit, source, mount.path / "copy")


@pytest.fixture
def strace():
    """A command that lets chosen system calls of another one fail."""
    if not shutil.which("strace"):
        pytest.skip("NOT TESTED: failing system calls, for want of strace (./dev setup --tests)")

    def prefix(call: str, how: str) -> tuple[str, ...]:
        return ("strace", "-f", "-qq", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:{how}")

    return prefix


@pytest.mark.parametrize("error, code", [("ENOSPC", NOT_CLEAN), ("EIO", 6)])
def test_c24_where_every_fsync_fails_nothing_is_verified(godwit, tmp_path, strace, error, code):
    source, copy = many_files(tmp_path / "source", 50), tmp_path / "copy"
    copy.mkdir()
    run = Godwit(godwit.home, prefix=strace("fsync", f"error={error}:when=1+")).copy(source, copy)
    assert run.code in (code, NOT_CLEAN), str(run)
    assert run.errors and run.errors[0]["code"] == error, str(run)
    assert run.errors[0]["scope"] == "DESTINATION", str(run)
    assert snapshot(copy) == {}, "nothing has a name, staged or not"
    assert_completes(godwit, source, copy)


def test_c25_a_failed_fsync_is_never_asked_again_but_the_file_written_anew(godwit, tmp_path, strace):
    """On each thread the third fsync fails, and any later one would succeed."""
    source, copy = many_files(tmp_path / "source"), tmp_path / "copy"
    copy.mkdir()
    run = Godwit(godwit.home, prefix=strace("fsync", "error=EIO:when=3")).copy(source, copy)
    assert run.code in (CLEAN, NOT_CLEAN), str(run)
    assert run.summary["listed"] == run.summary["verified"] + run.summary["failed"], str(run)
    verified = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "-o", "jsonl").lines
    for row in verified:
        assert (copy / row["key"]).read_bytes() == (source / row["key"]).read_bytes()
    assert_completes(godwit, source, copy)


def test_c29_a_file_system_that_hangs_holds_up_nobody_else_and_can_be_left(godwit, tmp_path, odd_mount):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"file {number:02}").write_bytes(os.urandom(1 << 20))
    mount = odd_mount()
    command = ["copy", source, mount.path / "copy", "--limit-bytes-per-second", "4MiB", "--memory", "16MiB"]
    run = OnTerminal([godwit.binary, *command], godwit.environment(), cwd=godwit.home)
    run.wait_for(r"verified [1-9]")
    mount.process.send_signal(signal.SIGSTOP)
    # Another copy with the same state does not wait for it.
    other = godwit.copy(source, tmp_path / "other")
    assert other.code == CLEAN, str(other)
    pressed = time.monotonic()
    run.press_ctrl_c()
    run.wait_for("once more stops at once", seconds_max=30)
    run.press_ctrl_c()
    run.wait_for("once more if something hangs", seconds_max=30)
    run.press_ctrl_c()
    assert run.finish() == 130, run.text
    assert time.monotonic() - pressed < 30, "it did not wait for the file system"
    mount.process.send_signal(signal.SIGCONT)
    assert_completes(godwit, source, mount.path / "copy")


def test_c33_directories_that_cannot_be_synced_are_lived_with_and_named(godwit, tmp_path, odd_mount):
    source = many_files(tmp_path / "source", 20)
    (source / "folder").mkdir()
    (source / "link").symlink_to("file 0")
    mount = odd_mount()
    mount.fail("fsyncdir")
    run = godwit.copy(source, mount.path / "new/copy")
    assert run.code == CLEAN, str(run)
    assert run.stderr.count("cannot sync directories") == 1, str(run)
    (source / "folder").chmod(0o700)
    os.utime(source / "link", ns=(10**18, 10**18), follow_symlinks=False)
    again = godwit.copy(source, mount.path / "new/copy")
    assert again.code == CLEAN, str(again)
    assert stat.S_IMODE((mount.backing / "new/copy/folder").stat().st_mode) == 0o700


def test_f66_names_that_differ_in_case_never_overwrite_each_other(godwit, tmp_path, odd_mount):
    source = tmp_path / "source"
    for folder in ("dir", "DIR"):
        (source / folder).mkdir(parents=True)
        (source / folder / "1").write_bytes(folder.encode())
    for name in ("readme", "README", "ReadMe"):
        (source / name).write_bytes(name.encode())
    (source / "alone").write_bytes(b"alone")
    mount = odd_mount("--fold")
    run = godwit.copy(source, mount.path / "copy")
    assert run.code == NOT_CLEAN, str(run)
    (error,) = run.errors
    assert (error["scope"], error["code"], error["count"]) == ("DESTINATION", "NamesFold", 3), str(run)
    assert "differ in case" in error["message"] and error["fix"]
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "-o", "jsonl").lines
    verified = {row["key"] for row in rows if not row["key"].endswith("/")}
    assert len(verified) == 3 and "alone" in verified, "one of each"
    for key in verified:
        assert (mount.path / "copy" / key).read_bytes() == (source / key).read_bytes(), key


# Names that are one where letters are composed as the file system likes, or where case makes no difference.
COMPOSED, DECOMPOSED = "caf\u00e9", "cafe\u0301"
TWINS = {"--decompose": (COMPOSED, DECOMPOSED), "--fold": ("README", "readme")}


def verified_files(godwit: Godwit) -> set[str]:
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "-o", "jsonl").lines
    return {row["key"] for row in rows if not row["key"].endswith("/")}


def test_f66_names_that_differ_in_how_letters_are_composed_never_overwrite_each_other(godwit, tmp_path, odd_mount):
    source, target = tmp_path / "source", odd_mount("--decompose").path / "copy"
    names = [COMPOSED, DECOMPOSED, f"{COMPOSED}/x", f"{DECOMPOSED}/x", "한글", "alone", "\u212b", "\u00c5"]
    names = [f"folder {name}" if "/" in name else name for name in names]
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_bytes(name.encode())
    run = godwit.copy(source, target)
    assert run.code == NOT_CLEAN, str(run)
    (error,) = run.errors
    assert (error["scope"], error["code"], error["count"]) == ("DESTINATION", "NamesFold", 3), str(run)
    assert "composed" in error["message"] and error["fix"]
    verified = verified_files(godwit)
    assert len(verified) == 5
    for key in verified:
        assert (target / key).read_bytes() == (source / key).read_bytes(), key
    # This file system has changed names when it stored them, so nothing tells ours from others' now.
    again = godwit.copy(source, target)
    assert again.code == NOT_CLEAN and {error["code"] for error in again.errors} == {"NamesFold"}, str(again)
    for key in verified_files(godwit):
        assert (target / key).read_bytes() == (source / key).read_bytes(), key


@pytest.mark.parametrize("folding", TWINS)
def test_f66_a_twin_that_was_put_off_does_not_replace_the_other(godwit, tmp_path, odd_mount, folding):
    """What is looked for again by its name is found, and is another file."""
    small, large = TWINS[folding]
    source, target = tmp_path / "source", odd_mount(folding).path / "copy"
    source.mkdir()
    (source / small).write_bytes(b"verified first")
    (source / large).write_bytes(os.urandom(12 << 20))
    # So slowly that the large one is still read when the small one has its name.
    command = [godwit.binary, "copy", source, target, "--limit-bytes-per-second", "8MiB"]
    run = subprocess.Popen(command, env=godwit.environment(), cwd=godwit.home, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + MOMENT_SECONDS_MAX
    while not (target / small).exists():
        assert run.poll() is None and time.monotonic() < deadline
        time.sleep(0.001)
    with (source / large).open("r+b") as file:
        file.write(b"changed")
    assert run.wait(60) == NOT_CLEAN
    assert (target / small).read_bytes() == b"verified first"
    assert verified_files(godwit) == {small}
