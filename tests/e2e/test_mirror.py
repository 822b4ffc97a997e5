"""`copy --delete`: what only the destination has goes, and nothing else ever does (catalogue group B)."""

import os
import random
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from s3double import Double
from test_bad_input import common, nobody  # noqa: F401 (fixtures)
from test_selection import files

KEPT = {"a.txt": b"a", "d/b.txt": b"b", "d/e/c.txt": b"c"}
GONE = {"old.txt": b"old", "d/old.txt": b"old", "gone/x": b"x", "gone/deep/y": b"y", "gone/deep/.hidden": b"z"}
# Anything that was made within this time of the start may have been made after it, as far as LastModified tells.
DATED_TO_SECONDS = 2.1


def fill(root: Path, content: dict[str, bytes]) -> Path:
    for name, data in content.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return root


@pytest.fixture
def source(tmp_path) -> Path:
    return fill(tmp_path / "source", KEPT)


@pytest.fixture
def copy(tmp_path) -> Path:
    return fill(tmp_path / "copy", KEPT | GONE)


@pytest.fixture
def double(tmp_path):
    server = Double(tmp_path / "double")
    yield server
    server.stop()


def directories(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_dir()}


def mirror(godwit, source, copy, *options, **rest):
    return godwit.copy(source, copy, "--delete", "--max-delete", "100%", *options, **rest)


def deletes(double: Double) -> list[str]:
    """Of objects, not of what a probe leaves."""
    asked = double.audit("DeleteObject") + double.audit("DeleteObjects")
    return [record.get("key", "") for record in asked if ".godwit-probe" not in record.get("key", "")]


# ---- Directories


def test_a_directory_becomes_the_other_s_mirror(godwit, source, copy):
    plan = mirror(godwit, source, copy, "--dry-run")
    assert plan.code == 0, str(plan)
    assert files(copy) == set(KEPT | GONE), "a plan changes nothing"
    run = mirror(godwit, source, copy)
    assert run.code == 0, str(run)
    assert files(copy) == set(KEPT)
    assert directories(copy) == directories(source)
    planned = {line["key"] for line in plan.lines if line.get("action") == "delete"}
    assert planned == set(GONE) | {"gone/", "gone/deep/"}
    assert plan.summary["delete"] == run.summary["deleted"] == len(planned)
    rows = godwit.run("ledger", "query", "outcome=deleted", "-o", "jsonl").lines
    assert {row["key"]: row["reason"] for row in rows} == dict.fromkeys(planned, "not_at_source")
    again = mirror(godwit, source, copy)
    assert (again.code, again.summary["deleted"], again.summary["copied"]) == (0, 0, 0), str(again)


def test_without_the_option_nothing_goes(godwit, source, copy):
    run = godwit.copy(source, copy)
    assert (run.code, run.summary["deleted"]) == (0, 0), str(run)
    assert files(copy) == set(KEPT | GONE)


def test_directories_keep_their_times_when_something_in_them_has_gone(godwit, source, copy):
    os.utime(source / "d", ns=(10**18, 10**18))
    assert mirror(godwit, source, copy).code == 0
    assert (copy / "d").stat().st_mtime_ns == 10**18
    (source / "d/b.txt").unlink()
    os.utime(source / "d", ns=(10**18 + 5, 10**18 + 5))
    assert mirror(godwit, source, copy).code == 0
    assert (copy / "d").stat().st_mtime_ns == 10**18 + 5
    assert not (copy / "d/b.txt").exists()


def test_what_a_filter_hides_stays_with_the_directories_that_lead_there(godwit, source, copy):
    run = mirror(godwit, source, copy, "--exclude", ".hidden", "--exclude", "old.txt")
    assert run.code == 0, str(run)
    assert files(copy) == set(KEPT) | {"old.txt", "d/old.txt", "gone/deep/.hidden"}
    assert run.summary["kept"] == {"not_empty": 2}


def test_links_and_odd_files_go_and_nothing_behind_them(godwit, source, copy, tmp_path):
    outside = fill(tmp_path / "outside", {"precious": b"bytes"})
    (copy / "link").symlink_to(outside)
    (copy / "dangling").symlink_to("nowhere")
    os.mkfifo(copy / "fifo")
    run = mirror(godwit, source, copy)
    assert run.code == 0, str(run)
    assert sorted(os.listdir(copy)) == sorted(os.listdir(source))
    assert (outside / "precious").read_bytes() == b"bytes"


