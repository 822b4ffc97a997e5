"""Which objects a run is about: patterns, sizes, ages; what they hide is not there at either end."""

import os
import time
from pathlib import Path

import pytest

from test_bad_input import common, nobody  # noqa: F401 (fixtures)

TREE = {
    "keep/a.txt": 10,
    "keep/b.tmp": 10,
    "keep/deep/c.txt": 2000,
    "keep/cache/d.txt": 10,
    "other/a.txt": 10,
    "top.txt": 10,
}


@pytest.fixture
def tree(tmp_path) -> Path:
    root = tmp_path / "source"
    for name, size in TREE.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(os.urandom(size))
    return root


def files(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["--exclude", "*.tmp"], {name for name in TREE if name != "keep/b.tmp"}),
        (["--exclude", "cache/"], {name for name in TREE if "cache" not in name}),
        (["--include", "/keep/"], {name for name in TREE if name.startswith("keep/")}),
        (["--include", "*.txt", "--exclude", "/keep/"], {"other/a.txt", "top.txt"}),
        (["--exclude", "/keep/", "--include", "*.txt"], {"other/a.txt", "top.txt"}),
        (["--include", "a.txt", "--include", "top.txt"], {"keep/a.txt", "other/a.txt", "top.txt"}),
        (["--include", "keep/**/c.txt"], {"keep/deep/c.txt"}),
        (["--datasync-include", "/keep/d*|/top.txt"], {"keep/deep/c.txt", "top.txt"}),
        (["--datasync-exclude", "*/cache|*.tmp"], {"keep/a.txt", "keep/deep/c.txt", "other/a.txt", "top.txt"}),
        (["--min-size", "1KiB"], {"keep/deep/c.txt"}),
        (["--max-size", "1KiB"], {name for name in TREE if name != "keep/deep/c.txt"}),
        (["--include", "nothing"], set()),
    ],
)
def test_a_copy_takes_what_is_selected(godwit, tree, tmp_path, options, expected):
    copy = tmp_path / "copy"
    run = godwit.copy(tree, copy, *options)
    assert run.code == 0, str(run)
    assert files(copy) == expected
    assert godwit.copy(tree, copy, *options).summary["copied"] == 0
    verified = godwit.run("verify", tree, copy, *options)
    assert verified.code == 0, str(verified)
    listed = godwit.run("ls", "-r", tree, *options, "-o", "name")
    assert listed.code == 0, str(listed)
    assert {name for name in listed.stdout.splitlines() if not name.endswith("/")} == expected


def test_one_level_of_a_selection_is_listed(godwit, tree):
    listed = godwit.run("ls", tree, "--include", "c.txt", "--include", "/other/", "-o", "name")
    assert listed.stdout.splitlines() == ["keep/", "other/"], str(listed)


def test_a_selection_in_a_bucket_and_back(godwit, server, bucket, tree, tmp_path):
    where = f"s3://{bucket}/all"
    assert godwit.copy(tree, where, server=server).code == 0
    run = godwit.copy(where, tmp_path / "copy", "--include", "keep/", "--exclude", "*.tmp", server=server)
    assert run.code == 0, str(run)
    assert files(tmp_path / "copy") == {"keep/a.txt", "keep/deep/c.txt", "keep/cache/d.txt"}


def test_ages_count_back_from_now(godwit, tree, tmp_path):
    day = 86_400
    os.utime(tree / "top.txt", (time.time() - 10 * day,) * 2)
    assert godwit.copy(tree, tmp_path / "old", "--min-age", "7d").code == 0
    assert files(tmp_path / "old") == {"top.txt"}
    assert godwit.copy(tree, tmp_path / "new", "--max-age", "1w").code == 0
    assert files(tmp_path / "new") == set(TREE) - {"top.txt"}


# What is too large, or too old, at the source is left alone at the destination, and no difference either.
def test_what_a_bound_hides_is_neither_replaced_nor_compared(godwit, tree, tmp_path):
    copy = tmp_path / "copy"
    assert godwit.copy(tree, copy).code == 0
    (copy / "keep/deep/c.txt").write_bytes(b"other")
    run = godwit.copy(tree, copy, "--max-size", "1KiB", "--transfer-all")
    assert run.code == 0, str(run)
    assert (copy / "keep/deep/c.txt").read_bytes() == b"other"
    assert godwit.run("verify", tree, copy, "--max-size", "1KiB").code == 0
    assert godwit.run("verify", tree, copy).code == 1


def test_an_excluded_directory_is_not_entered(nobody, common):  # noqa: F811
    source = common / "source"
    (source / "closed").mkdir(parents=True)
    (source / "a").write_text("a")
    (source / "closed").chmod(0)
    assert nobody.copy(source, nobody.home / "copy-1").code == 1
    run = nobody.copy(source, nobody.home / "copy-2", "--exclude", "closed/")
    assert run.code == 0, str(run)
    assert files(nobody.home / "copy-2") == {"a"}


