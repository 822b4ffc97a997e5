"""Other clients read what Godwit wrote, and Godwit reads what they wrote."""

import os
from pathlib import Path

import pytest

from godwit import Godwit
from trees import TreeShape, make_tree

# Names that every client can write to a local file, a large object among them.
SHAPE = TreeShape(files=400, unlistable_names=False, longest_names=False)
# The other clients take these for something else: "..." and backslashes for path syntax.
NOT_FOR_OTHERS = (b"\n", b"\r", b"\\", b"...")


@pytest.fixture
def source(tmp_path) -> tuple[Path, list[bytes]]:
    """A tree, and the paths of it that the other clients must handle."""
    contents = make_tree(tmp_path / "source", SHAPE)
    paths = [path for path in contents.paths if not any(part in path for part in NOT_FOR_OTHERS)]
    return tmp_path / "source", paths


READERS = {
    "aws": lambda bucket, to: (
        "aws",
        "s3",
        "cp",
        "--recursive",
        "--only-show-errors",
        f"s3://{bucket}/tree",
        str(to),
    ),
    "rclone": lambda bucket, to: ("rclone", "copy", f"R:{bucket}/tree", str(to)),
}
WRITERS = {
    "aws": lambda source, bucket: (
        (
            "aws",
            "s3",
            "cp",
            "--recursive",
            "--only-show-errors",
            "--no-follow-symlinks",
            str(source),
            f"s3://{bucket}/tree",
        )
    ),
    "rclone": lambda source, bucket: ("rclone", "copy", "--skip-links", str(source), f"R:{bucket}/tree"),
}


def unequal(left: Path, right: Path, paths: list[bytes]) -> list[bytes]:
    """The paths whose bytes differ or that are missing on the right."""

    def content(root: Path, path: bytes) -> bytes | None:
        file = root / path.decode()
        return file.read_bytes() if file.is_file() else None

    return [path for path in paths if content(left, path) != content(right, path)]


@pytest.mark.parametrize("reader", READERS)
def test_another_client_reads_what_godwit_wrote(tmp_path, godwit, server, bucket, clients, source, reader):
    tree, paths = source
    run = godwit.copy(tree, f"s3://{bucket}/tree", server=server)
    assert run.code == 0, str(run)
    clients(server, *READERS[reader](bucket, tmp_path / "read"))
    assert unequal(tree, tmp_path / "read", paths) == []


@pytest.mark.parametrize("writer", WRITERS)
def test_godwit_reads_what_another_client_wrote(tmp_path, godwit, server, bucket, clients, source, writer):
    tree, paths = source
    clients(server, *WRITERS[writer](tree, bucket))
    run = godwit.copy(f"s3://{bucket}/tree", tmp_path / "read", server=server)
    assert run.code == 0, str(run)
    assert unequal(tree, tmp_path / "read", paths) == []


def test_the_checksum_that_godwit_sent_is_kept(tmp_path, godwit, checksum_server):
    bucket = checksum_server.make_bucket()
    (tmp_path / "source").mkdir()
    (tmp_path / "source/digits").write_bytes(b"123456789")
    run = godwit.copy(tmp_path / "source", f"s3://{bucket}/tree", server=checksum_server)
    assert run.code == 0, str(run)
    head = checksum_server.s3.head_object(Bucket=bucket, Key="tree/digits", ChecksumMode="ENABLED")
    # ae8b14860a799888, as published with the algorithm.
    assert head["ChecksumCRC64NVME"] == "rosUhgp5mIg="
    assert head["Metadata"]["file-permissions"]


def test_what_rclone_has_copied_is_not_copied_again(tmp_path, godwit, server, bucket, clients):
    """By the mtime that it keeps beside each object, to the nanosecond."""
    tree = tmp_path / "tree"
    for number in range(20):
        path = tree / f"d{number % 3}" / f"file {number}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"content {number}")
        os.utime(path, ns=(0, 1_500_000_000_000_000_000 + number * 123_456_789))
    clients(server, "rclone", "copy", str(tree), f"R:{bucket}/tree")
    changed = tree / "d1/file 1"
    changed.write_text("CONTENT 1")  # of the same size, and newer
    up = godwit.copy(tree, f"s3://{bucket}/tree", server=server)
    directories = 3
    assert up.code == 0 and up.summary["copied"] <= 1 + directories, str(up)
    assert up.summary["skipped"] >= 19, str(up)

    clients(server, "rclone", "copy", f"R:{bucket}/tree", str(tmp_path / "back"))
    down = Godwit(tmp_path / "another home").copy(f"s3://{bucket}/tree", tmp_path / "back", server=server)
    assert down.code == 0 and down.summary["skipped"] >= 19, str(down)
    assert (tmp_path / "back/d1/file 1").read_text() == "CONTENT 1"