def test_f65_a_directory_that_became_a_file_is_a_file_after_the_second_run(godwit, source, copy):
    fill(source, {"gone": b"a file now"})
    first = mirror(godwit, source, copy)
    assert first.code == 1, str(first)
    assert mirror(godwit, source, copy).code == 0
    assert (copy / "gone").read_bytes() == b"a file now"


def test_b21_what_may_not_be_removed_is_told_and_the_rest_goes(godwit, source, copy):
    subprocess.run(["chattr", "+i", copy / "gone/x"], check=True)
    try:
        run = mirror(godwit, source, copy)
        assert run.code == 1, str(run)
        assert files(copy) == set(KEPT) | {"gone/x"}
        assert run.summary["not_deleted"] == 1
        assert [error["code"] for error in run.errors] == ["EPERM"]
    finally:
        subprocess.run(["chattr", "-i", copy / "gone/x"], check=True)
    assert mirror(godwit, source, copy).code == 0
    assert files(copy) == set(KEPT)


# ---- Nothing goes


def test_b17_an_empty_source_deletes_nothing(godwit, copy, tmp_path):
    (tmp_path / "empty").mkdir()
    for options in ([], ["--dry-run"]):
        run = mirror(godwit, tmp_path / "empty", copy, *options)
        assert run.code == 8, str(run)
        assert "holds nothing" in run.summary["deletes_withheld"]
        assert files(copy) == set(KEPT | GONE)


@pytest.fixture
def theirs(common, nobody):
    """A source, and a copy of one more, that belong to nobody."""
    source, copy = fill(common / "source", KEPT), fill(common / "copy", KEPT | GONE)
    for path in (source, copy, *source.rglob("*"), *copy.rglob("*")):
        os.chown(path, *(os.stat(nobody.home).st_uid, os.stat(nobody.home).st_gid))
    return source, copy


def test_b17_l114_a_directory_that_cannot_be_read_deletes_nothing(nobody, theirs):
    source, copy = theirs
    (source / "d").chmod(0)
    run = mirror(nobody, source, copy)
    (source / "d").chmod(0o755)
    assert run.code == 8, str(run)
    assert "could not be listed" in run.summary["deletes_withheld"]
    assert files(copy) == set(KEPT | GONE)


@pytest.mark.parametrize(
    ("bound", "goes"), [(["1"], False), (["7"], True), (["20%"], False), (["100", "20%"], False), (None, False)]
)
def test_b18_more_than_is_allowed_deletes_nothing(godwit, source, copy, bound, goes):
    options = [word for value in bound or [] for word in ("--max-delete", value)]
    plan = godwit.copy(source, copy, "--delete", *options, "--dry-run")
    run = godwit.copy(source, copy, "--delete", *options)
    assert run.code == plan.code == (0 if goes else 8), str(run)
    assert files(copy) == set(KEPT if goes else KEPT | GONE)
    if not goes:
        assert "would go; allowed are" in run.summary["deletes_withheld"]
        assert run.summary["kept"] == {"withheld": 7}


def test_b18_another_place_under_the_old_name_deletes_nothing(godwit, source, copy):
    assert godwit.copy(source, copy).code == 0
    source.rename(source.with_name("before"))
    fill(source, {"unrelated": b"bytes"})
    run = mirror(godwit, source, copy)
    assert run.code == 8, str(run)
    assert "not the place" in run.summary["deletes_withheld"]
    assert set(KEPT | GONE) < files(copy)


def test_what_could_not_be_copied_holds_the_deletes_back(nobody, theirs):
    source, copy = theirs
    (source / "a.txt").chmod(0)
    os.utime(source / "a.txt", (1, 1))
    run = mirror(nobody, source, copy)
    assert run.code == 8, str(run)
    assert "could not be copied" in run.summary["deletes_withheld"]
    despite = mirror(nobody, source, copy, "--delete-despite-failures")
    assert despite.code == 1, str(despite)
    assert files(copy) == set(KEPT)


@pytest.mark.parametrize(
    "words",
    [
        ["--max-delete", "5"],
        ["--delete-despite-failures"],
        ["--delete", "--max-delete", "some"],
        ["--delete", "--max-delete", "101%"],
        ["--delete", "--max-delete", "-1"],
        ["--delete", "--transfer-all"],
    ],
)
def test_options_that_make_no_sense_are_refused(godwit, source, copy, words):
    run = godwit.copy(source, copy, *words)
    assert run.code == 2, str(run)
    assert files(copy) == set(KEPT | GONE)


