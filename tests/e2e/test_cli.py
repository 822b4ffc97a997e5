"""The command line as a person at a terminal and a program behind a pipe meet it."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path

import pytest

from godwit import Godwit
from terminal import OnTerminal
from test_bad_input import DOUBLE_KEYS, at_another_time, double, set_rules, small_tree, snapshot  # noqa: F401 (fixtures)

MEBIBYTE = 1 << 20
RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


def on_terminal(godwit: Godwit, *arguments, environment: dict | None = None, **options) -> OnTerminal:
    return OnTerminal(
        [godwit.binary, *arguments], godwit.environment() | (environment or {}), cwd=godwit.home, **options
    )


def large_file(folder: Path, mebibytes: int = 64) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "large", "wb") as file:
        for _ in range(mebibytes):
            file.write(os.urandom(MEBIBYTE))
    return folder


# ---- Progress


def moved_bytes(frames: list[str]) -> list[float]:
    units = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
    found = [re.search(r"% +([\d.]+) (B|KiB|MiB|GiB) ", frame) for frame in frames]
    return [float(match[1]) * units[match[2]] for match in found if match]


def test_progress_moves_within_one_large_file(godwit, tmp_path):
    source = large_file(tmp_path / "source", 48)
    run = on_terminal(godwit, "copy", source, tmp_path / "copy", "--limit-bytes-per-second", "16MiB")
    assert run.finish() == 0, run.text
    moved = moved_bytes(run.frames)
    assert moved == sorted(moved)
    assert len(set(moved)) >= 5, run.frames
    assert any("ETA" in frame for frame in run.frames), run.frames
    assert "Copied and verified 1 object (48.0 MiB)" in run.text
    assert run.shown.count(b"\x1b[K") >= len(moved)


def test_totals_are_a_lower_bound_until_listing_ends(double, godwit, tmp_path):
    set_rules(double, {"operation": "ListObjectsV2", "delay_ms": 700})
    where = ["--endpoint-url", double]
    for number in range(3):
        folder = tmp_path / f"source/{number}"
        folder.mkdir(parents=True)
        for file in range(700):
            (folder / f"{file}").write_bytes(b"x")
    up = godwit.run("copy", tmp_path / "source", "s3://hostile/p", *where, environment=DOUBLE_KEYS)
    assert up.code == 0, str(up)
    run = on_terminal(
        godwit, "copy", "s3://hostile/p", tmp_path / "copy", *where, environment=DOUBLE_KEYS | {"LC_ALL": "C.UTF-8"}
    )
    assert run.finish() == 0, run.text
    listing = [frame for frame in run.frames if frame.startswith("listing")]
    assert listing, run.frames
    assert all("≥" in frame and "%" not in frame and "ETA" not in frame for frame in listing), listing
    assert not any("≥" in frame for frame in run.frames if frame.startswith("listed")), run.frames


@pytest.mark.parametrize("columns", [30, 60, 200])
def test_a_progress_line_is_never_wider_than_the_terminal(godwit, tmp_path, columns):
    source = large_file(tmp_path / "source", 16)
    run = on_terminal(
        godwit, "copy", source, tmp_path / "copy", "--limit-bytes-per-second", "16MiB", columns=columns
    )
    assert run.finish() == 0, run.text
    shown = [frame for frame in run.frames if frame.startswith("list")]
    assert shown and all(len(frame) < columns for frame in shown), shown


def test_no_progress_without_a_terminal_when_quiet_or_unwanted(godwit, tmp_path):
    source = large_file(tmp_path / "source", 16)
    slow = ["--limit-bytes-per-second", "16MiB", "--transfer-all"]
    piped = godwit.run("copy", source, tmp_path / "copy", *slow)
    assert piped.code == 0 and piped.stderr == "" and "\r" not in piped.stdout, str(piped)
    for option in ("--no-progress", "-q"):
        run = on_terminal(godwit, "copy", source, tmp_path / "copy", option, *slow)
        assert run.finish() == 0
        assert not any(frame.startswith("list") for frame in run.frames), run.frames


@pytest.mark.slow
def test_one_heartbeat_line_each_30_seconds_without_a_terminal(godwit, tmp_path):
    source = large_file(tmp_path / "source", 33)
    run = godwit.run("copy", source, tmp_path / "copy", "--limit-bytes-per-second", "1MiB")
    assert run.code == 0, str(run)
    assert re.fullmatch(r"progress: 1 listed, 0 of 1 done, [\d.]+ MiB moved, .*, after 30 s, ETA .*\n", run.stderr), str(run)


# ---- Ctrl-C


def staged_files(folder: Path) -> list[str]:
    return [str(path) for path in folder.rglob("*") if path.is_file() and path.name not in ("large", "a", "b")]


@pytest.fixture
def slow_copy(godwit, tmp_path):
    """A copy of 60 MiB in 20 files that takes some 7 seconds."""
    source = tmp_path / "source"
    source.mkdir()
    for number in range(20):
        (source / f"file {number:02}").write_bytes(os.urandom(3 * MEBIBYTE))
    command = ["copy", source, tmp_path / "copy", "--limit-bytes-per-second", "8MiB", "--memory", "16MiB"]
    return source, tmp_path / "copy", command


def carried_on(godwit, source, copy, before: set[str]) -> None:
    again = godwit.copy(source, copy)
    assert again.code == 0, str(again)
    assert again.summary["resumed"], str(again)
    assert again.summary["listed"] == 20
    assert snapshot(source) == snapshot(copy)
    rows = godwit.run("ledger", "query", "execution=latest", "-o", "jsonl").lines
    keys = [row["key"] for row in rows]
    assert len(keys) == len(set(keys)) == 20, "each object has one end"
    assert before <= set(keys)


def verified_keys(godwit) -> set[str]:
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=verified", "-o", "jsonl").lines
    return {row["key"] for row in rows}


def test_h82_ctrl_c_finishes_what_is_under_way_and_the_same_command_carries_on(godwit, slow_copy):
    source, copy, command = slow_copy
    run = on_terminal(godwit, *command)
    run.wait_for(r"verified [1-9]")
    run.press_ctrl_c()
    run.wait_for("once more stops at once")
    assert run.finish() == 130, run.text
    assert "Stopped after" in run.text and "the same command again" in run.text
    assert "error:" not in run.text, "who pressed the key knows"
    done = verified_keys(godwit)
    assert 0 < len(done) < 20
    # All that is there is whole.
    assert {name for name in snapshot(copy)} == {key.encode() for key in done}
    carried_on(godwit, source, copy, done)


def test_h82_a_second_ctrl_c_stops_at_once_and_the_same_command_carries_on(godwit, slow_copy):
    source, copy, command = slow_copy
    run = on_terminal(godwit, *command)
    run.wait_for(r"verified [1-9]")
    run.press_ctrl_c()
    run.wait_for("once more stops at once")
    pressed = time.monotonic()
    run.press_ctrl_c()
    assert run.finish() == 130, run.text
    assert time.monotonic() - pressed < 3
    done = verified_keys(godwit)
    for name, value in snapshot(copy).items():
        assert snapshot(source)[name] == value, "whole, or not there"
    carried_on(godwit, source, copy, done)


def test_h82_ctrl_c_twice_within_one_large_file(godwit, tmp_path):
    source = large_file(tmp_path / "source", 64)
    command = ["copy", source, tmp_path / "copy", "--limit-bytes-per-second", "8MiB"]
    run = on_terminal(godwit, *command)
    run.wait_for(r"%  +[1-9][\d.]* MiB")
    run.press_ctrl_c()
    run.wait_for("once more stops at once")
    pressed = time.monotonic()
    run.press_ctrl_c()
    assert run.finish() == 130, run.text
    assert time.monotonic() - pressed < 3
    assert not (tmp_path / "copy/large").exists()
    again = godwit.copy(source, tmp_path / "copy")
    assert again.code == 0 and again.summary["resumed"], str(again)
    assert snapshot(source) == snapshot(tmp_path / "copy"), "and nothing staged is left"


@pytest.mark.parametrize("number, code", [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)])
def test_h82_a_signal_drains_without_a_terminal_too(godwit, slow_copy, number, code):
    source, copy, command = slow_copy
    process = subprocess.Popen(
        [godwit.binary, *command, "-o", "jsonl"],
        env=godwit.environment(),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # Whoever runs these tests under nohup has told all children to ignore it.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_DFL),
    )
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "progress" and event["verified"] > 0:
            break
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == code, err
    summary = json.loads(out.splitlines()[-1])
    assert (summary["type"], summary["exit_code"]) == ("summary", code)
    carried_on(godwit, source, copy, verified_keys(godwit))


def test_h82_two_runs_of_one_pair_do_not_meet(godwit, slow_copy):
    source, copy, command = slow_copy
    run = on_terminal(godwit, *command)
    run.wait_for(r"verified [1-9]")
    second = godwit.copy(source, copy)
    assert second.code == 8, str(second)
    assert second.errors[0]["code"] == "Locked" and second.errors[0]["fix"], str(second)
    seen = godwit.run("executions", "list", "-o", "jsonl").lines
    assert [row["status"] for row in seen] == ["TRANSFERRING"], "others may look meanwhile"
    assert run.finish() == 0


# ---- Output


SCHEMA = {
    "start": {"v", "ts", "type", "execution", "task", "source", "destination", "resumed"},
    "progress": {
        "v", "ts", "type", "listed", "listed_bytes", "listing_done", "planned", "planned_bytes", "done", "verified",
        "failed", "deferred", "bytes", "bytes_per_second", "retries", "eta_seconds",
    },  # fmt: skip
    "error": {"v", "ts", "type", "scope", "code", "kind", "count", "key", "message", "fix"},
    "summary": {
        "v", "ts", "type", "execution", "status", "resumed", "source", "destination", "listed", "copied", "verified",
        "skipped", "deferred", "failed", "deleted", "kept", "not_deleted", "bytes", "skipped_because", "evidence",
        "unlisted", "seconds", "exit_code",
    },  # fmt: skip
}  # fmt: skip


def test_json_lines_keep_to_their_schema(godwit, tmp_path):
    source = large_file(small_tree(tmp_path / "source"), 48)
    (tmp_path / "copy/a").mkdir(parents=True)
    run = godwit.copy(source, tmp_path / "copy", "--limit-bytes-per-second", "16MiB")
    assert run.code == 1, str(run)
    kinds = [line["type"] for line in run.lines]
    assert kinds[0] == "start" and kinds[-1] == "summary"
    assert set(kinds) == {"start", "progress", "error", "summary"}
    for line in run.lines:
        assert set(line) == SCHEMA[line["type"]], line
        assert line["v"] == 1 and RFC3339.fullmatch(line["ts"])
    for line in run.lines:
        if line["type"] == "progress" and not line["listing_done"]:
            assert line["eta_seconds"] is None
    summary = run.summary
    assert summary["listed"] == sum(summary[part] for part in ("copied", "skipped", "deferred", "failed"))
    assert summary["exit_code"] == run.code
    assert sum(summary["evidence"].values()) == summary["verified"]


def test_every_command_gives_json_that_can_be_read(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    assert godwit.copy(source, tmp_path / "copy").code == 0
    (tmp_path / "copy/a").write_bytes(b"zzz")
    for command, code in [
        (["ls", "-r", source], 0),
        (["stat", source / "a"], 0),
        (["verify", source, tmp_path / "copy"], 1),
        (["copy", source, tmp_path / "copy", "--dry-run"], 0),
        (["executions", "list"], 0),
        (["executions", "describe", "latest"], 0),
        (["executions", "errors", "latest"], 0),
        (["ledger", "query"], 0),
        (["ledger", "stats"], 0),
        (["ledger", "trace", source / "a"], 0),
        (["state", "info"], 0),
        (["doctor", source], 0),
    ]:
        lines = godwit.run(*command, "-o", "jsonl")
        assert lines.code == code, str(lines)
        assert all(line["v"] == 1 and line["type"] for line in lines.lines), str(lines)
        whole = godwit.run(*command, "-o", "json")
        assert whole.code == code and json.loads(whole.stdout) is not None, str(whole)
    assert json.loads(godwit.run("version", "-o", "json").stdout)["name"] == "godwit"
    exported = godwit.run("ledger", "export", "latest", "-o", "jsonl")
    assert {line["key"] for line in exported.lines} == {"a", "folder/", "folder/b"}


def test_behind_a_pipe_tables_are_exact_and_tab_separated(godwit, tmp_path):
    source = large_file(small_tree(tmp_path / "source"), 2)
    long_name = "n" * 200
    (source / long_name).write_bytes(b"")
    run = godwit.run("ls", "-r", source, environment={"COLUMNS": "40"})
    header, *rows = [line.split("\t") for line in run.stdout.splitlines()]
    assert header == ["key", "bytes", "modified"]
    table = {row[0]: row for row in rows}
    assert table["large"][1] == str(2 * MEBIBYTE)
    assert long_name in table
    assert all(len(row) == 3 and RFC3339.fullmatch(row[2]) for row in rows)
    assert "\x1b" not in run.stdout


def test_at_a_terminal_tables_are_aligned_with_short_numbers(godwit, tmp_path):
    source = large_file(small_tree(tmp_path / "source"), 2)
    run = on_terminal(godwit, "ls", "-r", source)
    assert run.finish() == 0
    assert re.search(r"^large +2\.0 MiB  \d{4}-", run.text, re.MULTILINE), run.text
    assert b"\x1b[1m" in run.shown and "KEY" in run.text


@pytest.mark.parametrize(
    "environment, coloured",
    [({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False), ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, False)],
)
def test_colour_at_a_terminal(godwit, tmp_path, environment, coloured):
    run = on_terminal(godwit, "ls", small_tree(tmp_path / "source"), environment=environment)
    assert run.finish() == 0
    assert (b"\x1b[1m" in run.shown) == coloured


def test_colour_behind_a_pipe_only_by_force(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    plain = godwit.run("copy", source, tmp_path / "copy")
    forced = godwit.run("copy", source, tmp_path / "copy", environment={"CLICOLOR_FORCE": "1"})
    assert "\x1b" not in plain.stdout and "\x1b[" in forced.stdout


def test_f62_a_name_cannot_drive_the_terminal(godwit, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for name in (b"\x1b]0;owned\x07", b"\x1b[2J", b"back\x08space", b"\xc2\x9b31m", b"\x9b31m", b"line\nline", b"\r over"):
        Path(os.fsdecode(os.path.join(os.fsencode(source), name))).write_bytes(b"x")
    (tmp_path / "copy").mkdir()
    (tmp_path / "empty \x1b[2J").mkdir()
    os.mkdir(os.path.join(os.fsencode(tmp_path / "copy"), b"\x1b[2J"))
    for command in (
        ["ls", "-r", source],
        ["copy", source, tmp_path / "copy", "--no-progress"],
        ["executions", "errors", "latest"],
        ["ledger", "query"],
        ["verify", source, tmp_path / "copy", "--no-progress"],
        ["ledger", "trace", os.path.join(os.fsencode(source), b"\xc2\x9b31m")],
        ["stat", os.path.join(os.fsencode(source), b"\x1b]0;owned\x07")],
        ["copy", b"\x1b[2J missing", tmp_path / "copy"],
        ["copy", tmp_path / "empty \x1b[2J", tmp_path / "copy \x1b[2J"],
        ["copy", "-vv", source, "s3://bucket/\x1b[2J", "--endpoint-url", "http://127.0.0.1:1", "--profile", "\x1b[2J"],
        ["state", "info", "--data-dir", "\x1b[2J"],
        ["executions", "list"],
        ["executions", "describe", "latest"],
        ["executions", "describe", "\x1b[2J"],
        ["state", "backup", tmp_path / "backup \x1b[2J"],
        ["help", "\x1b[2J"],
        ["doctor", tmp_path / "empty \x1b[2J"],
    ):
        run = on_terminal(godwit, *command, environment={"NO_COLOR": "1"})
        run.finish()
        left = run.shown.replace(b"\r\n", b"")
        assert not re.search(rb"[\x00-\x1f\x7f]", left), left
        assert "\x9b" not in left.decode(), left


def test_results_and_talk_never_mix(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    copied = godwit.run("copy", source, tmp_path / "copy", "-o", "name")
    assert re.fullmatch(r"exec-[0-9a-f]+\n", copied.stdout), str(copied)
    traced = godwit.run("ledger", "trace", tmp_path / "copy/a")
    assert "SAFE" in traced.stderr and traced.stdout.startswith("key\tevent\t"), str(traced)
    damaged = godwit.run("verify", source, tmp_path / "source/folder", "-o", "jsonl")
    assert all(RFC3339.fullmatch(line["ts"]) for line in damaged.lines), str(damaged)
    verified = godwit.run("verify", source, tmp_path / "copy")
    assert "3 equal" in verified.stderr and len(verified.stdout.splitlines()) == 1, str(verified)


def test_a_reader_that_goes_away_is_no_error(godwit, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    for number in range(5000):
        (source / f"a rather long name, so that the pipe is full soon, {number}").touch()
    run = subprocess.run(
        ["bash", "-c", '"$0" ls "$1" | head -n 1; echo "${PIPESTATUS[0]}"', godwit.binary, source],
        env=godwit.environment(),
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.stdout.splitlines()[1:] == ["0"] and run.stderr == "", run


def test_results_that_cannot_be_written_are_an_error(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [godwit.binary, "ls", source], env=godwit.environment(), stdout=full, stderr=subprocess.PIPE, text=True
        )
    assert run.returncode == 1 and "standard output" in run.stderr, run


# ---- What is asked, and how


def advertised_commands(godwit) -> list[str]:
    lines = godwit.run("help").stdout.splitlines()
    usage = next(number for number, line in enumerate(lines) if line.startswith("Usage:"))
    return [line[2:25].strip() for line in lines[usage:] if line.startswith("  ")]


def test_every_advertised_command_leads_with_examples(godwit):
    commands = advertised_commands(godwit)
    assert "copy" in commands and "ledger export" in commands
    for command in commands:
        shown = godwit.run(*command.split(), "-h")
        assert shown.code == 0 and shown.stderr == "", str(shown)
        assert shown.stdout == godwit.run("help", *command.split()).stdout
        if command not in ("version", "help"):
            assert shown.stdout.splitlines()[2] == "Examples:", str(shown)


def test_nothing_that_is_not_there_is_advertised(godwit):
    commands = advertised_commands(godwit)
    everything = godwit.run("help").stdout + "".join(
        godwit.run(*command.split(), "-h").stdout for command in commands
    )
    for word in ("godwit serve", "worker", "queue", "stack", "dashboard", "webhook"):
        assert word not in everything, word


def test_nouns_in_singular_and_plural(godwit, tmp_path):
    assert godwit.copy(small_tree(tmp_path / "source"), tmp_path / "copy").code == 0
    assert godwit.run("execution", "list").stdout == godwit.run("executions", "list").stdout
    assert godwit.run("ledgers", "stats").stdout == godwit.run("ledger", "stats").stdout
    assert godwit.run("states", "info", "-o", "json").code == 0


@pytest.mark.parametrize(
    "words, hint",
    [
        (["cop"], "did you mean `copy`?"),
        (["list", "executions"], "did you mean `godwit executions list`?"),
        (["executions"], "a verb is missing; there are: list, describe, errors, limit, retry"),
        (["execution", "lst"], "did you mean `list`?"),
        (["ledger", "exprot", "x"], "did you mean `export`?"),
        (["help", "exit-code"], "did you mean `exit-codes`?"),
        (["--dry-run", "copy"], "options follow the command"),
        (["copy", "only-one"], "DST: is missing; usage: godwit copy SRC DST"),
        (["ledger", "query", "outcom=failed"], "there are: execution, task, outcome"),
        (["ledger", "query", "outcome=faild"], "did you mean `failed`?"),
        (["ledger", "query", "--columns", "key,byts"], "did you mean `bytes`?"),
        (["ledger", "query", "since=zz"], "write 30s, 15m"),
    ],
    ids=" ".join,
)
def test_a_wrong_word_gets_the_right_one(godwit, words, hint):
    run = godwit.run(*words)
    assert run.code == 2 and run.stdout == "", str(run)
    assert hint in run.stderr, str(run)


def test_an_option_beats_its_variable(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    by_variable = godwit.run("ls", source, environment={"GODWIT_OUTPUT": "name"})
    assert by_variable.stdout.splitlines() == ["a", "folder/"]
    by_option = godwit.run("ls", source, "-o", "csv", environment={"GODWIT_OUTPUT": "name"})
    assert by_option.stdout.startswith("key,bytes,")


def test_every_option_has_its_variable(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    shown = godwit.run("copy", "-h").stdout
    names = set(re.findall(r"^ +(?:-\w, )?--(?:\[source-\|destination-\])?([a-z-]+)", shown, re.MULTILINE)) - {"help"}
    assert len(names) > 25, names
    switches = 0
    for name in names:
        variable = "GODWIT_" + name.upper().replace("-", "_")
        run = godwit.run("copy", source, tmp_path / "copy", "--dry-run", environment={variable: "\x01 no value"})
        if run.code == 2:
            assert variable in run.stderr or f"--{name}" in run.stderr, str(run)
            switches += 1
    assert switches > 15, "free text is taken as it is; all others are checked"
    dry = godwit.run("copy", source, tmp_path / "copy", environment={"GODWIT_DRY_RUN": "1"})
    assert dry.code == 0 and not (tmp_path / "copy").exists(), str(dry)


def test_nothing_is_ever_asked(godwit, tmp_path):
    """GODWIT_NO_INPUT has nothing to switch off: no command reads its standard input."""
    source = small_tree(tmp_path / "source")
    for command in (["copy", source, tmp_path / "copy"], ["state", "prune", "--older-than", "1d"]):
        run = on_terminal(godwit, *command)
        assert run.finish(30) == 0, run.text


def test_a_dry_run_writes_nothing_and_foretells_the_run(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    dry = godwit.copy(source, tmp_path / "copy", "--dry-run")
    assert dry.code == 0 and not (tmp_path / "copy").exists(), str(dry)
    assert not list(godwit.home.rglob("*.db")), "no execution either"
    planned = {line["key"] for line in dry.lines if line["type"] == "object" and line["action"] == "copy"}
    run = godwit.copy(source, tmp_path / "copy")
    rows = godwit.run("ledger", "query", "outcome=verified", "-o", "jsonl").lines
    assert planned == {row["key"] for row in rows}
    assert run.summary["copied"] == dry.summary["copy"]


def test_the_same_command_from_another_directory_is_the_same_task(godwit, tmp_path):
    small_tree(tmp_path / "source")
    (tmp_path / "elsewhere").mkdir()
    first = subprocess.run([godwit.binary, "copy", "source", "copy"], cwd=tmp_path, env=godwit.environment())
    assert first.returncode == 0
    again = godwit.copy(tmp_path / "source", tmp_path / "copy")
    assert again.summary["copied"] == 0, str(again)
    rows = godwit.run("executions", "list", "-o", "jsonl").lines
    assert {row["destination"] for row in rows} == {str(tmp_path / "copy")}
    trace = godwit.run("ledger", "trace", tmp_path / "copy/a")
    assert trace.code == 0 and "SAFE" in trace.stderr, str(trace)


def test_a_single_file_is_traced_by_either_of_its_names(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    assert godwit.copy(source / "a", tmp_path / "other name").code == 0
    for name in (source / "a", tmp_path / "other name"):
        trace = godwit.run("ledger", "trace", name, "-o", "jsonl")
        assert trace.code == 0, str(trace)
        assert {(line["source"], line["destination"]) for line in trace.lines} == {
            (str(source / "a"), str(tmp_path / "other name"))
        }
    assert godwit.run("ledger", "trace", source / "folder/b").code == 5
    assert godwit.run("ledger", "trace", source).code == 5


def test_b14_verify_finds_what_size_and_time_hide(server, bucket, godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    assert godwit.copy(source, f"s3://{bucket}/p", server=server).code == 0
    ends = [source, f"s3://{bucket}/p", "--endpoint-url", server.endpoint, "-o", "jsonl"]
    for mode in ("metadata", "checksum", "bytes"):
        assert godwit.run("verify", *ends, "--by", mode, server=server).code == 0
    before = os.stat(source / "a")
    (source / "a").write_bytes(b"eno")
    os.utime(source / "a", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert godwit.run("verify", *ends, "--by", "metadata", server=server).code == 0
    for mode in ("checksum", "bytes"):
        run = godwit.run("verify", *ends, "--by", mode, server=server)
        assert run.code == 1, str(run)
        found = [line for line in run.lines if line["type"] == "object"]
        assert [(line["key"], line["difference"]) for line in found] == [("a", "content")], str(run)
        assert run.summary["different"] == 1


def test_samples_of_a_day_come_to_every_content(godwit, tmp_path):
    source, copy = tmp_path / "source", tmp_path / "copy"
    source.mkdir()
    for number in range(40):
        (source / f"{number}").write_bytes(b"one")
    assert godwit.copy(source, copy).code == 0
    for file in copy.iterdir():
        before = file.stat()
        file.write_bytes(b"eno")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    found = set()
    for day in range(4):
        run = at_another_time(godwit, f"+{day}d").run(
            "verify", source, copy, "--by", "bytes", "--sample", "25%/day", "-o", "jsonl",
            environment={"NO_FAKE_STAT": "1"},
        )
        assert run.code == 1, str(run)
        assert run.summary["sampled"] == run.summary["content"] < 40
        keys = {line["key"] for line in run.lines if line["type"] == "object"}
        assert not keys & found
        found |= keys
    assert len(found) == 40


@pytest.mark.parametrize("sample", ["", "0%", "101%", "5", "5%/month", "many"])
def test_a_sample_that_is_none_is_refused(godwit, tmp_path, sample):
    run = godwit.run("verify", tmp_path, tmp_path, "--by", "bytes", f"--sample={sample}")
    assert run.code == 2, str(run)


def test_what_failed_is_retried_alone(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    (tmp_path / "copy/a/in the way").mkdir(parents=True)
    failed = godwit.copy(source, tmp_path / "copy")
    assert failed.code == 1, str(failed)
    name = failed.summary["execution"]
    errors = godwit.run("executions", "errors", name, "-o", "jsonl").lines
    assert [(row["count"], row["scope"], row["sample"]) for row in errors] == [(1, "DESTINATION", "a")]
    (tmp_path / "copy/a/in the way").rmdir()
    (tmp_path / "copy/a").rmdir()
    (source / "folder/b").write_bytes(b"changed meanwhile")
    retry = godwit.run("executions", "retry", name, "--failed", "-o", "jsonl")
    assert retry.code == 0, str(retry)
    assert retry.summary["listed"] == retry.summary["copied"] == 1
    assert (tmp_path / "copy/a").read_bytes() == b"one"
    assert (tmp_path / "copy/folder/b").read_bytes() == b"two", "left unread"


def test_exports_hold_every_object(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    (source / "=1+1").write_bytes(b"formula")
    assert godwit.copy(source, tmp_path / "copy").code == 0
    table = godwit.run("ledger", "export", "latest", "--columns", "key,outcome,bytes,level")
    assert sorted(table.stdout.splitlines()) == sorted(
        ["key,outcome,bytes,level", "'=1+1,verified,7,read_back", "a,verified,3,read_back",
         "folder/,verified,0,read_back", "folder/b,verified,3,read_back"]
    )  # fmt: skip
    target = tmp_path / "report.csv"
    assert godwit.run("ledger", "export", "latest", "--file", target).code == 0
    assert len(target.read_text().splitlines()) == 5
    again = godwit.run("ledger", "export", "latest", "--file", target)
    assert again.code == 2 and "fix:" in again.stderr, str(again)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_name_every_command_and_option(godwit, shell, tmp_path):
    script = godwit.run("completion", shell)
    assert script.code == 0
    for command in advertised_commands(godwit):
        assert command.split()[-1] in script.stdout
    for option in ("dry-run", "source-endpoint-url", "limit-bytes-per-second"):
        assert option in script.stdout
    if shell == "bash":
        (tmp_path / "script").write_text(script.stdout)
        line = 'source "$0"; COMP_WORDS=(godwit cop); COMP_CWORD=1; _godwit; echo "${COMPREPLY[@]}"'
        done = subprocess.run(["bash", "-c", line, tmp_path / "script"], capture_output=True, text=True, timeout=30)
        assert done.stdout.split() == ["copy"], done


def test_man_pages_name_every_option(godwit, tmp_path):
    assert godwit.run("man", tmp_path).code == 0
    pages = {path.name: path.read_text().replace("\\-", "-") for path in tmp_path.glob("*.1")}
    assert "godwit.1" in pages
    page = pages.get("godwit-copy.1", pages["godwit.1"])
    options = re.findall(r"--([a-z-]{4,})", godwit.run("copy", "-h").stdout)
    assert all(option in page for option in options)


def test_help_names_every_exit_code(godwit):
    shown = godwit.run("help", "exit-codes").stdout
    codes = {int(code) for code in re.findall(r"^ +(\d+)  ", shown, re.MULTILINE)}
    assert codes == {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 70, 124, 129, 130, 143}


def test_an_empty_answer_is_9_only_when_asked_for(godwit, tmp_path):
    assert godwit.copy(small_tree(tmp_path / "source"), tmp_path / "copy").code == 0
    assert godwit.run("ledger", "query", "outcome=failed").code == 0
    assert godwit.run("ledger", "query", "outcome=failed", "--fail-if-empty").code == 9
