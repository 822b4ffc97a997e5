"""Task reports in DataSync's layout: `report` and `copy --report`, read back by other clients."""

import base64
import json
import os
import random
import re
import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from godwit import Run
from s3double import Double
from test_mirror import directories, fill
from test_selection import files

KINDS = {"transferred": "Transferred", "verified": "Verified", "skipped": "Skipped", "deleted": "Deleted"}
TREE = {"a.txt": b"a" * 10, "d/b.txt": b"b", "d/e/c.txt": b""}
NAME = re.compile(
    r"(Detailed-Reports/(task-[0-9a-f]{17})/(exec-[0-9a-f]{17})/\3\.files-(transferred|verified|skipped|deleted)"
    r"-v1-[0-9]{5}-[0-9a-f]{17}\.json|Summary-Reports/task-[0-9a-f]{17}/(exec-[0-9a-f]{17})/\5\.summary-v1-"
    r"[0-9a-f]{17}\.json)"
)


class Report:
    """The files of one report, by their names below its location."""

    def __init__(self, files: dict[str, bytes]):
        self.files = files
        self.lists: dict[str, list[dict]] = {kind: [] for kind in KINDS}
        self.summary: dict = {}
        for name in sorted(files):
            assert NAME.fullmatch(name), name
            content = json.loads(files[name])
            execution = name.split("/")[2]
            assert content["TaskExecutionId"] == execution
            if name.startswith("Summary-Reports/"):
                assert not self.summary, "one summary"
                self.summary = content
                continue
            kind = name.split(".files-")[1].split("-")[0]
            assert set(content) == {"TaskExecutionId", KINDS[kind]}
            assert len(files[name]) <= 5_000_000
            self.lists[kind] += content[KINDS[kind]]

    @classmethod
    def in_directory(cls, root: Path) -> "Report":
        return cls({name: (root / name).read_bytes() for name in files(root)})

    @classmethod
    def in_bucket(cls, s3, bucket: str, prefix: str) -> "Report":
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        keys = [item["Key"] for page in pages for item in page.get("Contents", [])]
        return cls(
            {key[len(prefix) :]: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}
        )

    def paths(self, kind: str, status: str = "SUCCESS") -> set[str]:
        verb = {"transferred": "Transfer", "verified": "Verify", "skipped": "Skip", "deleted": "Delete"}[kind]
        found = [item["RelativePath"] for item in self.lists[kind] if item[f"{verb}Status"] == status]
        assert len(found) == len(set(found)), "told twice"
        return set(found)


@pytest.fixture
def source(tmp_path) -> Path:
    return fill(tmp_path / "source", TREE)


@pytest.fixture
def double(tmp_path):
    server = Double(tmp_path / "double")
    yield server
    server.stop()


def report(godwit, to, *options, execution="latest", **rest) -> Run:
    return godwit.run("report", execution, "--to", to, "-o", "json", *options, **rest)


def all_paths(root: Path) -> set[str]:
    return {f"/{name}" for name in files(root) | directories(root)}


# ---- What is told


def test_a_report_of_a_clean_run_tells_all_that_was_done(godwit, source, tmp_path):
    run = godwit.copy(
        source, tmp_path / "copy", "--report", tmp_path / "to", "--report-level", "SUCCESSES_AND_ERRORS"
    )
    assert run.code == 0, str(run)
    told = Report.in_directory(tmp_path / "to")
    assert told.paths("transferred") == all_paths(source)
    assert told.paths("verified") == all_paths(source)
    assert not told.lists["skipped"] and not told.lists["deleted"]
    item = next(item for item in told.lists["verified"] if item["RelativePath"] == "/a.txt")
    assert item["SrcMetadata"]["Type"] == "Regular" and item["SrcMetadata"]["ContentSize"] == 10
    assert item["SrcMetadata"]["Mtime"].endswith("Z") and item["SrcChecksum"] == item["DstChecksum"]
    assert item["SrcChecksum"].startswith("CRC64NVME:") and item["EvidenceLevel"].startswith("read_back")
    summary = told.summary
    assert summary["OverallStatus"] == "SUCCESS" and summary["Status"] == "CLEAN"
    assert summary["TaskExecutionId"] == run.summary["execution"]
    assert summary["SourceLocation"] == {"LocationType": "POSIX", "LocationUri": str(source)}
    assert summary["Result"]["FilesTransferred"] == run.summary["copied"] == len(told.lists["transferred"])
    assert summary["Result"]["FilesVerified"] == run.summary["verified"]
    assert summary["Result"]["BytesWritten"] == run.summary["bytes"]
    assert summary["Report"]["TRANSFERRED"]["Items"] == len(told.lists["transferred"])


