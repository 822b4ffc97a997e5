"""Every byte in names, both ways (rows F62, F63, F67 and F68 of docs/fault-catalogue.md)."""

import base64
import os
from pathlib import Path

import pytest

from s3double import Double
from test_bad_input import CLEAN, NOT_CLEAN

# What URLs, forms, signatures, our own files and spreadsheets take for something else.
ODD = [
    "a+b", "a%2Bb", "a%b", "a%zz", "a&b", "a=b", "a;b", "a?b", "a#b", "a b", "a  b", "é", "e\u0301", "100%", "%2e%2e", "a%2Fb",
    ".godwit-0123456789abcdef0123456789ab~", ".godwit-probe-x", "-rf", "~", "~root", "=1+1", "+1", "@x", "quarantine",
    "exec-1.db", "\U0001f980", "\u202etxt", "a\\b", "*", "'\"", "<a>&amp;", "]]>", "null", ".hidden", "...", "a.", "a ",
]  # fmt: skip


def positions(character: str) -> list[str]:
    return [f"{character}first", f"mid{character}dle", f"last{character}"]


@pytest.fixture
def double(tmp_path):
    server = Double(tmp_path / "double")
    yield server
    server.stop()


def ends(godwit) -> dict[str, set[str]]:
    """Each key of the latest run by its outcome."""
    found: dict[str, set[str]] = {}
    for row in godwit.run("ledger", "query", "execution=latest", "-o", "jsonl").lines:
        exact = base64.b64decode(row["key_base64"]).decode() if "key_base64" in row else row["key"]
        found.setdefault(row["outcome"], set()).add(exact)
    return found


def keys_under(server: Double, bucket: str) -> set[str]:
    pages = server.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
    return {entry["Key"] for page in pages for entry in page.get("Contents", [])}


def test_f62_f67_f68_every_character_of_a_key_comes_to_a_file_or_into_the_report_and_back(godwit, double, tmp_path):
    keys = {key for number in range(1, 256) for key in positions(chr(number))} | set(ODD)
    for key in keys:
        double.s3.put_object(Bucket="one", Key=f"p/{key}", Body=key.encode())
    run = godwit.copy("s3://one/p", tmp_path / "down", server=double)
    found = ends(godwit)
    # A slash at either end makes no file.
    assert found.get("unrepresentable") == {"/first", "last/"}, str(run)
    assert run.code == NOT_CLEAN and run.summary["listed"] == len(keys), str(run)
    assert found["verified"] >= keys - {"/first", "last/"}
    for key in keys - {"/first", "last/"}:
        assert Path(os.fsdecode(os.fsencode(tmp_path / "down") + b"/" + key.encode())).read_bytes() == key.encode()
    back = godwit.copy(tmp_path / "down", "s3://two/q", server=double)
    assert back.code == CLEAN, str(back)
    arrived = {key.removeprefix("q/") for key in keys_under(double, "two") if not key.endswith("/")}
    assert arrived == keys - {"/first", "last/"}
    for key in arrived:
        assert double.s3.get_object(Bucket="two", Key=f"q/{key}")["Body"].read() == key.encode()
    again = godwit.copy(tmp_path / "down", "s3://two/q", server=double)
    assert again.code == CLEAN and again.summary["copied"] == 0, str(again)


def test_f62_f63_every_byte_of_a_name_comes_to_a_key_or_into_the_report(godwit, double, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    names = set()
    for number in set(range(1, 256)) - {ord("/")}:
        byte = bytes([number])
        names |= {byte + b"first", b"mid" + byte + b"dle", b"last" + byte}
    for name in names:
        Path(os.fsdecode(os.fsencode(source) + b"/" + name)).write_bytes(name)
    run = godwit.copy(source, "s3://one/p", server=double)
    utf8 = {name for name in names if name.isascii()}
    assert run.code == NOT_CLEAN and run.summary["failed"] == len(names - utf8), str(run)
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=unrepresentable", "-o", "jsonl").lines
    assert {base64.b64decode(row["key_base64"]) for row in rows} == names - utf8
    arrived = {key.removeprefix("p/").encode() for key in keys_under(double, "one") if not key.endswith("/")}
    assert arrived == utf8
    for name in utf8:
        assert double.s3.get_object(Bucket="one", Key=f"p/{name.decode()}")["Body"].read() == name
