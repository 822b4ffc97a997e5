"""`copy --delete --backup-dir`: what goes is kept aside, proved, before it goes (docs/mirror.md)."""

import os
import signal
import subprocess
import time

import pytest

from test_bad_input import CLEAN
from test_mirror import GONE, KEPT, copy, double, fill, mirror, source  # noqa: F401 (fixtures)
from trees import snapshot

USAGE = 2


def files(root):
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def only_folder(place):
    (folder,) = place.iterdir()
    return folder


def left_at(double, prefix):  # noqa: F811
    """Of objects, not of the markers of directories."""
    keys = {entry["Key"].removeprefix(prefix) for entry in double.s3.list_objects_v2(Bucket="one", Prefix=prefix)["Contents"]}
    return {key for key in keys if not key.endswith("/")}


def test_what_goes_is_kept_aside_as_it_was(godwit, source, copy, tmp_path):  # noqa: F811
    os.symlink("old.txt", copy / "gone/link")
    os.chmod(copy / "old.txt", 0o640)
    os.utime(copy / "old.txt", ns=(1_000_000_000, 1_234_567_890_123_456_789))
    before = snapshot(copy)
    run = mirror(godwit, source, copy, "--backup-dir", tmp_path / "aside")
    assert run.code == CLEAN, str(run)
    assert run.summary["deleted"] >= len(GONE) + 1
    assert files(copy) == KEPT
    folder = only_folder(tmp_path / "aside")
    assert folder.name == run.summary["execution"]
    kept = snapshot(folder)
    for name in [*GONE, "gone/link"]:
        assert kept[name.encode()] == before[name.encode()], name
    assert not set(KEPT) & set(files(folder))
    rows = godwit.run("ledger", "query", "outcome=deleted", "-o", "jsonl").lines
    assert {row["reason"] for row in rows if not row["key"].endswith("/")} == {"backed_up"}


def test_it_comes_back_by_a_copy(godwit, source, copy, tmp_path):  # noqa: F811
    assert mirror(godwit, source, copy, "--backup-dir", tmp_path / "aside").code == CLEAN
    assert godwit.copy(only_folder(tmp_path / "aside"), copy).code == CLEAN
    assert files(copy) == KEPT | GONE


def test_nothing_is_made_when_nothing_goes(godwit, source, tmp_path):  # noqa: F811
    run = mirror(godwit, source, tmp_path / "copy", "--backup-dir", tmp_path / "aside")
    assert run.code == CLEAN, str(run)
    assert not (tmp_path / "aside").exists()


@pytest.mark.parametrize("aside", ["s3://one/aside", "directory"])
def test_objects_are_kept_aside_within_the_server_and_elsewhere(godwit, double, source, tmp_path, aside):  # noqa: F811
    for name, data in (KEPT | GONE | {"gone/large": os.urandom(20 << 20)}).items():
        double.s3.put_object(Bucket="one", Key=f"p/{name}", Body=data)
    place = tmp_path / "aside" if aside == "directory" else aside
    time.sleep(2)
    run = mirror(
        godwit, source, "s3://one/p", "--backup-dir", place, "--endpoint-url", double.endpoint,
        environment=double.environment,
    )  # fmt: skip
    assert run.code == CLEAN, str(run)
    assert run.summary["deleted"] == len(GONE) + 1
    if aside == "directory":
        kept = files(only_folder(tmp_path / "aside"))
    else:
        prefix = f"aside/{run.summary['execution']}/"
        listed = double.s3.list_objects_v2(Bucket="one", Prefix=prefix)["Contents"]
        kept = {
            entry["Key"].removeprefix(prefix): double.s3.get_object(Bucket="one", Key=entry["Key"])["Body"].read()
            for entry in listed
        }
        gets = [record for record in double.audit("GetObject") if record.get("key", "").startswith("p/gone")]
        assert not gets, "within one server the bytes do not pass through us"
    assert {name: kept[name] for name in GONE} == GONE
    assert len(kept["gone/large"]) == 20 << 20
    assert set(kept) == {*GONE, "gone/large"}
    assert left_at(double, "p/") == set(KEPT)


def test_what_cannot_be_kept_aside_stays(godwit, double, source, copy):  # noqa: F811
    double.rules({"operation": "PutObject", "key": "aside/exec-*", "status": 403, "code": "AccessDenied"})
    run = mirror(
        godwit, source, copy, "--backup-dir", "s3://one/aside", "--endpoint-url", double.endpoint,
        environment=double.environment,
    )  # fmt: skip
    assert run.code != CLEAN, str(run)
    assert files(copy) == KEPT | GONE


@pytest.mark.parametrize("inside", ["copy/aside", "source/aside", "copy", "."])
def test_a_place_that_overlaps_an_end_is_refused(godwit, source, copy, tmp_path, inside):  # noqa: F811
    run = mirror(godwit, source, copy, "--backup-dir", tmp_path / inside)
    assert run.code == USAGE and str(tmp_path / inside) in run.stderr, str(run)
    assert files(copy) == KEPT | GONE
    assert files(source) == KEPT
    assert not (tmp_path / "copy/aside").exists() and not (tmp_path / "source/aside").exists()


def test_a_prefix_that_overlaps_an_end_keeps_everything(godwit, double, source):  # noqa: F811
    for name, data in (KEPT | GONE).items():
        double.s3.put_object(Bucket="one", Key=f"p/{name}", Body=data)
    time.sleep(2)
    run = mirror(
        godwit, source, "s3://one/p", "--backup-dir", "s3://one/p/aside", "--endpoint-url", double.endpoint,
        environment=double.environment,
    )  # fmt: skip
    assert run.code != CLEAN and "lies within" in run.summary["deletes_withheld"], str(run)
    assert run.summary["deleted"] == 0
    assert left_at(double, "p/") == set(KEPT | GONE)


def test_without_delete_it_says_nothing(godwit, source, copy, tmp_path):  # noqa: F811
    run = godwit.copy(source, copy, "--backup-dir", tmp_path / "aside")
    assert run.code == USAGE and "--backup-dir" in run.stderr, str(run)


def test_b19_killed_while_it_keeps_aside_nothing_is_lost(godwit, source, tmp_path):  # noqa: F811
    copy = fill(tmp_path / "copy", KEPT | {f"gone/{number:03}": os.urandom(100_000) for number in range(200)})  # noqa: F811
    before = files(copy)
    command = [str(godwit.binary), "copy", str(source), str(copy), "--delete", "--max-delete", "100%"]
    command += ["--backup-dir", str(tmp_path / "aside"), "--limit-bytes-per-second", "4MiB"]
    for moment in (0.3, 0.8, 1.5):
        process = subprocess.Popen(command, env=godwit.environment(), cwd=godwit.home, stderr=subprocess.DEVNULL)
        time.sleep(moment)
        process.send_signal(signal.SIGKILL)
        process.wait()
        here = files(copy)
        for folder in (tmp_path / "aside").glob("*"):
            here |= {name: data for name, data in files(folder).items() if ".godwit-" not in name}
        assert here == before
    run = godwit.run(*command[1:], "--limit-bytes-per-second", "off")
    assert run.code == CLEAN, str(run)
    assert files(copy) == KEPT
    kept = {}
    for folder in (tmp_path / "aside").iterdir():
        kept |= files(folder)
    assert kept == {name: data for name, data in before.items() if name not in KEPT}