def test_a_single_file_has_no_mirror(godwit, source, copy):
    run = godwit.copy(source / "a.txt", copy / "a.txt", "--delete")
    assert run.code == 2, str(run)
    assert files(copy) == set(KEPT | GONE)


# ---- Buckets


def put_all(s3, bucket: str, content: dict[str, bytes]) -> None:
    for key, data in content.items():
        s3.put_object(Bucket=bucket, Key=key, Body=data)


def keys(s3, bucket: str) -> set[str]:
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {item["Key"] for page in pages for item in page.get("Contents", [])}


def wait_a_second() -> None:
    """So that what was made before can be told from what is made now, where time is told in seconds."""
    subprocess.run(["sleep", str(DATED_TO_SECONDS)], check=True)


def test_a_bucket_becomes_the_mirror_of_a_directory(godwit, server, bucket, source):
    put_all(server.s3, bucket, KEPT | GONE)
    wait_a_second()
    run = mirror(godwit, source, f"s3://{bucket}", server=server)
    if run.code == 8:
        # Without conditional deletes it says so, and wants to be told.
        assert "no conditional deletes" in run.summary["deletes_withheld"], str(run)
        assert set(KEPT | GONE) <= keys(server.s3, bucket)
        run = mirror(godwit, source, f"s3://{bucket}", "--delete-unconditionally", server=server)
    assert run.code == 0, str(run)
    assert {key for key in keys(server.s3, bucket) if not key.endswith("/")} == set(KEPT)


def test_a_directory_becomes_the_mirror_of_a_bucket(godwit, server, bucket, copy):
    put_all(server.s3, bucket, KEPT)
    run = mirror(godwit, f"s3://{bucket}", copy, server=server)
    assert run.code == 0, str(run)
    assert files(copy) == set(KEPT)
    assert directories(copy) == {"d", "d/e"}


def test_b21_a_bucket_that_keeps_versions_keeps_what_is_deleted(godwit, rgw, source):
    bucket = rgw.make_bucket()
    rgw.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    put_all(rgw.s3, bucket, KEPT | GONE)
    wait_a_second()
    run = mirror(godwit, source, f"s3://{bucket}", server=rgw)
    assert run.code == 0, str(run)
    assert {key for key in keys(rgw.s3, bucket) if not key.endswith("/")} == set(KEPT)
    versions = rgw.s3.list_object_versions(Bucket=bucket)["Versions"]
    assert set(GONE) <= {version["Key"] for version in versions}


def test_deletes_name_the_version_that_was_listed(godwit, double, source):
    put_all(double.s3, "one", KEPT | GONE)
    wait_a_second()
    run = mirror(godwit, source, "s3://one", "--endpoint-url", double.endpoint, environment=double.environment)
    assert run.code == 0, str(run)
    assert keys(double.s3, "one") >= set(KEPT)
    assert Counter(deletes(double)) == Counter(list(GONE))
    for record in double.audit("DeleteObject"):
        if record["key"] in GONE:
            assert {name.lower() for name in record["headers"]} >= {"if-match"}


def test_what_came_to_the_bucket_just_now_stays(godwit, double, source):
    put_all(double.s3, "one", KEPT)
    double.rules({"operation": "ListObjectsV2", "bucket": "one", "list_last_modified": "2099-01-01T00:00:00.000Z"})
    put_all(double.s3, "one", GONE)
    run = mirror(godwit, source, "s3://one", "--endpoint-url", double.endpoint, environment=double.environment)
    assert run.code == 0, str(run)
    assert run.summary["kept"] == {"newer": len(GONE)}
    assert not deletes(double)


def test_b20_each_delete_has_an_end_of_its_own(godwit, double, source):
    put_all(double.s3, "one", KEPT | GONE)
    wait_a_second()
    stuck = ["gone/x", "old.txt"]
    double.rules(
        *({"operation": "DeleteObject", "key": key, "status": 403, "code": "AccessDenied"} for key in stuck)
    )
    run = mirror(godwit, source, "s3://one", "--endpoint-url", double.endpoint, environment=double.environment)
    assert run.code == 1, str(run)
    assert (run.summary["deleted"], run.summary["not_deleted"]) == (len(GONE) - 2, 2)
    assert set(stuck) <= keys(double.s3, "one")
    assert keys(double.s3, "one") & set(GONE) == set(stuck)


