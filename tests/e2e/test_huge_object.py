"""An object beyond 10,000 parts of 8 MiB, whose parts are never held: through little memory, read twice."""

import resource

import pytest

from s3double import Double

GIB = 1 << 30
SIZE = 79 * GIB + 12_345
PART = 16 << 20
MEMORY_BYTES_MAX = 400 << 20


@pytest.fixture
def double(tmp_path):
    """Keeps digests and forgets bodies."""
    running = Double(tmp_path / "double", "--discard", "--etag", "opaque")
    yield running
    running.stop()


@pytest.mark.slow
def test_l113_an_object_of_more_than_ten_thousand_small_parts_goes_up_in_bounded_memory(tmp_path, godwit, double):
    (tmp_path / "source").mkdir()
    with open(tmp_path / "source/huge", "wb") as file:
        file.truncate(SIZE)
        for offset in (0, PART - 3, 40 * GIB + 1, SIZE - 7):
            file.seek(offset)
            file.write(b"island!")
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    run = godwit.copy(tmp_path / "source", "s3://one/x", server=double, seconds_max=3000)
    assert run.code == 0, str(run)
    assert run.summary["evidence"] == {"attested": 1}, str(run)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    assert before * 1024 < MEMORY_BYTES_MAX, "something else has used more already: run this alone"
    assert peak < MEMORY_BYTES_MAX, f"{peak >> 20} MiB"
    parts = {record["part"]: record["bytes"] for record in double.audit("UploadPart", "x/huge")}
    assert len(parts) == -(-SIZE // PART) and set(parts.values()) == {PART, SIZE % PART}
    head = double.s3.head_object(Bucket="one", Key="x/huge", ChecksumMode="ENABLED")
    assert head["ContentLength"] == SIZE and "ChecksumCRC64NVME" in head
