"""Lists of objects and of prefixes: where they come from, what is wrong with them, and that nothing else is
touched."""

import http.server
import json
import os
import re
import signal
import subprocess
import threading
import time
from pathlib import Path

import pytest

from s3double import Double
from test_selection import files

TREE = {
    "a.txt": b"a",
    "d/b.txt": b"bb",
    "d/c, with comma.txt": b"ccc",
    'd/"quoted".txt': b"dddd",
    "d/e/f.txt": b"eeeee",
    "g.txt": b"gggggg",
}


@pytest.fixture
def source(tmp_path) -> Path:
    root = tmp_path / "source"
    for name, content in TREE.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
    return root


@pytest.fixture
def double(tmp_path):
    server = Double(tmp_path / "double")
    yield server
    server.stop()


@pytest.fixture
def listing(tmp_path):
    """Writes a list, by default as a manifest of these lines."""

    def write(*lines: str, name: str = "list.csv", end: str = "\n") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(line + end for line in lines).encode())
        return path

    return write


def test_a_manifest_names_what_is_copied(godwit, source, listing, tmp_path):
    manifest = listing("a.txt", '"d/c, with comma.txt"', 'd/""quoted"".txt', "", "d/e/f.txt", end="\r\n")
    copy = tmp_path / "copy"
    run = godwit.copy(source, copy, "--manifest", manifest)
    assert run.code == 0, str(run)
    expected = set(TREE) - {"d/b.txt", "g.txt"}
    assert files(copy) == expected
    assert (run.summary["listed"], run.summary["copied"]) == (4, 4)
    assert godwit.copy(source, copy, "--manifest", manifest).summary["copied"] == 0
    assert godwit.run("verify", source, copy, "--manifest", manifest).code == 0
    assert godwit.run("verify", source, copy).code == 1


# Rules for paths are those for keys: what leads out of SRC, by dots or by a link, is not read.
def test_j101_a_line_that_leads_out_or_nowhere_holds_up_no_other(godwit, source, listing, tmp_path):
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret.txt").write_text("x")
    os.symlink(tmp_path / "outside", source / "link")
    lines = ["../outside/secret.txt", "link/secret.txt", "d/" + "x" * 300, "y/" * 2000 + "y", "a.txt"]
    copy = tmp_path / "copy"
    run = godwit.copy(source, copy, "--manifest", listing(*lines))
    assert run.code == 1, str(run)
    assert files(copy) == {"a.txt"}
    assert run.summary["failed"] + run.summary["unlisted"] >= 4, str(run)


def test_what_is_missing_is_told_by_its_line_and_the_rest_is_copied(godwit, source, listing, tmp_path):
    copy = tmp_path / "copy"
    manifest = listing("a.txt", "nowhere.txt", "d", "d/../a.txt", "/g.txt", "g.txt")
    run = godwit.copy(source, copy, "--manifest", manifest)
    assert run.code == 1, str(run)
    assert files(copy) == {"a.txt", "g.txt"}
    assert (run.summary["listed"], run.summary["copied"], run.summary["failed"]) == (6, 2, 4)
    rows = godwit.run("ledger", "query", "outcome=failed", "--columns", "key,message", "-o", "jsonl").lines
    lines = {row["key"]: row["message"] for row in rows}
    assert set(lines) == {"nowhere.txt", "d", "d/../a.txt", "/g.txt"}
    for line, key in ((2, "nowhere.txt"), (3, "d"), (4, "d/../a.txt"), (5, "/g.txt")):
        assert f"line {line} of the list" in lines[key], lines
    verified = godwit.run("verify", source, copy, "--manifest", manifest, "-o", "jsonl")
    assert (verified.code, verified.summary["unreadable"]) == (1, 4), str(verified)
    checked = godwit.run("manifest", "check", manifest, "--source", source, "-o", "jsonl")
    assert checked.code == 1
    assert {line["line"] for line in checked.lines[:-1] if line["problem"] == "missing"} == {2, 3, 4, 5}
    assert checked.summary["missing"] == 4


