"""Listings that are cut into shards because the server is far away, and what a kill costs them
(docs/decisions/0018-a-listing-cuts-itself.md)."""

import signal
import sqlite3
import subprocess
import time
import urllib.parse

import pytest

from godwit import Godwit
from s3double import Double
from test_bad_input import CLEAN

KEYS = 40_000
LATENCY_MS = 30
KILL_SECONDS_MAX = 60


@pytest.fixture
def far(tmp_path):
    server = Double(tmp_path / "double", "--latency-ms", str(LATENCY_MS), "--synthetic", f"many:{KEYS}:100")
    yield server
    server.stop()


def shards(godwit: Godwit) -> list[tuple[bytes, bytes, bytes, bool]]:
    """Of the newest execution: after, before, cursor, complete; in key order."""
    ledgers = sorted(godwit.home.glob("data/godwit/tasks/*/exec-*.db"), key=lambda path: path.stat().st_mtime)
    if not ledgers:
        return []
    with sqlite3.connect(f"file:{ledgers[-1]}?mode=ro", uri=True, timeout=10) as ledger:
        try:
            rows = ledger.execute("SELECT range_after, range_before, cursor, complete FROM shards").fetchall()
        except sqlite3.OperationalError:  # the very first moment
            return []
    return sorted((after, before, cursor, complete == 1) for after, before, cursor, complete in rows)


def check_ranges(found: list[tuple[bytes, bytes, bytes, bool]]) -> None:
    """Each key lies in exactly one of them."""
    assert found[0][0] == b"" and found[-1][1] == b""
    for (_, before, _, _), (after, _, _, _) in zip(found, found[1:]):
        assert before == after + b"\0"


def copied_keys(server: Double, bucket: str) -> set[str]:
    pages = server.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def test_i8_a_far_listing_is_cut_and_copied_exactly(godwit, far):
    run = godwit.copy("s3://many", "s3://one", server=far)
    assert run.code == CLEAN and run.summary["copied"] == KEYS, str(run)
    found = shards(godwit)
    check_ranges(found)
    assert len(found) >= 4 and all(complete for *_, complete in found), found
    assert copied_keys(far, "one") == copied_keys(far, "many")

    far.s3.put_object(Bucket="one", Key="only here", Body=b"x")
    again = godwit.copy("s3://many", "s3://one", "--delete", "--delete-unconditionally", server=far)
    assert again.code in (CLEAN, 8), str(again)
    assert again.summary["skipped"] == KEYS, str(again)
    found = shards(godwit)
    check_ranges(found)
    assert len(found) >= 4, found


def kill_after(godwit: Godwit, server: Double, is_time) -> None:
    command = [str(godwit.binary), "copy", "s3://many", "s3://one", "--endpoint-url", server.endpoint]
    process = subprocess.Popen(command, env=godwit.environment(server), cwd=godwit.home, stderr=subprocess.DEVNULL)
    end = time.monotonic() + KILL_SECONDS_MAX
    while process.poll() is None and not is_time() and time.monotonic() < end:
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()


def begins(record: dict) -> str | None:
    """Where a request for a page begins; None when that is not told: it goes on behind another page."""
    query = urllib.parse.parse_qs(record.get("query", ""))
    if "continuation-token" in query:
        return None
    return query.get("start-after", [""])[0]


def is_page(record: dict) -> bool:
    return urllib.parse.parse_qs(record.get("query", "")).get("max-keys", ["1000"]) != ["1"]


@pytest.mark.parametrize("least", [2, 4])
def test_h74_a_killed_run_is_carried_on_without_listing_again_what_is_behind_its_cursors(godwit, far, least):
    def is_time() -> bool:
        found = shards(godwit)
        return len(found) >= least and any(cursor for *_, cursor, _ in found)

    kill_after(godwit, far, is_time)
    left = shards(godwit)
    check_ranges(left)
    seen = far.forget()
    run = godwit.copy("s3://many", "s3://one", server=far)
    assert run.code == CLEAN and run.summary["resumed"], str(run)
    # What the test itself lists below is none of the run's.
    records = far.audit()[seen:]
    check_ranges(shards(godwit))
    assert copied_keys(far, "one") == copied_keys(far, "many")
    # No listing of the source begins before the cursor that its range had. (The ledger that is carried on may know of one
    # commit more than could be read before it was.)
    pages = [record for record in records if record["operation"] == "ListObjectsV2" and is_page(record)]
    asked = [begins(record) for record in pages if record.get("bucket") == "many"]
    assert any(start for start in asked), "the audit tells where listings begin"
    for start in {start.encode() for start in asked if start is not None}:
        assert any((cursor or after) <= start and (not before or start < before) for after, before, cursor, _ in left), start


def test_h74_killed_again_and_again_while_it_is_cut(godwit, far):
    for kill in range(4):
        began = time.monotonic()
        kill_after(godwit, far, lambda: time.monotonic() - began > 0.2 + 0.15 * kill)
        if shards(godwit):
            check_ranges(shards(godwit))
    run = godwit.copy("s3://many", "s3://one", server=far)
    assert run.code == CLEAN, str(run)
    check_ranges(shards(godwit))
    assert copied_keys(far, "one") == copied_keys(far, "many")


def test_equal_md5_tags_of_another_s_copy_cost_neither_a_head_nor_a_copy(godwit, tmp_path):
    server = Double(tmp_path / "double")
    try:
        for number in range(30):
            for bucket in ("one", "two"):
                body = f"body {number}".encode() + (b"!" if bucket == "two" and number == 7 else b"")
                body = b"BODY 8" if bucket == "two" and number == 8 else body
                server.s3.put_object(Bucket=bucket, Key=f"key-{number:02}", Body=body)
        seen = server.forget()
        run = godwit.copy("s3://one", "s3://two", server=server)
        assert run.code == CLEAN, str(run)
        assert run.summary["copied"] == 2 and run.summary["skipped"] == 28, str(run)
        asked = [record.get("key", "") for record in server.audit("HeadObject") if record["number"] > seen]
        assert {key for key in asked if key.startswith("key-")} <= {"key-07", "key-08"}, asked
    finally:
        server.stop()
