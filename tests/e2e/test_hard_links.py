"""Hard links between directories. The kernel's inode numbers are the witness, `cp -a` and `rsync -aH` the comparison."""

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from godwit import Godwit
from random_trees import RandomShape, RandomTree
from test_bad_input import CLEAN, NOT_CLEAN
from test_file_systems import strace  # noqa: F401 (fixture)
from test_s3_features import done

OPTION = "--preserve-hardlinks"


def make_source(root: Path, large: bool = True) -> Path:
    """Files with 1, 2, 3 and 50 names, in several directories, of some sizes; two files with equal bytes."""
    root.mkdir()
    for name in ("a/deep/er", "b", "z"):
        (root / name).mkdir(parents=True)
    (root / "alone").write_bytes(b"one name")
    for path in ("b/twin", "a/other twin"):
        (root / path).write_bytes(b"equal bytes")
    link(root, "b/twin", "z/twin")
    link(root, "a/other twin", "a/deep/other twin")
    (root / "empty").touch()
    link(root, "empty", "b/empty too", "a/empty three")
    (root / "b/program").write_bytes(b"#!/bin/sh\n")
    (root / "b/program").chmod(0o755)
    link(root, "b/program", *(f"{'abz'[i % 3]}/{i:02}" for i in range(49)))
    if large:
        (root / "z/large").write_bytes(os.urandom(20 << 20))
        link(root, "z/large", "a/deep/er/large")
    return root


def link(root: Path, first: str, *others: str) -> None:
    for other in others:
        os.link(root / first, root / other)


def everything(root: Path) -> list[Path]:
    """All below. Path.rglob() gives up at a link whose target is too long for a name."""
    return [Path(folder) / name for folder, folders, files in os.walk(root) for name in folders + files]


def groups(root: Path) -> set[frozenset[str]]:
    """The names of each file."""
    files: dict[tuple[int, int], set[str]] = {}
    for path in everything(root):
        status = path.lstat()
        if not stat.S_ISDIR(status.st_mode):
            files.setdefault((status.st_dev, status.st_ino), set()).add(str(path.relative_to(root)))
    return {frozenset(names) for names in files.values()}


def contents(root: Path) -> dict:
    found = {}
    for path in everything(root):
        status = path.lstat()
        body = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
        body = os.readlink(path) if stat.S_ISLNK(status.st_mode) else body
        found[str(path.relative_to(root))] = (body, status.st_mode, status.st_uid, status.st_mtime_ns)
    return found


def assert_same(source: Path, copy: Path) -> None:
    assert contents(copy) == contents(source)
    assert groups(copy) == groups(source)


def rows(godwit) -> dict[str, dict]:
    run = godwit.run("ledger", "export", "latest", "-o", "jsonl")
    assert run.code == CLEAN, str(run)
    return {row["key"]: row for row in run.lines if "key" in row}


@pytest.fixture
def source(tmp_path) -> Path:
    return make_source(tmp_path / "source")


def inodes(root: Path) -> dict[str, int]:
    return {str(path): path.lstat().st_ino for path in everything(root)}


def test_a8_names_of_one_file_become_names_of_one_file_as_cp_makes_them(godwit, source, tmp_path):
    copy = tmp_path / "copy"
    run = godwit.copy(source, copy, OPTION)
    done(run)
    subprocess.run(["cp", "-a", source, tmp_path / "by cp"], check=True)
    assert_same(source, copy)
    assert groups(copy) == groups(tmp_path / "by cp")
    assert run.summary["listed"] == len(contents(source))
    # Bytes are stored once, and every name has the proof of its file.
    linked = [row for row in rows(godwit).values() if row["reason"] == "linked"]
    assert len(linked) == 1 + 1 + 2 + 49 + 1
    assert all(row["bytes"] == 0 and row["level"].startswith("read_back") for row in linked)
    assert all(row["source_digest"] == row["destination_digest"] != "" for row in linked)


def test_a8_a_second_run_finds_linked_names_unchanged(godwit, source, tmp_path):
    copy = tmp_path / "copy"
    done(godwit.copy(source, copy, OPTION))
    before = inodes(copy)
    again = godwit.copy(source, copy, OPTION)
    done(again)
    assert again.summary["copied"] == 0 and again.summary["skipped"] == again.summary["listed"], str(again)
    assert rows(godwit) == {}
    assert inodes(copy) == before
    # Nor does a run without the option find anything to do.
    plain = godwit.copy(source, copy)
    done(plain)
    assert plain.summary["copied"] == 0, str(plain)