def test_a_retry_asks_for_what_is_missing_again(godwit, source, listing, tmp_path):
    copy = tmp_path / "copy"
    manifest = listing("a.txt", "late.txt", "later.txt")
    assert godwit.copy(source, copy, "--manifest", manifest).code == 1
    (source / "late.txt").write_text("now")
    (source / "new.txt").write_text("not listed")
    manifest.unlink()
    retried = godwit.run("executions", "retry", "latest", "--failed", "-o", "jsonl")
    assert retried.code == 1, str(retried)
    assert (retried.summary["copied"], retried.summary["failed"]) == (1, 1), "still missing is no success"
    assert "line 3 of the list" in retried.stdout
    (source / "later.txt").write_text("now")
    first = json.loads(godwit.run("executions", "list", "-o", "jsonl", "--limit", "0").stdout.splitlines()[-1])
    whole = godwit.run("executions", "retry", first["execution"], "-o", "jsonl")
    assert whole.code == 0, str(whole)
    assert whole.summary["listed"] == 3
    assert files(copy) == {"a.txt", "late.txt", "later.txt"}
    for kept in (godwit.home / "data").rglob("*.keys"):
        kept.unlink()
    refused = godwit.run("executions", "retry", "latest")
    assert refused.code == 5 and "was not kept" in refused.stderr, str(refused)


def test_a_kept_list_goes_with_its_ledger(godwit, source, listing, tmp_path):
    assert godwit.copy(source, tmp_path / "copy", "--manifest", listing("a.txt")).code == 0
    kept = list((godwit.home / "data").rglob("*.keys"))
    assert len(kept) == 1
    time.sleep(1.1)
    pruned = godwit.run("state", "prune", "--older-than", "1s")
    assert pruned.code == 0, str(pruned)
    assert not kept[0].exists()
    assert not [path for path in (godwit.home / "data").rglob("*") if ".keys" in path.name or "list" in path.name]


def test_lines_that_are_there_twice_are_copied_once(godwit, source, listing, tmp_path):
    manifest = listing("g.txt", "a.txt", "g.txt", "g.txt")
    run = godwit.copy(source, tmp_path / "copy", "--manifest", manifest)
    assert run.code == 0, str(run)
    assert run.summary["copied"] == 2
    assert f"{manifest}:3: g.txt is the same as line 1; it is copied once" in run.stderr
    checked = godwit.run("manifest", "check", manifest, "-o", "jsonl")
    assert checked.code == 1
    assert [(line["line"], line["problem"], line["path"]) for line in checked.lines[:-1]] == [
        (3, "repeated", "g.txt"),
        (4, "repeated", "g.txt"),
    ]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (b"a.txt\nd/\ng.txt\nd/e/\n", [":2: ", "it is a directory", "1 more line like it"]),
        (b".txt,d/b.txt,g.txt", [":1: ", "3 fields", "a line of its own", "lose the first character"]),
        (b"a.txt,d/b.txt", [":1: ", 'version "d/b.txt"', "another key, it needs a line of its own"]),
        (b'a.txt\n"d/b.txt\n', [":2: ", "never closed"]),
        (b"a.txt\0", [":1: ", "NUL"]),
        (b"\n\r\n", ["names nothing"]),
        (b"", ["names nothing"]),
        (b"x" * 5000, [":1: ", "too long"]),
    ],
)
def test_a_bad_manifest_is_refused_before_anything_is_done(godwit, source, tmp_path, text, words):
    manifest = tmp_path / "list.csv"
    manifest.write_bytes(text)
    run = godwit.copy(source, tmp_path / "copy", "--manifest", manifest)
    assert run.code != 0
    assert files(tmp_path / "copy") == set()
    for word in words:
        assert word in run.stderr, str(run)


# Document 001: ','.join(keys)[1:], and the same with line ends.
def test_a_first_line_that_lost_its_first_character_is_explained(godwit, source, listing, tmp_path):
    run = godwit.copy(source, tmp_path / "copy", "--manifest", listing(".txt", "g.txt"))
    assert run.code == 1
    assert "did the first line lose its first character" in run.stdout, str(run)