LISTINGS_THAT_LIE = {
    "E46_the_same_token_for_ever": {"list_endless_token": "="},
    "E46_a_blank_token": {"list_endless_token": ""},
    "E46_truncated_without_a_token": {"list_endless_without_token": True},
    "E46_empty_pages_without_end": {"list_empty": True, "list_endless_token": "again"},
    "E47_a_key_twice": {"list_repeat": True},
    "E47_backwards": {"list_reverse": True},
    "E47_a_key_outside_the_prefix": {"list_foreign_key": "secret/other"},
    "B17_refused": {"status": 403, "code": "AccessDenied"},
    "B17_not_there": {"status": 404, "code": "NoSuchBucket"},
    "B17_no_list_at_all": {"status": 200, "body": "<html>login</html>"},
    "B17_empty": {"list_empty": True},
    "B17_the_first_key_is_left_out": {"list_omit": True},
}


@pytest.mark.parametrize("name", LISTINGS_THAT_LIE)
@pytest.mark.parametrize("end", ["source", "destination"])
def test_a_listing_that_lies_deletes_nothing(godwit, double, copy, source, name, end):
    put_all(double.s3, "one", KEPT if end == "source" else KEPT | GONE)
    wait_a_second()
    double.rules({"operation": "ListObjectsV2", "bucket": "one"} | LISTINGS_THAT_LIE[name])
    options = ["--endpoint-url", double.endpoint]
    if end == "source":
        run = mirror(godwit, "s3://one/", copy, *options, environment=double.environment)
    else:
        run = mirror(godwit, source, "s3://one/", *options, environment=double.environment)
    if end == "destination" and name in ("B17_empty", "B17_the_first_key_is_left_out"):
        assert run.code == 0, f"what was listed, if anything, may go: {run}"
        return
    else:
        assert run.code not in (0, 1), str(run)
    assert not deletes(double)
    double.rules()
    if end == "source":
        assert files(copy) == set(KEPT | GONE)
    else:
        assert keys(double.s3, "one") >= set(KEPT | GONE)


def test_e48_wrong_sizes_and_etags_of_a_listing_delete_nothing_wrong(godwit, double, source):
    """What is deleted must be what was listed: with another ETag nothing is."""
    put_all(double.s3, "one", KEPT | GONE)
    wait_a_second()
    double.rules({"operation": "ListObjectsV2", "bucket": "one", "list_etag": "wrong"})
    run = mirror(godwit, source, "s3://one/", "--endpoint-url", double.endpoint, environment=double.environment)
    double.rules()
    assert run.summary["deleted"] == 0, str(run)
    assert keys(double.s3, "one") >= set(GONE)


# ---- Beside others


@pytest.mark.parametrize("seed", range(6))
def test_a_mirror_ends_as_rsync_and_rclone_leave_it(godwit, tmp_path, clients, seed):
    """Random trees without what the tools differ in anyway (test_differential has that)."""
    pick = random.Random(seed)
    names = [f"{a}{b}" for a in ("x", "y/", "y/z/", "w w/", "ü/") for b in ("1", "2", ".h", "-", "a~")]

    def tree(root: Path) -> Path:
        chosen = {name: os.urandom(pick.randrange(50)) for name in pick.sample(names, 12)}
        return fill(root, chosen)

    source, ours = tree(tmp_path / "source"), tree(tmp_path / "ours")
    for tool in ("rsync", "rclone"):
        subprocess.run(["cp", "-a", ours, tmp_path / tool], check=True)
    run = mirror(godwit, source, ours)
    assert run.code == 0, str(run)
    # By contents: within one second, size and time tell them nothing.
    subprocess.run(["rsync", "-ac", "--delete", f"{source}/", f"{tmp_path}/rsync/"], check=True)
    rclone = ["rclone", "--config", "/dev/null", "sync", "--checksum", "--create-empty-src-dirs"]
    subprocess.run([*rclone, source, tmp_path / "rclone"], check=True)
    for tool in ("rsync", "rclone"):
        subprocess.run(["diff", "-r", "--no-dereference", ours, tmp_path / tool], check=True)
