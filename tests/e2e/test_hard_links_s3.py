"""Hard links through S3 and back. The kernel's inode numbers and boto3 are the witnesses, `rsync -aH` the comparison."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

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