def test_options_that_contradict_a_list_are_refused(godwit, source, listing, tmp_path):
    manifest = listing("a.txt")
    for options, word in (
        (["--manifest", manifest, "--delete"], "--delete"),
        (["--prefixes", manifest, "--delete"], "--delete"),
        (["--manifest", manifest, "--include", "*.txt"], "--include"),
        (["--manifest", manifest, "--max-size", "1KiB"], "--max-size"),
        (["--manifest", manifest, "--prefixes", manifest], "--manifest"),
        (["--manifest", ""], "an empty value"),
        (["--manifest", manifest, "--explain", "a"], "--explain"),
    ):
        run = godwit.copy(source, tmp_path / "copy", *options)
        assert run.code == 2 and word in run.stderr, str(run)
    assert godwit.run("plan", source, tmp_path / "copy", "--to", tmp_path / "p", "--manifest", manifest).code == 2
    single = godwit.copy(source / "a.txt", tmp_path / "copy", "--manifest", manifest)
    assert single.code == 2 and "is a single object" in single.stderr, str(single)
    assert files(tmp_path / "copy") == set()


def test_a_dry_run_of_a_list(godwit, source, listing, tmp_path):
    run = godwit.copy(source, tmp_path / "copy", "--manifest", listing("a.txt", "none"), "--dry-run")
    assert run.code == 1, str(run)
    assert {line["key"]: line["action"] for line in run.lines[:-1]} == {"a.txt": "copy", "none": "missing"}
    assert run.summary["missing"] == 1
    assert not (tmp_path / "copy").exists()


# ---- Where lists come from


def test_a_list_from_standard_input(godwit, source, tmp_path):
    copy = tmp_path / "copy"
    run = godwit.copy(source, copy, "--manifest", "-", stdin=b"a.txt\ng.txt\n")
    assert run.code == 0, str(run)
    assert files(copy) == {"a.txt", "g.txt"}
    again = godwit.run("executions", "retry", "latest", "-o", "jsonl")
    assert (again.code, again.summary["listed"]) == (0, 2), "the list was kept"


# Whoever sends a list may be slow, and a signal is heard meanwhile.
def test_a_slow_pipe_is_waited_for(godwit, source, tmp_path):
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    def write():
        with open(fifo, "wb", buffering=0) as pipe:
            for piece in (b"a.t", b"xt\r", b"\ng.txt"):
                pipe.write(piece)
                time.sleep(0.2)

    writer = threading.Thread(target=write)
    writer.start()
    run = godwit.copy(source, tmp_path / "copy", "--manifest", fifo)
    writer.join()
    assert run.code == 0, str(run)
    assert files(tmp_path / "copy") == {"a.txt", "g.txt"}


class Page(http.server.BaseHTTPRequestHandler):
    """Serves /list.csv; /moved leads there, /cut promises more than it sends, /endless does not say how much."""

    protocol_version = "HTTP/1.1"
    body = b"a.txt\ng.txt\na.txt\n"

    def do_GET(self):
        path = self.path.split("?")[0]
        if path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/list.csv?again")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        if path not in ("/list.csv", "/cut", "/endless"):
            self.send_error(404)
            return
        self.send_response(200)
        if path != "/endless":
            self.send_header("Content-Length", str(len(self.body) + (path == "/cut")))
        self.end_headers()
        self.wfile.write(self.body)
        self.close_connection = True

    def log_message(self, *_):
        pass


@pytest.fixture
def web():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize("path", ["/list.csv", "/moved?secret=1"])
def test_a_list_behind_a_url(godwit, source, tmp_path, web, path):
    run = godwit.copy(source, tmp_path / "copy", "--manifest", web + path)
    assert run.code == 0, str(run)
    assert files(tmp_path / "copy") == {"a.txt", "g.txt"}
    described = godwit.run("executions", "describe", "latest")
    assert "is the same as line 1" in run.stderr and web in described.stdout
    assert "secret" not in run.stderr + run.stdout + described.stdout, "of a URL its query is not repeated"


