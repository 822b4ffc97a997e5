"""The main job: a real tree of 20,000 files goes up to a real server, and down again, and is the same."""

from dataclasses import dataclass

import pytest

from godwit import Godwit, Run
from servers import Request, S3Server
from trees import INVALID_UTF8_NAMES, TreeContents, TreeShape, differences, make_tree


@dataclass
class Journey:
    """What happened to one tree at one server; each test looks at one side of it."""

    server: S3Server
    bucket: str
    contents: TreeContents
    up: Run
    up_again: Run
    requests_of_up_again: list[Request]
    down: Run
    down_again: Run
    differences: list[str]


@pytest.fixture(scope="module", params=["rgw", "checksum_server"])
def journey(request, tmp_path_factory, trees) -> Journey:
    server = request.getfixturevalue(request.param)
    folder = tmp_path_factory.mktemp("journey")
    godwit = Godwit(folder / "home")
    source, contents = trees.get(TreeShape(unlistable_names=server.lists_control_characters))
    bucket = server.make_bucket()
    uri = f"s3://{bucket}/some/prefix"
    up = godwit.copy(source, uri, server=server)
    mark = server.mark(bucket)
    up_again = godwit.copy(source, uri, server=server)
    requests = server.requests_since(bucket, mark)
    down = godwit.copy(uri, folder / "down", "--preserve-set-id", server=server)
    down_again = godwit.copy(uri, folder / "down", "--preserve-set-id", server=server)
    return Journey(
        server,
        bucket,
        contents,
        up,
        up_again,
        requests,
        down,
        down_again,
        differences(source, folder / "down"),
    )


def adds_up(summary: dict) -> bool:
    """I8: every listed object has exactly one end."""
    return summary["listed"] == sum(summary[name] for name in ("copied", "skipped", "deferred", "failed"))


def test_up_copies_and_verifies_everything(journey):
    assert journey.up.code == 0, str(journey.up)
    summary = journey.up.summary
    assert adds_up(summary), summary
    assert summary["copied"] >= journey.contents.files
    assert (summary["deferred"], summary["failed"]) == (0, 0)
    assert summary["verified"] >= journey.contents.files
    assert summary["bytes"] >= journey.contents.bytes


def test_every_file_has_its_key(journey):
    assert journey.up.code == 0, str(journey.up)
    keys = {key.encode() for key in journey.server.keys(journey.bucket, "some/prefix/")}
    missing = [path for path in journey.contents.paths if b"some/prefix/" + path not in keys]
    assert missing == []


def test_up_leaves_no_upload_behind(journey):
    assert journey.up.code == 0, str(journey.up)
    assert journey.server.uploads(journey.bucket) == []


def test_up_again_copies_nothing(journey):
    assert journey.up_again.code == 0, str(journey.up_again)
    assert adds_up(journey.up_again.summary)
    assert journey.up_again.summary["copied"] == 0
    assert journey.up_again.summary["skipped"] == journey.up.summary["listed"]


def test_up_again_only_lists(journey):
    assert journey.up_again.code == 0, str(journey.up_again)
    operations = {request.operation for request in journey.requests_of_up_again}
    assert operations == {"list"}


def test_down_gives_back_the_same_tree(journey):
    assert journey.down.code == 0, str(journey.down)
    assert adds_up(journey.down.summary)
    assert journey.differences == []


def test_down_again_copies_nothing(journey):
    assert journey.down_again.code == 0, str(journey.down_again)
    assert journey.down_again.summary["copied"] == 0


def test_directory_to_directory_gives_the_same_tree(tmp_path, godwit, trees):
    source, contents = trees.get(TreeShape(invalid_utf8_names=True))
    run = godwit.copy(source, tmp_path / "copy")
    assert run.code == 0, str(run)
    assert run.summary["verified"] >= contents.files
    assert differences(source, tmp_path / "copy") == []
    again = godwit.copy(source, tmp_path / "copy")
    assert again.code == 0, str(again)
    assert again.summary["copied"] == 0


def test_a_changed_file_is_the_only_one_copied_again(tmp_path, godwit, server, bucket):
    source = tmp_path / "source"
    make_tree(source, TreeShape(files=300, large_files=False, unlistable_names=False))
    uri = f"s3://{bucket}/tree"
    first = godwit.copy(source, uri, server=server)
    assert first.code == 0, str(first)
    changed = source / "names/files/with space"
    changed.chmod(0o644)
    changed.write_bytes(b"other bytes")
    mark = server.mark(bucket)
    second = godwit.copy(source, uri, server=server)
    assert second.code == 0, str(second)
    requests = server.requests_since(bucket, mark)
    puts = [r.key for r in requests if r.operation == "put" and "/.godwit-probe-" not in r.key]
    assert puts == ["tree/names/files/with space"]
    assert server.s3.get_object(Bucket=bucket, Key=puts[0])["Body"].read() == b"other bytes"


def test_f63_names_that_are_not_utf8_are_reported_and_the_rest_is_copied(tmp_path, godwit, server, bucket):
    source = tmp_path / "source"
    make_tree(
        source, TreeShape(files=300, large_files=False, unlistable_names=False, invalid_utf8_names=True)
    )
    run = godwit.copy(source, f"s3://{bucket}/tree", server=server)
    assert run.code == 1, str(run)
    assert adds_up(run.summary)
    # As a file each, and as a directory with a file in it.
    assert run.summary["failed"] == 3 * len(INVALID_UTF8_NAMES)
    assert "tree/names/files/with space" in server.keys(bucket)