def test_without_a_level_errors_alone_are_told(godwit, source, tmp_path):
    os.mkfifo(source / "pipe")
    (tmp_path / "copy/a.txt").mkdir(parents=True)
    run = godwit.copy(source, tmp_path / "copy", "--report", tmp_path / "to")
    assert run.code == 1, str(run)
    told = Report.in_directory(tmp_path / "to")
    assert told.paths("transferred", "FAILED") == {"/a.txt"} and not told.paths("transferred")
    assert told.paths("skipped", "FAILED") == {"/pipe"}
    assert not told.lists["verified"]
    failure = told.lists["transferred"][0]
    assert failure["Outcome"] == "conflict" and failure["FailureReason"] and failure["ErrorCode"]
    assert told.summary["OverallStatus"] == "ERROR" and told.summary["Status"] == "INCOMPLETE"
    assert told.summary["Result"]["FilesFailed"]["Transfer"] == 1


def test_a_later_report_is_the_same_as_the_run_s_own(godwit, source, tmp_path):
    run = godwit.copy(
        source, tmp_path / "copy", "--report", tmp_path / "to", "--report-override", "DELETED=SUCCESSES_AND_ERRORS"
    )
    assert run.code == 0, str(run)
    again = report(godwit, tmp_path / "again", "--override", "DELETED=SUCCESSES_AND_ERRORS")
    assert again.code == 0, str(again)
    first, second = (Report.in_directory(tmp_path / name) for name in ("to", "again"))
    assert first.files == second.files
    assert report(godwit, tmp_path / "again", "--override", "DELETED=SUCCESSES_AND_ERRORS").code == 0
    assert Report.in_directory(tmp_path / "again").files == first.files


def test_deletes_and_what_stayed_are_told(godwit, source, tmp_path):
    copy = fill(tmp_path / "copy", {"old.txt": b"old"})
    run = godwit.copy(
        source, copy, "--delete", "--max-delete", "100%", "--report", tmp_path / "to",
        "--report-override", "DELETED=SUCCESSES_AND_ERRORS",
    )  # fmt: skip
    assert run.code == 0, str(run)
    told = Report.in_directory(tmp_path / "to")
    assert told.paths("deleted") | told.paths("deleted", "FAILED") == {"/old.txt"}
    assert len(told.paths("deleted")) == told.summary["Result"]["FilesDeleted"] == run.summary["deleted"]


def test_what_was_unchanged_is_told_when_the_run_is_asked_for_successes(godwit, source, tmp_path):
    command = [source, tmp_path / "copy", "--report", tmp_path / "to"]
    all_of_it = ["--report-level", "SUCCESSES_AND_ERRORS"]
    assert godwit.copy(*command[:2]).code == 0
    run = godwit.copy(*command, *all_of_it)
    assert run.code == 0 and run.summary["skipped"] == len(all_paths(source)), str(run)
    told = Report.in_directory(tmp_path / "to")
    assert told.paths("skipped") == all_paths(source)
    assert {item["SkipReason"] for item in told.lists["skipped"]} == {"unchanged"}
    assert told.summary["Result"]["FilesSkipped"] == len(told.lists["skipped"])
    item = next(item for item in told.lists["skipped"] if item["RelativePath"] == "/a.txt")
    assert item["SrcMetadata"]["ContentSize"] == 10
    # And the next one still knows what it knew.
    run = godwit.copy(*command[:3], tmp_path / "third", *all_of_it, "--report-override", "SKIPPED=ERRORS_ONLY")
    assert run.code == 0 and run.summary["skipped"] == len(all_paths(source)), str(run)
    told = Report.in_directory(tmp_path / "third")
    assert not told.lists["skipped"] and told.summary["Outcomes"]["unchanged"] == len(all_paths(source))


def test_a_plan_that_is_carried_out_tells_what_stayed_as_it_was(godwit, source, tmp_path):
    assert godwit.copy(source, tmp_path / "copy").code == 0
    (source / "new").write_bytes(b"new")
    assert godwit.run("plan", source, tmp_path / "copy", "--to", tmp_path / "plan").code == 0
    run = godwit.run(
        "apply", tmp_path / "plan", "-o", "jsonl", "--report", tmp_path / "to", "--report-level",
        "SUCCESSES_AND_ERRORS",
    )  # fmt: skip
    assert run.code == 0, str(run)
    told = Report.in_directory(tmp_path / "to")
    assert told.paths("transferred") == {"/new"}
    assert told.paths("skipped") == all_paths(source) - {"/new"}
    assert {item["Outcome"] for item in told.lists["skipped"]} == {"unchanged"}