@pytest.mark.parametrize(
    ("path", "word"),
    [("/none?secret=1", "status 404"), ("/cut", "list"), ("/endless", "how long it is")],
)
def test_a_list_that_may_not_be_whole_is_refused(godwit, source, tmp_path, web, path, word):
    run = godwit.copy(source, tmp_path / "copy", "--manifest", web + path)
    assert run.code != 0, str(run)
    assert "secret" not in run.stderr
    if path != "/cut":
        assert word in run.stderr, str(run)
    assert files(tmp_path / "copy") == set()


def test_a_list_in_s3_and_nothing_else_is_looked_at(godwit, double, tmp_path):
    for key, content in TREE.items():
        double.s3.put_object(Bucket="one", Key="data/" + key, Body=content)
    double.s3.put_object(Bucket="two", Key="lists/today.csv", Body=b"a.txt\nd/e/f.txt\n")
    before = double.audit()[-1]["number"]
    copy = tmp_path / "copy"
    run = godwit.copy("s3://one/data", copy, "--manifest", "s3://two/lists/today.csv", server=double)
    assert run.code == 0, str(run)
    assert files(copy) == {"a.txt", "d/e/f.txt"}
    asked = [record for record in double.audit() if record["number"] > before and record.get("bucket") == "one"]
    keys = {record["key"] for record in asked if record.get("key")}
    assert keys - {"data", "data/"} == {"data/a.txt", "data/d/e/f.txt"}
    lists = [record for record in asked if record["operation"] == "ListObjectsV2"]
    assert len(lists) <= 2, "whether the bucket is there, and no more"
    none = godwit.copy("s3://one/data", copy, "--manifest", "s3://two/lists/none.csv", server=double)
    assert none.code == 5, str(none)


def test_a_manifest_into_a_bucket_and_back(godwit, server, bucket, source, listing, tmp_path):
    manifest = listing("a.txt", 'd/""quoted"".txt', "d/e/f.txt")
    run = godwit.copy(source, f"s3://{bucket}/all", "--manifest", manifest, server=server)
    assert run.code == 0, str(run)
    assert sorted(server.keys(bucket)) == sorted(["all/a.txt", 'all/d/"quoted".txt', "all/d/e/f.txt"])
    back = godwit.copy(f"s3://{bucket}/all", tmp_path / "back", "--manifest", manifest, server=server)
    assert back.code == 0, str(back)
    assert files(tmp_path / "back") == {"a.txt", 'd/"quoted".txt', "d/e/f.txt"}


# ---- Prefixes


def test_prefixes_survive_blank_lines_and_any_line_end(godwit, source, tmp_path):
    prefixes = tmp_path / "prefixes.txt"
    prefixes.write_bytes(b"\r\nd/e/\r\n\ng\n\r\nd/\r\nnowhere/\n")
    copy = tmp_path / "copy"
    run = godwit.copy(source, copy, "--prefixes", prefixes)
    assert run.code == 0, str(run)
    assert files(copy) == {name for name in TREE if name.startswith(("d/", "g"))}
    assert "begins with that of line 6" in run.stderr, str(run)
    assert godwit.copy(source, copy, "--prefixes", prefixes).summary["copied"] == 0
    narrowed = godwit.copy(source, tmp_path / "less", "--prefixes", prefixes, "--exclude", "*.txt")
    assert narrowed.code == 0 and files(tmp_path / "less") == set(), str(narrowed)


def test_prefixes_of_which_nothing_begins_are_no_success(godwit, source, tmp_path, listing):
    run = godwit.copy(source, tmp_path / "copy", "--prefixes", listing("x/", "y/"))
    assert run.code == 5, str(run)
    assert "no object begins with any prefix of the list" in run.stderr


