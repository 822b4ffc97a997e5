"""Sparse files: holes from a directory to another, and through S3 and back. The kernel (SEEK_DATA, SEEK_HOLE, st_blocks)
is the witness."""

import os
from pathlib import Path

import pytest

from test_s3_features import done
from test_xattrs import At, at, at_double, double  # noqa: F401 (fixtures)

BLOCK = 4096
MIB = 1 << 20


def holes_of(path: Path) -> list[tuple[int, int]]:
    """Each with its begin and end, as the kernel tells them."""
    size, at_, found = path.stat().st_size, 0, []
    with path.open("rb") as opened:
        while at_ < size:
            begin = os.lseek(opened.fileno(), at_, os.SEEK_HOLE)
            if begin >= size:
                break
            try:
                at_ = os.lseek(opened.fileno(), begin, os.SEEK_DATA)
            except OSError:
                at_ = size
            found.append((begin, at_))
    return found


def make(path: Path, size: int, *data: tuple[int, bytes]) -> None:
    with path.open("wb") as file:
        file.truncate(size)
        for offset, content in data:
            os.pwrite(file.fileno(), content, offset)
        os.fsync(file.fileno())


def make_source(root: Path) -> Path:
    root.mkdir()
    make(root / "small", 5 * BLOCK + 7, (BLOCK, b"x" * BLOCK))
    make(root / "all hole", 3 * MIB + 1)
    make(root / "written zeros", 64 * BLOCK, (0, bytes(64 * BLOCK)))
    make(root / "empty", 0)
    # Three parts: data, written zeros and holes in each, and over their borders.
    make(
        root / "large",
        20 * MIB + 100,
        (0, b"head"),
        (5 * MIB, bytes(2 * MIB)),
        (8 * MIB - BLOCK, os.urandom(2 * BLOCK)),
        (19 * MIB, os.urandom(BLOCK)),
    )
    return root


@pytest.fixture
def source(tmp_path) -> Path:
    source = make_source(tmp_path / "source")
    if not holes_of(source / "all hole"):
        pytest.skip("NOT TESTED: this file system has no holes")
    return source


def snapshot(root: Path) -> dict:
    return {path.name: (path.read_bytes(), holes_of(path)) for path in root.iterdir()}


def test_a9_a_directory_s_copy_has_the_same_holes(godwit, source, tmp_path):
    done(godwit.copy(source, tmp_path / "copy", "--sparse"))
    assert snapshot(tmp_path / "copy") == snapshot(source)
    for path in source.iterdir():
        stored = path.stat().st_size - sum(end - begin for begin, end in holes_of(path))
        # With the blocks that say where the others are.
        assert (tmp_path / "copy" / path.name).stat().st_blocks * 512 <= stored + 16 * BLOCK


def test_a9_through_s3_and_back_holes_are_where_they_were(at, source, tmp_path):  # noqa: F811
    done(at.copy(source, at.uri, "--sparse"))
    done(at.copy(at.uri, tmp_path / "back", "--sparse"))
    assert snapshot(tmp_path / "back") == snapshot(source)
    assert at.metadata("written zeros")["godwit-holes"] == "none"
    assert at.metadata("small")["godwit-holes"] == "0.1,1.4"
    # To others they are whole objects.
    body = at.s3.get_object(Bucket=at.bucket, Key="tree/large")["Body"].read()
    assert body == (source / "large").read_bytes()


def test_a9_what_tells_no_holes_gets_them_where_zeros_are(at_double, source, tmp_path):  # noqa: F811
    done(at_double.copy(source, at_double.uri))
    assert "godwit-holes" not in at_double.metadata("large")
    done(at_double.copy(at_double.uri, tmp_path / "back", "--sparse"))
    assert holes_of(tmp_path / "back/written zeros") == [(0, 64 * BLOCK)]
    assert holes_of(tmp_path / "back/small") == holes_of(source / "small")
    for path in source.iterdir():
        assert (tmp_path / "back" / path.name).read_bytes() == path.read_bytes()


def test_a9_a_map_that_does_not_fit_stays_behind_and_no_byte_is_lost(at_double, tmp_path):  # noqa: F811
    source = tmp_path / "source"
    source.mkdir()
    make(source / "comb", 1200 * BLOCK, *((block * BLOCK, b"x" * BLOCK) for block in range(0, 1200, 2)))
    done(at_double.copy(source, at_double.uri, "--sparse"))
    assert "godwit-holes" not in at_double.metadata("comb")
    done(at_double.copy(at_double.uri, tmp_path / "back", "--sparse"))
    assert snapshot(tmp_path / "back") == snapshot(source)


def put(at: At, key: str, body: bytes, holes: str) -> None:  # noqa: F811
    at.s3.put_object(Bucket=at.bucket, Key=f"tree/{key}", Body=body, Metadata={"godwit-holes": holes})


@pytest.mark.parametrize("holes", ["0.ffff", "0.1,1.1", "none", "nonsense", "7fffffffff.7fffffffff"])
def test_a9_a_stranger_s_map_costs_no_byte(at_double, tmp_path, holes):  # noqa: F811
    body = b"x" * BLOCK + bytes(2 * BLOCK) + b"y" * 100
    put(at_double, "small", body, holes)
    put(at_double, "large", body * 800, holes)
    done(at_double.copy(at_double.uri, tmp_path / "back", "--sparse"))
    assert (tmp_path / "back/small").read_bytes() == body
    assert (tmp_path / "back/large").read_bytes() == body * 800