def test_dry_run_plans_what_is_selected(godwit, tree, tmp_path):
    run = godwit.copy(tree, tmp_path / "copy", "--include", "*.tmp", "--dry-run")
    assert [line["key"] for line in run.lines if line["type"] == "object"] == ["keep/b.tmp"]
    assert run.summary["listed"] == 1


def test_a_retry_and_a_resumed_run_keep_the_selection(godwit, tree, tmp_path):
    copy = tmp_path / "copy"
    options = ["--exclude", "*.tmp", "--exclude", "cache/"]
    copy.mkdir()
    (copy / "top.txt").mkdir()
    (copy / "top.txt" / "in the way").write_text("x")
    assert godwit.copy(tree, copy, *options).code == 1
    (copy / "top.txt" / "in the way").unlink()
    (copy / "top.txt").rmdir()
    retried = godwit.run("executions", "retry", "latest", "--failed")
    assert retried.code == 0, str(retried)
    assert (copy / "top.txt").is_file()
    again = godwit.run("executions", "retry", "latest")
    assert again.code == 0, str(again)
    assert files(copy) == {"keep/a.txt", "keep/deep/c.txt", "other/a.txt", "top.txt"}


@pytest.mark.parametrize(
    ("key", "options", "reason"),
    [
        ("a/b.tmp", ["--exclude", "*.tmp"], "left out: --exclude *.tmp matches"),
        ("a/b.txt", ["--exclude", "*.tmp"], "selected: no exclude matches"),
        ("a/b.txt", ["--include", "/b"], "left out: no include matches"),
        ("a/b.txt", ["--datasync-include", "/b|/a/*"], "selected: --datasync-include /a/* matches"),
    ],
)
def test_explain_says_which_pattern_decides(godwit, tmp_path, key, options, reason):
    run = godwit.run("copy", tmp_path / "nowhere", tmp_path / "copy", *options, "--explain", key)
    assert (run.code, run.stdout) == (0, f"{key}: {reason}\n")
    told = godwit.copy(tmp_path / "nowhere", tmp_path / "copy", *options, "--explain", key).lines
    assert (told[0]["key"], told[0]["reason"]) == (key, reason)
    assert told[0]["selected"] == reason.startswith("selected")
    assert not (tmp_path / "copy").exists()


def hex_prefixes(folder: str) -> str:
    return "|".join(f"/{folder}/{number:03x}*" for number in range(4096))


def test_4096_prefixes_of_document_001(godwit, tmp_path):
    source = tmp_path / "source"
    (source / "data").mkdir(parents=True)
    for name in ("000a", "0ff", "abc-1", "fff9", "xyz", "00", "fg"):
        (source / "data" / name).write_text(name)
    run = godwit.copy(source, tmp_path / "copy", "--datasync-include", hex_prefixes("data"))
    assert run.code == 0, str(run)
    assert files(tmp_path / "copy") == {"data/000a", "data/0ff", "data/abc-1", "data/fff9"}


# 4,096 patterns of a folder with 21 characters are 106,495 characters with their stars.
def test_a_filter_over_the_limit_is_refused_with_its_length(godwit, tmp_path):
    patterns = hex_prefixes("x" * 19)
    assert len(patterns) == 106_495
    run = godwit.run("copy", tmp_path, tmp_path / "copy", "--datasync-include", patterns)
    assert run.code == 2
    assert "106495 characters; 102400 are allowed" in run.stderr
    at_limit = patterns[: patterns.rindex("|", 0, 102_400)]
    at_limit += "|/" + "y" * (102_400 - len(at_limit) - 2)
    assert len(at_limit) == 102_400
    source = tmp_path / "source"
    source.mkdir()
    assert godwit.run("copy", source, tmp_path / "copy", "--datasync-include", at_limit, "-n").code == 0


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--include", ""], "--include=: an empty value means nothing here"),
        (["--include", "/"], "--include=/: it is empty"),
        (["--exclude", "a[bc]"], "--exclude=a[bc]: character classes and braces are not known here"),
        (["--datasync-include", "/a|*.txt"], 'pattern "*.txt": in an include, \'*\' can only be the last'),
        (["--datasync-exclude", "/a||/b"], "an empty pattern"),
        (["--min-size", "2MiB", "--max-size", "1MiB"], "--min-size=2MiB: is more than --max-size=1MiB"),
        (["--min-age", "2w", "--max-age", "7d"], "--min-age=2w: is more than --max-age=7d"),
        (["--min-age", "soon"], "--min-age=soon"),
    ],
)
def test_bad_selections_are_refused_by_name(godwit, tmp_path, options, complaint):
    run = godwit.run("copy", tmp_path, tmp_path / "copy", *options)
    assert run.code == 2, str(run)
    assert complaint in run.stderr, run.stderr
    assert not (tmp_path / "copy").exists()