def test_of_a_bucket_only_the_prefixes_are_listed(godwit, double, listing, tmp_path):
    for number in range(300):
        double.s3.put_object(Bucket="one", Key=f"{number:03}/x", Body=b"x")
    before = double.audit()[-1]["number"]
    wanted = [f"{number:03}/" for number in range(0, 300, 7)]
    run = godwit.copy("s3://one", tmp_path / "copy", "--prefixes", listing(*wanted), server=double)
    assert run.code == 0, str(run)
    assert files(tmp_path / "copy") == {prefix + "x" for prefix in wanted}
    lists = [record for record in double.audit("ListObjectsV2") if record["number"] > before]
    assert len(wanted) <= len(lists) <= len(wanted) + 2, "one for each, and no page of all"


# ---- build and check


def test_what_is_built_is_read(godwit, source, tmp_path):
    (source / "d" / "two\nlines.txt").write_text("x")
    os.symlink("a.txt", source / "link")
    manifest = tmp_path / "built.csv"
    built = godwit.run("manifest", "build", source, "--file", manifest)
    assert built.code == 0, str(built)
    checked = godwit.run("manifest", "check", manifest, "--source", source, "-o", "jsonl")
    assert (checked.code, checked.summary["distinct"]) == (0, len(TREE) + 2), str(checked)
    copy = tmp_path / "copy"
    assert godwit.copy(source, copy, "--manifest", manifest).code == 0
    assert files(copy) == files(source)
    some = godwit.run("manifest", "build", source, "--include", "d/e/")
    assert some.stdout == "d/e/f.txt\n"


def test_a_check_of_prefixes_and_versions(godwit, listing):
    checked = godwit.run("manifest", "check", listing("a/b", "a/", "c"), "--prefixes", "-o", "jsonl")
    assert (checked.code, checked.summary["covered"], checked.summary["distinct"]) == (1, 1, 2), str(checked)
    versions = godwit.run("manifest", "check", listing("a,v1", "b"), "-o", "jsonl")
    assert (versions.code, versions.summary["versions"]) == (0, 1), str(versions)


# Memory is for pieces of a list, not for the list.
def test_l113_a_list_of_a_million_lines_is_read_in_bounded_memory(godwit, tmp_path):
    def peak_mib(lines: int) -> float:
        path = tmp_path / f"{lines}.csv"
        with open(path, "w") as out:
            for number in range(lines):
                out.write(f"projects/{number * 7919 % lines:09}/a-name-of-usual-length.tif\n")
        process = subprocess.Popen(
            [godwit.binary, "manifest", "check", path], env=godwit.environment(), stderr=subprocess.DEVNULL
        )
        # What wait4() tells of a child counts the memory of the process that it was forked from.
        peak, status = 0, Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text())
            peak = max(peak, int(found[1]) if found else 0)
            time.sleep(0.02)
        assert process.returncode == 0 and peak > 0
        return peak / 1024

    assert peak_mib(1_000_003) < 96
    assert peak_mib(2_000_003) < 96


# An interrupted run is carried on with the same list, wherever that is now, and not with another one.
@pytest.mark.parametrize("same", [True, False])
def test_an_interrupted_run_is_carried_on_with_the_same_list(godwit, double, listing, tmp_path, source, same):
    for number in range(100):
        (source / f"n{number:03}").write_bytes(b"n")
    names = [f"n{number:03}" for number in range(100)]
    double.rules({"operation": "PutObject", "delay_ms": 500})
    process = subprocess.Popen(
        [godwit.binary, "copy", source, "s3://one/x", "--manifest", listing(*names), "--concurrency", "2",
         "--endpoint-url", double.endpoint],
        env=godwit.environment(double), cwd=godwit.home, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip
    began = time.monotonic()
    while len(double.audit("PutObject")) < 4 and time.monotonic() - began < 60:
        time.sleep(0.1)
    process.kill()
    assert process.wait() == -signal.SIGKILL
    double.rules()
    again = listing(*(reversed(names) if same else names[1:]), name="again.csv")
    run = godwit.copy(source, "s3://one/x", "--manifest", again, server=double)
    assert run.code == 0, str(run)
    assert (run.summary["listed"], run.summary["resumed"]) == (100 if same else 99, same), str(run)