def test_a8_what_is_in_the_way_becomes_a_name_of_the_file(godwit, source, tmp_path):
    """Other bytes; equal bytes in a file of its own, with equal attributes or others; a link to somewhere else."""
    copy = tmp_path / "copy"
    (copy / "a").mkdir(parents=True)
    (copy / "b").mkdir()
    shutil.copy2(source / "a/00", copy / "a/00")
    shutil.copy2(source / "b/01", copy / "b/01")
    (copy / "b/01").chmod(0o600)
    (copy / "a/03").write_bytes(b"other bytes")
    (copy / "b/04").symlink_to("01")
    (copy / "kept").write_bytes(b"not ours")
    os.link(copy / "kept", copy / "b/07")
    done(godwit.copy(source, copy, OPTION))
    assert (copy / "kept").read_bytes() == b"not ours"
    (copy / "kept").unlink()
    assert_same(source, copy)
    again = godwit.copy(source, copy, OPTION)
    assert again.summary["copied"] == 0, str(again)


def test_a8_links_that_other_tools_made_are_taken_as_they_are(godwit, source, tmp_path):
    copy = tmp_path / "copy"
    subprocess.run(["cp", "-a", source, copy], check=True)
    before = inodes(copy)
    for _ in range(2):
        run = godwit.copy(source, copy, OPTION)
        done(run)
        assert run.summary["copied"] == 0 and inodes(copy) == before, str(run)


def test_a8_a_changed_file_changes_under_all_its_names(godwit, source, tmp_path):
    copy = tmp_path / "copy"
    done(godwit.copy(source, copy, OPTION))
    (source / "b/program").write_bytes(b"other bytes")
    (source / "b/twin").chmod(0o640)
    link(source, "alone", "a/not alone")
    (source / "a/deep/other twin").unlink()
    (source / "a/deep/other twin").write_bytes(b"its own")
    run = godwit.copy(source, copy, OPTION)
    done(run)
    assert_same(source, copy)
    again = godwit.copy(source, copy, OPTION)
    assert again.summary["copied"] == 0, str(again)


def test_a8_names_that_were_copied_apart_are_brought_together(godwit, source, tmp_path):
    copy = tmp_path / "copy"
    done(godwit.copy(source, copy))
    assert groups(copy) == {frozenset([name]) for group in groups(source) for name in group}
    done(godwit.copy(source, copy, OPTION))
    assert_same(source, copy)


@pytest.mark.parametrize("how", ["cut", "bytes"])
def test_a8_a_destination_that_was_changed_is_put_right(godwit, source, tmp_path, how):
    copy = tmp_path / "copy"
    done(godwit.copy(source, copy, OPTION))
    name, times = copy / "a/00", (copy / "a/00").stat()
    if how == "cut":
        shutil.copy2(name, tmp_path / "apart")
        os.replace(tmp_path / "apart", name)
    else:
        name.write_bytes(b"#!/bin/SH\n")
        os.utime(name, ns=(times.st_atime_ns, times.st_mtime_ns))
    done(godwit.copy(source, copy, OPTION))
    assert_same(source, copy)


