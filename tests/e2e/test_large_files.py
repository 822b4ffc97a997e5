"""Files of 5 GiB, one full of data and one nearly empty, up to a real server and down again."""

import os
import random
import shutil

import pytest

pytestmark = pytest.mark.slow

GIB = 1 << 30
SIZE = 5 * GIB + 12_345
BLOCK = 16 << 20


def make_dense(path):
    """No block repeats, so that parts in the wrong order are seen."""
    source = random.Random(5)
    with open(path, "wb") as file:
        left = SIZE
        while left > 0:
            block = source.randbytes(min(left, BLOCK))
            file.write(block)
            left -= len(block)


def make_sparse(path):
    """A hole with a few islands of data, one at the very end."""
    with open(path, "wb") as file:
        file.truncate(SIZE)
        for offset in (0, GIB - 3, 3 * GIB + 1, SIZE - 7):
            file.seek(offset)
            file.write(b"island!")


def first_difference(left, right) -> int | None:
    """The offset of the first block that differs; None when the files are equal."""
    with open(left, "rb") as a, open(right, "rb") as b:
        offset = 0
        while True:
            one, two = a.read(BLOCK), b.read(BLOCK)
            if one != two:
                return offset
            if not one:
                return None
            offset += len(one)


@pytest.mark.parametrize("make", [make_dense, make_sparse], ids=["dense", "sparse"])
def test_five_gib_go_up_and_come_down(tmp_path, godwit, rgw_on_disk, make):
    if shutil.disk_usage(tmp_path).free < 30 * GIB:
        pytest.skip("NOT TESTED: files of 5 GiB, for want of 30 GiB of free disk")
    (tmp_path / "source").mkdir()
    original, copy = tmp_path / "source/large", tmp_path / "down/large"
    make(original)
    bucket = rgw_on_disk.make_bucket()
    up = godwit.copy(tmp_path / "source", f"s3://{bucket}/x", server=rgw_on_disk, seconds_max=1200)
    assert up.code == 0, str(up)
    assert up.summary["verified"] == 1
    assert rgw_on_disk.uploads(bucket) == []
    down = godwit.copy(f"s3://{bucket}/x", tmp_path / "down", server=rgw_on_disk, seconds_max=1200)
    assert down.code == 0, str(down)
    assert os.stat(copy).st_size == SIZE
    assert first_difference(original, copy) is None
    assert os.stat(copy).st_mtime_ns == os.stat(original).st_mtime_ns
    for path in (original, copy):
        path.unlink()
