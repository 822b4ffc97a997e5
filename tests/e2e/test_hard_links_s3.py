"""Hard links through S3 and back. The kernel's inode numbers and boto3 are the witnesses, `rsync -aH` the comparison."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from godwit import Godwit
from s3double import Double
from test_bad_input import CLEAN, NOT_CLEAN
from test_file_systems import strace  # noqa: F401 (fixture)
from test_hard_links import OPTION, assert_same, contents, groups, inodes, link, make_source, rows
from test_s3_features import done
from test_xattrs import At, at, at_double, double  # noqa: F401 (fixtures)

KEY = "godwit-hardlink"
FORM = re.compile(r"1\.(0|[1-9a-f][0-9a-f]{0,15})\.(0|[1-9a-f][0-9a-f]{0,15})")


@pytest.fixture
def source(tmp_path) -> Path:
    return make_source(tmp_path / "source")


def ids(at: At, root: Path) -> dict[str, str | None]:
    """What each object tells, by name."""
    return {name: at.metadata(name).get(KEY) for group in groups(root) for name in group}


def operations(double, mark: int) -> list[str]:
    """What was asked for of objects, but by the probe."""
    asked = [record for record in double.audit()[mark:] if record["operation"] != "ListObjectsV2"]
    return [record["operation"] for record in asked if ".godwit-probe" not in record.get("key", "")]


# --- to S3


def test_a8_each_object_is_whole_and_tells_which_file_it_is_a_name_of(at, source, tmp_path):
    done(at.copy(source, at.uri, OPTION))
    told = ids(at, source)
    for group in groups(source):
        lines = {told[name] for name in group}
        assert len(lines) == 1, lines
        (line,) = lines
        assert line is None if len(group) == 1 else FORM.fullmatch(line), line
    assert len({line for line in told.values() if line}) == len([g for g in groups(source) if len(g) > 1])
    for name in ("alone", "b/twin", "a/other twin", "b/program", "a/00", "empty", "z/large", "a/deep/er/large"):
        body = at.s3.get_object(Bucket=at.bucket, Key=f"tree/{name}")["Body"].read()
        assert body == (source / name).read_bytes()
    done(at.copy(source, at.uri, OPTION), copied=0)


def test_a8_who_asks_later_costs_a_look_at_each_name_and_no_byte(at_double, source, double):
    done(at_double.copy(source, at_double.uri))
    assert set(ids(at_double, source).values()) == {None}
    names = sum(len(group) for group in groups(source) if len(group) > 1)
    mark = double.forget()
    done(at_double.copy(source, at_double.uri, OPTION), copied=names, bytes=0)
    asked = operations(double, mark)
    assert set(asked) == {"HeadObject", "CopyObject"} and asked.count("CopyObject") == names
    assert sum(line is not None for line in ids(at_double, source).values()) == names
    # And costs nothing any more, nor does who asks no longer.
    mark = double.forget()
    for options in ([OPTION], []):
        done(at_double.copy(source, at_double.uri, *options), copied=0)
    assert operations(double, mark) == []


def test_a8_where_the_metadata_are_there_already_nothing_is_written(at_double, source, double, tmp_path):
    done(at_double.copy(source, at_double.uri, OPTION))
    shutil.rmtree(at_double.godwit.home)
    at_double.godwit.home.mkdir()
    mark = double.forget()
    done(at_double.copy(source, at_double.uri, OPTION), copied=0)
    assert set(operations(double, mark)) == {"HeadObject"}


def test_a8_a_run_that_does_not_ask_leaves_no_line_that_may_be_wrong(at_double, source):
    done(at_double.copy(source, at_double.uri, OPTION))
    before = ids(at_double, source)
    (source / "b/twin").chmod(0o600)
    done(at_double.copy(source, at_double.uri), bytes=0)
    without = ids(at_double, source)
    assert {name for name in before if before[name] != without[name]} == {"b/twin", "z/twin"}
    assert without["b/twin"] is None
    done(at_double.copy(source, at_double.uri, OPTION), copied=2, bytes=0)
    assert ids(at_double, source) == before


def test_a8_the_ids_of_one_place_are_none_of_another(at_double, source):
    done(at_double.copy(source, at_double.uri, OPTION))
    done(at_double.copy(source, "s3://two/tree", OPTION))
    at_other = At(at_double.godwit, at_double.server, "two")
    ours, others = ids(at_double, source), ids(at_other, source)
    assert not {line for line in ours.values() if line} & {line for line in others.values() if line}


def test_a8_a_copy_to_another_bucket_carries_the_line(at_double, source, tmp_path):
    done(at_double.copy(source, at_double.uri, OPTION))
    before = ids(at_double, source)
    at_other = At(at_double.godwit, at_double.server, "two")
    done(at_double.copy(at_double.uri, "s3://two/tree", OPTION))
    assert ids(at_other, source) == before
    # The streaming copy, too.
    done(at_double.copy(at_double.uri, "s3://two/tree", OPTION, "--read-back", "--transfer-all"))
    assert ids(at_other, source) == before
    done(at_double.copy("s3://two/tree", tmp_path / "back", OPTION))
    assert_same(source, tmp_path / "back")


# --- and back


def test_a8_names_come_back_as_names_of_one_file_as_rsync_keeps_them(at, source, tmp_path):
    done(at.copy(source, at.uri, OPTION))
    run = at.copy(at.uri, tmp_path / "back", OPTION)
    done(run)
    subprocess.run(["rsync", "-aH", f"{source}/", tmp_path / "by rsync"], check=True)
    assert_same(source, tmp_path / "back")
    assert groups(tmp_path / "back") == groups(tmp_path / "by rsync")
    linked = [row for row in rows(at.godwit).values() if row["reason"] == "linked"]
    assert len(linked) == 1 + 1 + 2 + 49 + 1
    assert all(row["bytes"] == 0 and row["level"].startswith("read_back") for row in linked)
    assert all(row["source_digest"] == row["destination_digest"] != "" for row in linked)


def test_a8_back_without_the_option_each_name_is_a_file(at_double, source, tmp_path):
    done(at_double.copy(source, at_double.uri, OPTION))
    done(at_double.copy(at_double.uri, tmp_path / "back"))
    assert contents(tmp_path / "back") == contents(source)
    assert all(len(group) == 1 for group in groups(tmp_path / "back"))
    # Whoever asks later gets them.
    done(at_double.copy(at_double.uri, tmp_path / "back", OPTION))
    assert_same(source, tmp_path / "back")


def test_a8_no_request_is_spent_on_what_has_no_other_names(at_double, source, tmp_path, double):
    done(at_double.copy(source, at_double.uri, OPTION))
    sizes = {name: (source / name).stat().st_size for group in groups(source) for name in group}
    mark = double.forget()
    done(at_double.copy(at_double.uri, tmp_path / "back", OPTION))
    asked = {}
    for record in double.audit()[mark:]:
        if record["operation"] in ("GetObject", "HeadObject"):
            asked.setdefault(record["key"].removeprefix("tree/"), []).append(record["operation"])
    assert asked["alone"] == ["GetObject"]
    for group in groups(source):
        small = [name for name in group if len(group) > 1 and sizes[name] < 8 << 20]
        # Each is read once, and one of them once more.
        assert sorted(len(asked[name]) for name in small) == ([1] * (len(small) - 1) + [2] if small else [])
    # Of the large file the bytes are read once.
    large = asked["z/large"] + asked["a/deep/er/large"]
    assert large.count("HeadObject") == 3 and large.count("GetObject") == 3, large


def test_a8_a_second_run_back_asks_for_no_object(at_double, source, tmp_path, double):
    back = tmp_path / "back"
    done(at_double.copy(source, at_double.uri, OPTION))
    done(at_double.copy(at_double.uri, back, OPTION))
    before = inodes(back)
    # What was stored in the second in which it was copied is looked at once more.
    done(at_double.copy(at_double.uri, back, OPTION), copied=0)
    assert inodes(back) == before


def test_a8_a_changed_file_comes_back_changed_under_all_its_names(at_double, source, tmp_path):
    back = tmp_path / "back"
    done(at_double.copy(source, at_double.uri, OPTION))
    done(at_double.copy(at_double.uri, back, OPTION))
    (source / "b/program").write_bytes(b"other bytes")
    (source / "z/large").write_bytes(os.urandom(9 << 20))
    (source / "b/twin").chmod(0o640)
    link(source, "alone", "a/not alone")
    link(source, "empty", "z/empty four")
    (source / "a/deep/other twin").unlink()
    (source / "a/deep/other twin").write_bytes(b"its own")
    for _ in range(2):
        done(at_double.copy(source, at_double.uri, OPTION))
        done(at_double.copy(at_double.uri, back, OPTION))
        assert_same(source, back)


def test_a8_names_are_taken_off_again_and_what_was_replaced_is_put_right(at_double, source, tmp_path):
    back = tmp_path / "back"
    done(at_double.copy(source, at_double.uri, OPTION))
    done(at_double.copy(at_double.uri, back, OPTION))
    # In the bucket the removed name stays, as any object does, and is whole.
    (source / "z/twin").unlink()
    (back / "a/00").write_bytes(b"#!/bin/SH\n")
    for _ in range(2):
        done(at_double.copy(source, at_double.uri, OPTION))
        done(at_double.copy(at_double.uri, back, OPTION))
    assert groups(back) == groups(source) - {frozenset(["b/twin"])} | {frozenset(["b/twin", "z/twin"])}
    assert {name: each for name, each in contents(back).items() if name != "z/twin"} == contents(source)


# --- what others may have written

FILE = {
    "file-owner": str(os.geteuid()),
    "file-group": str(os.getegid()),
    "file-permissions": "0100644",
    "file-mtime": "1595002920000000000ns",
}
ONE = {KEY: "1.1.1"}
LARGE = 8 << 20


def put(at: At, key: str, body: bytes, **changed: str) -> None:
    """An object that says, as all others do, that it is a name of one file."""
    metadata = {name.replace("_", "-"): value for name, value in changed.items()}
    at.s3.put_object(Bucket=at.bucket, Key=f"tree/{key}", Body=body, Metadata=FILE | ONE | metadata)


def back_are(at: At, back: Path, expected: dict[str, bytes], *files: str, options=()) -> None:
    """`expected` come back byte for byte; of each of `files` all names are one file, all others have one name."""
    done(at.copy(at.uri, back, OPTION, *options))
    assert {name: (back / name).read_bytes() for name in expected} == expected
    together = {frozenset(names.split()) for names in files}
    alone = set(expected) - set().union(*together)
    assert groups(back) == together | {frozenset([name]) for name in alone}
    levels = {row["level"].partition(" ")[0] for row in rows(at.godwit).values() if row["key"] in expected}
    assert all(level.startswith("read_back") for level in levels), levels


@pytest.mark.parametrize("size", [5, LARGE + 1])
@pytest.mark.parametrize("options", [(), ("--read-back",), ("--checksum", "sha256")])
def test_a8_c24_other_bytes_of_the_same_size_are_never_linked(at_double, tmp_path, size, options):
    bodies = {"a": b"x", "b": b"y", "c": b"x", "d": b"y", "e": b"z"}
    bodies = {key: body * size for key, body in bodies.items()}
    for key, body in bodies.items():
        put(at_double, key, body)
    back_are(at_double, tmp_path / "back", bodies, "a c", "b d", options=options)


def test_a8_other_bytes_at_a_store_that_keeps_no_checksum_are_never_linked(godwit, tmp_path):
    double = Double(tmp_path / "double", "--checksums", "ignored", "--etag", "opaque")
    at = At(godwit, double, "one")
    bodies = {"a": b"x" * (LARGE + 1), "b": b"y" * (LARGE + 1), "c": b"x" * (LARGE + 1), "d": b"1", "e": b"2", "f": b"1"}
    for key, body in bodies.items():
        put(at, key, body)
    back_are(at, tmp_path / "back", bodies, "a c", "d f")
    double.stop()


@pytest.mark.parametrize(
    "other",
    [
        {"file_permissions": "0100600"},
        {"file_permissions": "0104644"},
        {"file_owner": "1234567"},
        {"file_group": "1234567"},
        {"file_mtime": "1595002920000000001ns"},
        {"godwit_xattrs": "user.a=YQ=="},
        {KEY.replace("-", "_"): "1.1.2"},
        {KEY.replace("-", "_"): "1.2.1"},
    ],
)
def test_a8_other_attributes_are_never_linked(at_double, tmp_path, other):
    for key in ("a", "b"):
        put(at_double, key, b"equal")
    put(at_double, "c", b"equal", **other)
    options = ["--preserve-xattrs"] + (["--preserve-set-id"] if os.geteuid() == 0 else ["--no-preserve-owner"])
    back_are(at_double, tmp_path / "back", dict.fromkeys("abc", b"equal"), "a b", options=options)
    modes = {(tmp_path / "back" / key).stat().st_mode for key in "ab"}
    assert modes == {0o100644}


@pytest.mark.parametrize(
    "line",
    ["", "1", "1.1.1.1", "1.01.1", "2.1.1", "1.G.1", "1.-1.1", "1.1.10000000000000000", "1.1." + "1" * 1500, "é"],
)
def test_a8_g73_ids_that_are_none_tell_of_nothing(at_double, tmp_path, line):
    odd = {KEY.replace("-", "_"): line.encode().decode("latin-1") if line.isascii() else "=?UTF-8?Q?=C3=A9?="}
    for key in ("a", "b"):
        put(at_double, key, b"equal", **odd)
    back_are(at_double, tmp_path / "back", {"a": b"equal", "b": b"equal"})
    # And they go on to another bucket as they are.
    done(at_double.copy(at_double.uri, "s3://two/tree", OPTION))
    at_other = At(at_double.godwit, at_double.server, "two")
    assert at_other.metadata("a") == at_double.metadata("a")


def test_a8_what_is_no_regular_file_or_tells_no_attributes_is_linked_to_nothing(at_double, tmp_path):
    put(at_double, "file", b"to")
    for key in ("link", "other link"):
        put(at_double, key, b"to", file_permissions="0120777")
    put(at_double, "folder/", b"", file_permissions="0040755")
    for key in ("without", "attributes"):
        at_double.s3.put_object(Bucket="one", Key=f"tree/{key}", Body=b"to", Metadata=ONE)
    done(at_double.copy(at_double.uri, tmp_path / "back", OPTION))
    assert all(len(names) == 1 for names in groups(tmp_path / "back"))
    assert os.readlink(tmp_path / "back/link") == "to" and (tmp_path / "back/folder").is_dir()


def test_a8_a_good_copy_does_not_give_way_to_one_that_nothing_proves(at_double, tmp_path):
    """The first name's copy has the object's size and attributes, but other bytes."""
    back = tmp_path / "back"
    for key in ("a", "b"):
        put(at_double, key, b"the bytes")
    done(at_double.copy(at_double.uri, back))
    times = (back / "a").stat()
    (back / "a").write_bytes(b"OTHER one")
    os.utime(back / "a", ns=(times.st_atime_ns, times.st_mtime_ns))
    shutil.rmtree(at_double.godwit.home)
    at_double.godwit.home.mkdir()
    back_are(at_double, back, {"a": b"the bytes", "b": b"the bytes"}, "a b")


def test_a8_a_first_name_that_changes_meanwhile_is_tried_again_with_all_others(at_double, tmp_path, double):
    """When it is read for the second time, the store says that it is another generation."""
    for key in ("a", "b", "c"):
        put(at_double, key, b"equal")
    double.rules({"operation": "GetObject", "key": "tree/a", "nth": 2, "status": 412, "code": "PreconditionFailed"})
    back = tmp_path / "back"
    back_are(at_double, back, dict.fromkeys("abc", b"equal"), "a b c")
    assert len(double.audit("GetObject", "tree/a")) == 3


def test_a8_a_kill_between_links_costs_no_link_on_the_way_back(at_double, source, tmp_path, strace):  # noqa: F811
    back = tmp_path / "back"
    done(at_double.copy(source, at_double.uri, OPTION))
    home = at_double.godwit.home
    for links in (1, 3, 7):
        at_double.godwit = Godwit(home, prefix=strace("linkat", f"signal=KILL:when={links}"))
        killed = at_double.copy(at_double.uri, back, OPTION)
        assert killed.code not in (CLEAN, NOT_CLEAN), str(killed)
    at_double.godwit = Godwit(home)
    done(at_double.copy(at_double.uri, back, OPTION))
    assert_same(source, back)
    assert not list(back.rglob(".godwit-*"))
    done(at_double.copy(at_double.uri, back, OPTION), copied=0)


def test_a8_where_nothing_can_be_linked_every_name_comes_back_as_a_file(at_double, source, tmp_path, strace):  # noqa: F811
    back = tmp_path / "back"
    done(at_double.copy(source, at_double.uri, OPTION))
    at_double.godwit = Godwit(at_double.godwit.home, prefix=strace("linkat", "error=EOPNOTSUPP:when=1+"))
    run = at_double.copy(at_double.uri, back, OPTION)
    done(run)
    assert contents(back) == contents(source) and run.stderr.count("no further name here") == 1, str(run)
    quiet = at_double.copy(at_double.uri, back, OPTION)
    done(quiet, copied=0)
    assert "no further name" not in quiet.stderr and contents(back) == contents(source), str(quiet)


def test_a8_three_thousand_names_come_back_as_one_file(at_double, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    (source / "first").write_bytes(b"one file")
    link(source, "first", *(f"{i:04}" for i in range(2999)))
    done(at_double.copy(source, at_double.uri, OPTION))
    done(at_double.copy(at_double.uri, tmp_path / "back", OPTION))
    assert_same(source, tmp_path / "back")


def test_a8_a_dry_run_back_says_what_a_run_would_do(at_double, source, tmp_path):
    done(at_double.copy(source, at_double.uri, OPTION))
    run = at_double.copy(at_double.uri, tmp_path / "back", OPTION, "--dry-run")
    assert run.code == CLEAN and run.summary["copy"] == len(contents(source)), str(run)
    assert not (tmp_path / "back").exists()
    towards = at_double.copy(source, "s3://two/tree", OPTION, "--dry-run")
    assert towards.code == CLEAN and towards.summary["copy"] == len(contents(source)), str(towards)
