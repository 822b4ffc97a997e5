"""`plan` and `apply`: what was looked at is what is done."""

import json
import os

import pytest

from test_mirror import GONE, KEPT, deletes, double, fill, keys, put_all, source, copy, wait_a_second  # noqa: F401 (fixtures)
from test_selection import files


def plan(godwit, source, copy, file, *options, **rest):
    return godwit.run("plan", source, copy, "--to", file, "-o", "jsonl", *options, **rest)


def apply(godwit, file, *options, **rest):
    return godwit.run("apply", file, "-o", "jsonl", *options, **rest)


@pytest.fixture
def file(tmp_path):
    return tmp_path / "friday.plan"


def test_a_plan_is_carried_out_as_it_stands(godwit, source, copy, file):
    (copy / "a.txt").unlink()
    planned = plan(godwit, source, copy, file, "--delete", "--max-delete", "100%")
    assert planned.code == 0, str(planned)
    assert files(copy) == set(KEPT | GONE) - {"a.txt"}, "a plan changes nothing"
    lines = [json.loads(line) for line in file.read_text().splitlines()]
    assert (lines[0]["type"], lines[-1]["type"]) == ("plan", "end")
    assert lines[-1]["objects"] == len(lines) - 2
    listed = [line["key"] for line in lines[1:-1]]
    assert listed == sorted(listed)
    assert {line["key"] for line in lines[1:-1] if line["action"] == "delete"} >= set(GONE)
    run = apply(godwit, file)
    assert run.code == 0, str(run)
    assert files(copy) == set(KEPT)
    assert (run.summary["deleted"], run.summary["plan_not_needed"]) == (len(GONE) + 2, 0)
    again = apply(godwit, file)
    assert (again.code, again.summary["copied"], again.summary["deleted"]) == (0, 0, 0), str(again)
    assert again.summary["plan_not_needed"] == len(listed)


def test_a_dry_run_gives_the_same_lines(godwit, source, copy, file):
    (copy / "d/b.txt").write_bytes(b"another")
    dry = godwit.copy(source, copy, "--delete", "--max-delete", "100%", "--dry-run")
    assert plan(godwit, source, copy, file, "--delete", "--max-delete", "100%").code == 0
    told = [{k: v for k, v in line.items() if k not in ("v", "ts", "type")} for line in dry.lines[:-1]]
    assert told == [json.loads(line) for line in file.read_text().splitlines()[1:-1]]


def test_what_has_drifted_is_refused_and_what_nobody_approved_is_left(godwit, source, copy, file):
    for name in KEPT:
        (copy / name).unlink()
    assert plan(godwit, source, copy, file, "--delete", "--max-delete", "100%").code == 0
    (source / "a.txt").write_bytes(b"changed since")
    (source / "new.txt").write_bytes(b"new since")
    (copy / "old.txt").write_bytes(b"written since")
    (copy / "unplanned.txt").write_bytes(b"put there since")
    (copy / "gone/x").unlink()
    run = apply(godwit, file)
    assert run.code == 1, str(run)
    assert [error["code"] for error in run.errors] == ["Drifted"]
    assert run.summary["deferred"] == 1
    assert run.summary["skipped_because"]["not_approved"] == 1
    assert run.summary["kept"] == {"drifted": 1, "not_approved": 1}
    assert files(copy) == set(KEPT) - {"a.txt"} | {"old.txt", "unplanned.txt"}


def test_a_plan_that_was_edited_or_cut_short_is_none(godwit, source, copy, file):
    assert plan(godwit, source, copy, file, "--delete", "--max-delete", "100%").code == 0
    whole = file.read_bytes()
    lines = whole.splitlines(keepends=True)
    spoiled = {
        "a line less": b"".join(lines[:2] + lines[3:]),
        "a line more": b"".join(lines[:2] + [lines[1].replace(b"d/", b"d/z")] + lines[2:]),
        "another action": whole.replace(b'"delete"', b'"copy"', 1),
        "cut short": whole[:-20],
        "no end": b"".join(lines[:-1]),
        "something behind its end": whole + lines[1],
        "two lines in another order": b"".join([lines[0], lines[2], lines[1], *lines[3:]]),
        "no JSON": b"hello\n" + whole,
        "nothing": b"",
    }
    for name, content in spoiled.items():
        assert content != whole, name
        file.write_bytes(content)
        run = apply(godwit, file)
        assert run.code == 6, f"{name}: {run}"
        assert "NoPlan" in run.stdout, f"{name}: {run}"
    assert files(copy) == set(KEPT | GONE)


def test_a_plan_is_of_its_two_places(godwit, source, copy, file):
    assert plan(godwit, source, copy, file, "--delete", "--max-delete", "100%").code == 0
    copy.rename(copy.with_name("before"))
    fill(copy, KEPT | GONE)
    run = apply(godwit, file)
    assert run.code == 8, str(run)
    assert files(copy) == set(KEPT | GONE)


def test_a_plan_never_overwrites_a_file_and_a_failed_one_leaves_none(godwit, source, copy, file, tmp_path):
    file.write_bytes(b"precious")
    assert plan(godwit, source, copy, file).code != 0
    assert file.read_bytes() == b"precious"
    other = tmp_path / "other.plan"
    assert plan(godwit, tmp_path / "no such", copy, other).code == 5
    assert not other.exists()
    assert godwit.run("plan", source, copy).code == 2, "--to is missing"


def test_a_plan_for_a_place_that_is_not_there_yet(godwit, source, tmp_path, file):
    assert plan(godwit, source, tmp_path / "new", file).code == 0
    assert not (tmp_path / "new").exists()
    run = apply(godwit, file)
    assert run.code == 0, str(run)
    assert files(tmp_path / "new") == set(KEPT)


def test_names_that_are_no_text_go_through_a_plan(godwit, tmp_path, file):
    names = [b"caf\xe9", b"a\nb", b'"quoted"', b"\\", "ü".encode(), b"\xff\xfe", b"plain"]
    root = tmp_path / "odd"
    root.mkdir()
    for name in names:
        (root / os.fsdecode(name)).write_bytes(name)
    assert plan(godwit, root, tmp_path / "copy", file).code == 0
    run = apply(godwit, file)
    assert run.code == 0, str(run)
    assert sorted(os.listdir(os.fsencode(tmp_path / "copy"))) == sorted(names)


def test_a_plan_for_a_bucket(godwit, double, source, file):
    put_all(double.s3, "one", KEPT | GONE)
    wait_a_second()
    where = ["s3://one", "--endpoint-url", double.endpoint]
    planned = godwit.run(
        "plan", source, *where, "--to", file, "--delete", "--max-delete", "100%", environment=double.environment
    )
    assert planned.code == 0, str(planned)
    assert not deletes(double)
    double.s3.put_object(Bucket="one", Key="old.txt", Body=b"written since")
    run = apply(godwit, file, environment=double.environment)
    assert run.code == 0, str(run)
    assert run.summary["kept"] == {"drifted": 1}
    assert keys(double.s3, "one") >= set(KEPT) | {"old.txt"}
    assert not keys(double.s3, "one") & (set(GONE) - {"old.txt"})