def test_a_summary_alone_has_no_lists(godwit, source, tmp_path):
    assert godwit.copy(source, tmp_path / "copy").code == 0
    run = report(godwit, tmp_path / "to", "--type", "SUMMARY_ONLY")
    assert run.code == 0, str(run)
    told = Report.in_directory(tmp_path / "to")
    assert len(told.files) == 1 and told.summary["Report"] == {"OutputType": "SUMMARY_ONLY"}


def test_f62_f63_odd_names_are_told_exactly_and_stay_json(godwit, tmp_path):
    names = [b"\xff\xfe", b"a\nb", b"\x1b[31m", b'q"\\', "ä日".encode(), b"=1+1", b"\xed\xa0\x80", b"\x7f\x01"]
    root = os.fsencode(tmp_path / "source")
    os.mkdir(root)
    for name in names:
        Path(os.fsdecode(os.path.join(root, name))).write_bytes(name)
    run = godwit.copy(
        tmp_path / "source", tmp_path / "copy", "--report", tmp_path / "to", "--report-level",
        "SUCCESSES_AND_ERRORS",
    )  # fmt: skip
    assert run.code == 0, str(run)
    told = Report.in_directory(tmp_path / "to")
    exact = {
        base64.b64decode(item["RelativePathBase64"])
        if "RelativePathBase64" in item
        else item["RelativePath"].encode()
        for item in told.lists["transferred"]
    }
    assert exact == {b"/" + name for name in names}
    for content in told.files.values():
        content.decode("utf-8")
        assert b"\x1b" not in content and b"\xff" not in content


# ---- Where it goes


def test_a_report_goes_to_a_bucket_beside_the_destination(server, bucket, godwit, source):
    run = godwit.copy(
        source, f"s3://{bucket}/data", "--report", f"s3://{bucket}/audit", "--report-level",
        "SUCCESSES_AND_ERRORS", server=server,
    )  # fmt: skip
    assert run.code == 0, str(run)
    told = Report.in_bucket(server.s3, bucket, "audit/")
    assert told.paths("transferred") == all_paths(source)
    assert told.summary["DestinationLocation"]["LocationType"] == "S3"
    key = next(key for key in server.keys(bucket, "audit/") if "Summary" in key)
    assert server.s3.head_object(Bucket=bucket, Key=key)["ContentType"] == "application/json"
    # The same again replaces it.
    again = report(
        godwit, f"s3://{bucket}/audit", "--level", "SUCCESSES_AND_ERRORS", "--endpoint-url", server.endpoint,
        server=server,
    )  # fmt: skip
    assert again.code == 0, str(again)
    assert Report.in_bucket(server.s3, bucket, "audit/").files == told.files


def test_another_report_of_the_execution_is_refused_and_the_first_stays(godwit, source, tmp_path):
    assert godwit.copy(source, tmp_path / "copy", "--report", tmp_path / "to").code == 0
    first = Report.in_directory(tmp_path / "to").files
    run = report(godwit, tmp_path / "to", "--level", "SUCCESSES_AND_ERRORS")
    assert run.code == 2 and "ReportExists" in run.stderr, str(run)
    assert Report.in_directory(tmp_path / "to").files == first


def test_b15_a_report_never_goes_into_the_source(godwit, source, tmp_path):
    (tmp_path / "link").symlink_to(source)
    for to in (source, source / "new/reports", tmp_path / "link/x"):
        run = godwit.copy(source, tmp_path / "copy", "--report", to)
        assert run.code == 2 and "ReportOverlap" in run.stderr, str(run)
    assert not (tmp_path / "copy").exists() or not files(tmp_path / "copy"), "refused before anything is copied"
    assert files(source) == set(TREE) and not (source / "new").exists()
    assert godwit.copy(source, tmp_path / "copy").code == 0
    run = report(godwit, source / "new")
    assert run.code == 2 and "ReportOverlap" in run.stderr, str(run)
    assert files(source) == set(TREE) and not (source / "new").exists()