def test_a8_what_links_apart_from_the_source_is_not_changed_through_another_name(godwit, tmp_path):
    """One file there, two here: what is set on one name would be set on the other."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.mkdir()
    for name, mode in (("one", 0o600), ("two", 0o640)):
        (source / name).write_bytes(b"equal")
        (source / name).chmod(mode)
        os.utime(source / name, ns=(1, 1))
    copy.mkdir()
    shutil.copy2(source / "one", copy / "one")
    os.link(copy / "one", copy / "two")
    done(godwit.copy(source, copy, OPTION))
    assert_same(source, copy)


def test_a8_a_name_that_failed_is_linked_by_a_later_run(godwit, source, tmp_path):
    copy = tmp_path / "copy"
    (copy / "a/deep/er/large/in the way").mkdir(parents=True)
    assert godwit.copy(source, copy, OPTION).code == NOT_CLEAN
    shutil.rmtree(copy / "a/deep/er/large")
    done(godwit.copy(source, copy, OPTION))
    assert_same(source, copy)
    for _ in range(2):
        quiet = godwit.copy(source, copy, OPTION)
    assert quiet.summary["copied"] == 0 and rows(godwit) == {}, str(quiet)


@pytest.mark.parametrize("links", [2, 3, 4])
def test_a8_a_kill_between_links_costs_no_link(godwit, source, tmp_path, strace, links):  # noqa: F811
    copy = tmp_path / "copy"
    (copy / "b").mkdir(parents=True)
    (copy / "b/program").write_bytes(b"in the way")
    killed = Godwit(godwit.home, prefix=strace("linkat", f"signal=KILL:when={links}")).copy(source, copy, OPTION)
    assert killed.code not in (CLEAN, NOT_CLEAN), str(killed)
    done(godwit.copy(source, copy, OPTION))
    assert_same(source, copy)
    assert not [path for path in copy.rglob(".godwit-*")]
    again = godwit.copy(source, copy, OPTION)
    assert again.summary["copied"] == 0, str(again)


@pytest.mark.parametrize("error", ["EPERM", "EMLINK", "EOPNOTSUPP", "EXDEV"])
def test_a8_where_nothing_can_be_linked_every_name_is_a_file(godwit, tmp_path, strace, error):  # noqa: F811
    source, copy = make_source(tmp_path / "source", large=False), tmp_path / "copy"
    refusing = Godwit(godwit.home, prefix=strace("linkat", f"error={error}:when=1+"))
    run = refusing.copy(source, copy, OPTION)
    done(run)
    assert contents(copy) == contents(source)
    assert run.stderr.count("no further name here") == 1, str(run)
    again = refusing.copy(source, copy, OPTION)
    done(again)
    assert again.summary["copied"] == 0 and "no further name" not in again.stderr, str(again)


def test_a8_names_that_were_not_selected_are_not_there(godwit, source, tmp_path):
    run = godwit.copy(source / "a", tmp_path / "copy", OPTION)
    done(run)
    assert_same(source / "a", tmp_path / "copy")


def test_a8_a_dry_run_tells_which_names_belong_together(godwit, source, tmp_path):
    run = godwit.copy(source, tmp_path / "copy", OPTION, "--dry-run")
    files = {}
    for line in run.lines:
        if "hard_link" in line:
            files.setdefault(line["hard_link"], set()).add(line["key"])
    assert {frozenset(names) for names in files.values()} == {g for g in groups(source) if len(g) > 1}
    assert run.summary["hard_links"] == sum(map(len, files.values())) and run.summary["copy"] > 0
    assert not (tmp_path / "copy").exists()


def test_a8_a_good_copy_is_not_linked_to_one_that_nothing_proves(godwit, tmp_path):
    """The first name's copy has the source's size and mtime, but other bytes."""
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.mkdir()
    copy.mkdir()
    (source / "a").write_bytes(b"the bytes")
    os.link(source / "a", source / "b")
    for name in ("a", "b"):
        shutil.copy2(source / name, copy / name)
    times = (copy / "a").stat()
    (copy / "a").write_bytes(b"OTHER one")
    os.utime(copy / "a", ns=(times.st_atime_ns, times.st_mtime_ns))
    done(godwit.copy(source, copy, OPTION))
    assert_same(source, copy)


@pytest.mark.skipif(os.geteuid() != 0, reason="NOT TESTED: files of other owners, which take root to make")
@pytest.mark.parametrize("seed", range(4))
def test_a8_a_random_tree_ends_as_rsync_leaves_it(godwit, tmp_path, seed):
    source, copy, by_rsync = (tmp_path / name for name in ("source", "copy", "by rsync"))
    tree = RandomTree(source, RandomShape(seed, part_sizes=False))
    tree.make()
    regular = sorted(path for path in everything(source) if stat.S_ISREG(path.lstat().st_mode))
    for number, path in enumerate(tree.random.sample(regular, min(8, len(regular)))):
        for name in range(1 + number % 3):
            os.link(path, source / f"another name {number}.{name}")
    done(godwit.copy(source, copy, OPTION))
    subprocess.run(["rsync", "-aH", f"{source}/", by_rsync], check=True)
    assert any(len(group) > 1 for group in groups(source))
    assert groups(copy) == groups(by_rsync) == groups(source)
    assert contents(copy) == contents(by_rsync)