def test_b15_a_report_never_goes_into_a_source_bucket_or_a_mirror(double, godwit, tmp_path):
    double.s3.put_object(Bucket="one", Key="data/a", Body=b"a")
    options = ["--endpoint-url", double.endpoint]
    down = ["copy", "s3://one/data", tmp_path / "copy", *options]
    before = len(double.audit("PutObject"))
    run = godwit.run(*down, "--report", "s3://one/data/reports", server=double)
    assert run.code == 2 and "ReportOverlap" in run.stderr, str(run)
    assert len(double.audit("PutObject")) == before
    run = godwit.run(*down, "--report", "s3://one/database", server=double)
    assert run.code == 0, str(run)
    run = godwit.run(*down, "--delete", "--report", tmp_path / "copy/reports", server=double)
    assert run.code == 2 and "ReportOverlap" in run.stderr, str(run)
    run = godwit.run(*down, "--report", tmp_path / "copy/reports", server=double)
    assert run.code == 0 and "within the destination" in run.stderr, str(run)


def test_a_place_that_cannot_be_written_to_is_known_before_the_copy(double, godwit, source, tmp_path):
    run = godwit.copy(
        source, tmp_path / "copy", "--report", "s3://missing/x", "--endpoint-url", double.endpoint,
        environment=double.environment,
    )  # fmt: skip
    assert run.code == 5 and "NoSuchBucket" in run.stderr, str(run)
    assert not (tmp_path / "copy").exists() or not files(tmp_path / "copy")


def test_a_report_that_fails_at_the_end_is_said_with_what_writes_it(double, godwit, source, tmp_path):
    double.rules({"operation": "PutObject", "key": "audit/*-Reports/*", "status": 403, "code": "AccessDenied"})
    run = godwit.copy(
        source, tmp_path / "copy", "--report", "s3://one/audit", "--endpoint-url", double.endpoint,
        environment=double.environment,
    )  # fmt: skip
    assert run.code == 4, str(run)
    assert run.summary["verified"] > 0, "what was copied stays copied"
    assert f"godwit report {run.summary['execution']} --to s3://one/audit" in run.stderr


# ---- Bad input


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--level", "ERRORS"], "ERRORS_ONLY"),
        (["--type", "summary"], "SUMMARY_ONLY"),
        (["--type", "SUMMARY_ONLY", "--level", "ERRORS_ONLY"], "says nothing with --type SUMMARY_ONLY"),
        (["--type", "SUMMARY_ONLY", "--override", "SKIPPED=ERRORS_ONLY"], "says nothing with --type SUMMARY_ONLY"),
        (["--override", "MOVED=ERRORS_ONLY"], "`MOVED` is no list of a report"),
        (["--override", "SKIPPED"], "`` is no level for SKIPPED"),
        (["--override", "SKIPPED=ALL"], "`ALL` is no level for SKIPPED"),
        (["--override", "SKIPPED=ERRORS_ONLY,SKIPPED=ERRORS_ONLY"], "names SKIPPED twice"),
        (["--override", ""], "leave the option out"),
        (["--override", ","], "`` is no list of a report"),
    ],
)
def test_options_that_cannot_be_are_refused(godwit, tmp_path, options, said):
    run = report(godwit, tmp_path / "to", *options)
    assert run.code == 2 and said in run.stderr, str(run)
    prefixed = [f"--report-{word[2:]}" if word.startswith("--") else word for word in options]
    run = godwit.run("copy", tmp_path, tmp_path / "copy", "--report", tmp_path / "to", *prefixed)
    assert run.code == 2, str(run)
    assert not (tmp_path / "to").exists()


def test_a_report_needs_a_place_and_an_execution(godwit, source, tmp_path):
    assert godwit.run("report", "latest").code == 2
    run = godwit.run("copy", source, tmp_path / "copy", "--report-level", "ERRORS_ONLY")
    assert run.code == 2 and "without --report" in run.stderr, str(run)
    run = godwit.run("copy", source, tmp_path / "copy", "--dry-run", "--report", tmp_path / "to")
    assert run.code == 2 and "--dry-run" in run.stderr, str(run)
    assert godwit.copy(source, tmp_path / "copy").code == 0
    run = report(godwit, tmp_path / "to", execution="exec-none")
    assert run.code == 5, str(run)
    assert not (tmp_path / "to").exists()


# ---- Runs that do not come to their end


def start(godwit, *arguments) -> subprocess.Popen:
    return subprocess.Popen(
        [os.fsdecode(godwit.binary), *map(os.fsdecode, arguments)],
        env=godwit.environment(),
        cwd=godwit.home,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def wait_for_files(root: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while sum(len(names) for _, _, names in os.walk(root)) < count:
        assert time.monotonic() < deadline, f"{root} has no {count} files after 60 s"
        time.sleep(0.002)


@pytest.fixture
def slow_source(tmp_path) -> Path:
    return fill(tmp_path / "many", {f"{i:03}": os.urandom(100_000) for i in range(200)})


def test_h74_a_killed_run_is_reported_when_it_is_carried_on(godwit, slow_source, tmp_path):
    command = [
        "copy", slow_source, tmp_path / "copy", "--limit-bytes-per-second", "2MiB", "--concurrency", "8",
        "--report", tmp_path / "to", "--report-level", "SUCCESSES_AND_ERRORS",
    ]  # fmt: skip
    process = start(godwit, *command)
    wait_for_files(tmp_path / "copy", 20)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
    assert not files(tmp_path / "to"), "nothing is told before the end"
    run = report(godwit, tmp_path / "early", "--level", "SUCCESSES_AND_ERRORS")
    assert run.code == 0, str(run)
    early = Report.in_directory(tmp_path / "early")
    assert early.summary["Status"] == "INTERRUPTED" and early.summary["OverallStatus"] == "ERROR"
    assert 0 < len(early.lists["transferred"]) < 200
    run = godwit.run(*[word for word in command if word not in ("--limit-bytes-per-second", "2MiB")])
    assert run.code == 0, str(run)
    told = Report.in_directory(tmp_path / "to")
    assert told.paths("transferred") == all_paths(slow_source)
    assert told.summary["Status"] == "CLEAN"
    # What was told early is replaced by the whole, under the same names.
    assert report(godwit, tmp_path / "early", "--level", "SUCCESSES_AND_ERRORS").code == 0
    assert Report.in_directory(tmp_path / "early").files == told.files


def test_h74_a_report_that_was_killed_is_finished_by_the_same_command(godwit, tmp_path):
    source = fill(tmp_path / "many", {f"{i:04}-{'n' * 200}": b"" for i in range(6000)})
    assert godwit.copy(source, tmp_path / "copy").code == 0
    command = ["report", "latest", "--level", "SUCCESSES_AND_ERRORS", "--to"]
    assert godwit.run(*command, tmp_path / "whole").code == 0
    whole = Report.in_directory(tmp_path / "whole")
    assert whole.paths("transferred") == all_paths(source)
    random.seed(1)
    killed = 0
    for _ in range(6):
        process = start(godwit, *command, tmp_path / "to")
        time.sleep(random.uniform(0.01, 0.25))
        process.send_signal(signal.SIGKILL)
        killed += process.wait(timeout=30) == -signal.SIGKILL
    assert killed > 0, "no call was killed"
    assert godwit.run(*command, tmp_path / "to").code == 0
    left = {name for name in files(tmp_path / "to") if ".godwit-" not in name}
    assert {name: (tmp_path / "to" / name).read_bytes() for name in left} == whole.files


def test_a_run_that_ctrl_c_ends_early_is_reported(godwit, slow_source, tmp_path):
    process = start(
        godwit, "copy", slow_source, tmp_path / "copy", "--limit-bytes-per-second", "2MiB", "--concurrency", "8",
        "--report", tmp_path / "to", "--report-level", "SUCCESSES_AND_ERRORS",
    )  # fmt: skip
    wait_for_files(tmp_path / "copy", 20)
    process.send_signal(signal.SIGINT)
    assert process.wait(timeout=120) == 130
    told = Report.in_directory(tmp_path / "to")
    assert told.summary["OverallStatus"] == "ERROR" and told.summary["Status"] == "INTERRUPTED"
    assert 0 < len(told.paths("transferred")) < 200


# ---- Size


@pytest.mark.parametrize("count", [60_000])
def test_l113_many_objects_take_several_files_and_little_memory(godwit, tmp_path, count):
    source = tmp_path / "many"
    for folder in range(count // 1000):
        (source / f"{folder:03}").mkdir(parents=True)
        for i in range(1000):
            (source / f"{folder:03}/{i:04}-{'n' * 60}").touch()
    assert godwit.copy(source, tmp_path / "copy", "--verify", "off").code == 0
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    run = report(godwit, tmp_path / "to", "--level", "SUCCESSES_AND_ERRORS")
    assert run.code == 0, str(run)
    told = Report.in_directory(tmp_path / "to")
    assert told.paths("transferred") == all_paths(source)
    lists = [name for name in told.files if ".files-transferred-" in name]
    assert len(lists) > 2, "cut as DataSync cuts"
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    assert peak <= max(before, 100_000), f"{peak} KiB"
