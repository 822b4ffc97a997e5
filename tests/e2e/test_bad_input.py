"""Bad input of every sort against real servers and file systems.

The rule: a clear error with scope, subject, cause and fix, the right exit code, nothing lost, and nothing touched outside
the two roots.
"""

import hashlib
import json
import os
import shutil
import socket
import sqlite3
import stat
import subprocess
import tempfile
import time
import urllib.request
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from godwit import Godwit, Run
from s3double import Double

CLEAN, NOT_CLEAN, USAGE, DENIED, NOT_FOUND, BAD_CONFIG, UNREACHABLE = 0, 1, 2, 4, 5, 6, 7


def snapshot(root: Path) -> dict:
    """All that a tree holds: names, types, modes, contents."""
    found = {}
    for folder, folders, files in os.walk(os.fsencode(root)):
        for name in folders + files:
            path = os.path.join(folder, name)
            status = os.lstat(path)
            content = b""
            if stat.S_ISREG(status.st_mode):
                content = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest()
            elif stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            found[os.path.relpath(path, os.fsencode(root))] = (stat.S_IFMT(status.st_mode), content)
    return found


def small_tree(root: Path) -> Path:
    (root / "folder").mkdir(parents=True)
    (root / "a").write_bytes(b"one")
    (root / "folder/b").write_bytes(b"two")
    return root


def refused(run: Run, code: int, scope: str, subject: str, *causes: str) -> dict:
    """The one error that ended a `-o jsonl` run; checks that it says all that an error must say."""
    assert run.code == code, str(run)
    assert len(run.errors) == 1, str(run)
    error = run.errors[0]
    assert error["scope"] == scope, str(run)
    assert subject in error["subject"], str(run)
    for cause in causes:
        assert cause in error["message"], str(run)
    assert error["fix"] or "use that one" in error["message"] or "set both" in error["message"], str(run)
    assert error["exit_code"] == code
    assert f"error: {scope}: " in run.stderr, str(run)
    return error


def usage(run: Run, *words: str) -> None:
    """Refused before anything was done, in one line."""
    assert run.code == USAGE, str(run)
    assert run.stdout == "", str(run)
    assert run.stderr.startswith("error: ") and run.stderr.count("\n") == 1, str(run)
    for word in words:
        assert word in run.stderr, str(run)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


# ---- S3: names, credentials, clocks, networks


def test_no_such_bucket_as_source(server, godwit, tmp_path):
    run = godwit.copy("s3://no-such-bucket-here/x", tmp_path / "down", server=server)
    refused(run, NOT_FOUND, "SOURCE", "no-such-bucket-here", "there is no bucket", "NoSuchBucket")
    assert not (tmp_path / "down").exists()


def test_no_such_bucket_as_destination(server, godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    before = snapshot(source)
    run = godwit.copy(source, "s3://no-such-bucket-here/x", server=server)
    refused(run, NOT_FOUND, "DESTINATION", "no-such-bucket-here", "there is no bucket", "NoSuchBucket")
    assert snapshot(source) == before


def test_another_region_is_no_hindrance_where_the_server_does_not_mind(server, bucket, godwit, tmp_path):
    run = godwit.copy(small_tree(tmp_path / "source"), f"s3://{bucket}/x", "--region", "eu-nowhere-9", server=server)
    if run.code == CLEAN:
        assert len(server.keys(bucket)) == run.summary["copied"]
    else:
        assert "region" in refused(run, DENIED, "DESTINATION", bucket)["fix"]
        assert server.keys(bucket) == []


@pytest.mark.parametrize("side", ["SOURCE", "DESTINATION"])
@pytest.mark.parametrize(
    "wrong, code",
    [
        ({"AWS_ACCESS_KEY_ID": "AKIANOBODY"}, "InvalidAccessKeyId"),
        ({"AWS_SECRET_ACCESS_KEY": "wrong"}, "SignatureDoesNotMatch"),
    ],
    ids=["key", "secret"],
)
def test_bad_credentials(server, bucket, godwit, tmp_path, wrong, code, side):
    source = small_tree(tmp_path / "source")
    ends = (source, f"s3://{bucket}/x") if side == "DESTINATION" else (f"s3://{bucket}/x", tmp_path / "down")
    run = godwit.copy(*ends, server=server, environment=wrong)
    error = refused(run, DENIED, side, bucket)
    # The checksum server has a name of its own for an unknown key.
    assert error["code"] in (code, "XAdminUserNotFound")
    assert "AWS_" in error["fix"]
    assert "secrettest" not in run.stdout + run.stderr and "wrong" not in run.stdout + run.stderr
    assert not (tmp_path / "down").exists()


def test_no_credentials_at_all(server, bucket, godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    run = godwit.copy(source, f"s3://{bucket}/x", "--endpoint-url", server.endpoint)
    error = refused(run, DENIED, "DESTINATION", "settings", "there are none")
    assert "AWS_ACCESS_KEY_ID" in error["fix"]


def test_half_a_key_pair(server, bucket, godwit, tmp_path):
    run = godwit.copy(
        small_tree(tmp_path / "source"),
        f"s3://{bucket}/x",
        "--endpoint-url",
        server.endpoint,
        environment={"AWS_ACCESS_KEY_ID": "AKIATEST"},
    )
    refused(run, BAD_CONFIG, "DESTINATION", "environment", "AWS_SECRET_ACCESS_KEY is not; set both or none")


def test_anonymous_where_it_is_not_allowed(server, bucket, godwit, tmp_path):
    run = godwit.copy(small_tree(tmp_path / "source"), f"s3://{bucket}/x", "--anonymous", server=server)
    refused(run, DENIED, "DESTINATION", bucket, "AccessDenied")
    assert server.keys(bucket) == []


def test_an_unknown_profile(server, bucket, godwit, tmp_path):
    run = godwit.copy(small_tree(tmp_path / "source"), f"s3://{bucket}/x", "--profile", "nobody\x1b[31m", server=server)
    assert run.code == BAD_CONFIG, str(run)
    assert "nobody\\x1b[31m" in run.stderr and "\x1b" not in run.stderr
    assert run.errors[0]["scope"] == "DESTINATION"


def at_another_time(godwit: Godwit, offset: str) -> Godwit:
    if not shutil.which("faketime"):
        pytest.skip("NOT TESTED: a skewed clock, for want of faketime (./dev setup --tests)")
    return Godwit(godwit.home, prefix=("faketime", "--exclude-monotonic", "-f", offset))


@pytest.mark.parametrize("offset", ["-3h", "+3h"])
def test_a_skewed_clock_is_put_right_by_the_servers(server, bucket, godwit, tmp_path, offset):
    source = small_tree(tmp_path / "source")
    run = at_another_time(godwit, offset).copy(source, f"s3://{bucket}/x", server=server)
    assert run.code == CLEAN, str(run)
    down = at_another_time(godwit, offset).copy(f"s3://{bucket}/x", tmp_path / "down", server=server)
    assert down.code == CLEAN, str(down)
    assert snapshot(source) == snapshot(tmp_path / "down")


@pytest.fixture
def double(tmp_path):
    """The hostile S3 server, which answers as it is told."""
    program = Godwit(tmp_path / "home").binary.parent.parent.parent / "tests/s3double/s3double"
    if not program.is_file():
        pytest.skip(f"NOT TESTED: {program} is not built")
    process = subprocess.Popen(
        [program, "--with-stdin", "--bucket", "hostile"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    yield json.loads(process.stdout.readline())["endpoint"]
    process.stdin.close()
    process.wait(timeout=30)


def set_rules(endpoint: str, *rules: dict) -> None:
    request = urllib.request.Request(
        f"{endpoint}/_double/rules", data=json.dumps(rules).encode(), method="PUT"
    )
    urllib.request.urlopen(request, timeout=10).close()


DOUBLE_KEYS = {"AWS_ACCESS_KEY_ID": "AKIATEST", "AWS_SECRET_ACCESS_KEY": "secrettest", "AWS_REGION": "us-east-1"}


def test_a_server_that_finds_every_clock_skewed(double, godwit, tmp_path):
    set_rules(double, {"status": 403, "code": "RequestTimeTooSkewed"})
    source = small_tree(tmp_path / "source")
    run = godwit.copy(source, "s3://hostile/x", "--endpoint-url", double, environment=DOUBLE_KEYS)
    error = refused(run, DENIED, "DESTINATION", "hostile")
    assert error["code"] == "RequestTimeTooSkewed"
    assert "timedatectl" in error["fix"]


@pytest.mark.parametrize(
    "rule, code, words, fix",
    [
        ({"status": 400, "code": "AuthorizationHeaderMalformed"}, BAD_CONFIG, "", "--region"),
        ({"status": 301, "code": "PermanentRedirect"}, BAD_CONFIG, "", "--region"),
        ({"body": "<html>please log in</html>", "content_type": "text/html"}, UNREACHABLE, "<html>", "login pages"),
        ({"status": 503, "code": "SlowDown"}, UNREACHABLE, "attempt 8", "--concurrency"),
        ({"status": 403, "code": "AccessDenied"}, DENIED, "", "permission"),
        ({"status": 403, "code": "Odd\x1b[2J", "message": "\x1b]0;owned\x07\u009b2J"}, DENIED, "", "credentials"),
    ],
    ids=["another region", "redirected", "a login page", "overloaded", "no permission", "hostile words"],
)
def test_a_server_that_refuses_to_list(double, godwit, tmp_path, rule, code, words, fix):
    set_rules(double, {"operation": "ListObjectsV2"} | rule)
    source = small_tree(tmp_path / "source")
    for ends, scope in [((source, "s3://hostile/p"), "DESTINATION"), (("s3://hostile/p", tmp_path / "down"), "SOURCE")]:
        run = godwit.copy(*ends, "--endpoint-url", double, environment=DOUBLE_KEYS)
        error = refused(run, code, scope, "hostile", words)
        assert fix in error["fix"]
        assert not {character for character in run.stderr if ord(character) < 32} - {"\n"}, repr(run.stderr)
        assert "\x1b" not in error["code"] + error["message"]
    assert not (tmp_path / "down").exists()


def test_a_server_that_refuses_what_is_put(double, godwit, tmp_path):
    set_rules(double, {"operation": "PutObject", "status": 403, "code": "Odd\x1b[2J", "message": "\x1b[2J"})
    source = small_tree(tmp_path / "source")
    run = godwit.run("copy", source, "s3://hostile/p", "--endpoint-url", double, environment=DOUBLE_KEYS)
    assert run.code == NOT_CLEAN, str(run)
    assert "DESTINATION" in run.stdout and "fix: check permissions" in run.stdout, str(run)
    assert "\x1b" not in run.stdout + run.stderr, repr(run.stdout)


@pytest.mark.parametrize("end", ["source", "destination"])
def test_nobody_listens_at_the_endpoint(godwit, tmp_path, end):
    endpoint = f"http://127.0.0.1:{free_port()}"
    source = small_tree(tmp_path / "source")
    ends = (source, "s3://bucket/x") if end == "destination" else ("s3://bucket/x", tmp_path / "down")
    began = time.monotonic()
    run = godwit.copy(*ends, "--endpoint-url", endpoint, environment=DOUBLE_KEYS)
    refused(run, UNREACHABLE, end.upper(), "bucket", endpoint, "refused")
    assert time.monotonic() - began < 30


def test_a_host_name_that_nobody_knows(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    endpoint = "http://no-such-host.invalid"
    run = godwit.copy(source, "s3://bucket/x", "--endpoint-url", endpoint, environment=DOUBLE_KEYS)
    error = refused(run, UNREACHABLE, "DESTINATION", "bucket", "no-such-host.invalid")
    assert "host name" in error["fix"]


def test_tls_to_a_server_that_speaks_none(checksum_server, godwit, tmp_path):
    endpoint = checksum_server.endpoint.replace("http:", "https:")
    run = godwit.copy(
        small_tree(tmp_path / "source"), "s3://bucket/x", "--endpoint-url", endpoint, environment=DOUBLE_KEYS
    )
    error = refused(run, UNREACHABLE, "DESTINATION", "bucket", "TLS")
    assert "http or https" in error["fix"]


def test_an_empty_prefix_as_source(server, bucket, godwit, tmp_path):
    server.s3.put_object(Bucket=bucket, Key="other/key", Body=b"x")
    run = godwit.copy(f"s3://{bucket}/nothing/here", tmp_path / "down", server=server)
    assert run.code == NOT_FOUND, str(run)
    assert (run.errors[0]["scope"], run.errors[0]["kind"]) == ("SOURCE", "not_found")
    assert run.summary["listed"] == 0 and run.summary["exit_code"] == NOT_FOUND
    assert list((tmp_path / "down").iterdir()) == []


def test_an_empty_bucket_is_no_error(server, bucket, godwit, tmp_path):
    run = godwit.copy(f"s3://{bucket}", tmp_path / "down", server=server)
    assert run.code == CLEAN, str(run)
    assert run.summary["listed"] == 0


# ---- File systems


@pytest.fixture
def common(tmp_path_factory):
    """A folder that every user may enter, unlike the other folders of tests."""
    folder = Path(tempfile.mkdtemp(prefix="godwit-e2e-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def nobody(common):
    """godwit as a user without any privilege."""
    home = common / "home"
    if os.geteuid() != 0:
        return Godwit(home)
    if not shutil.which("setpriv"):
        pytest.skip("NOT TESTED: another user, for want of setpriv")
    binary = common / "godwit"
    shutil.copy(Godwit(home).binary, binary)
    os.chown(home, 65534, 65534)
    godwit = Godwit(
        home, binary, ("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--no-new-privs")
    )
    godwit.environment()
    os.chown(home / "runtime", 65534, 65534)
    return godwit


def test_an_unreadable_file_is_the_only_one_that_fails(nobody, common):
    source = small_tree(common / "source")
    (source / "a").chmod(0)
    run = nobody.copy(source, nobody.home / "copy")
    assert run.code == NOT_CLEAN, str(run)
    error = run.errors[0]
    assert (error["scope"], error["code"], error["key"], error["count"]) == ("SOURCE", "EACCES", "a", 1)
    assert str(source / "a") in error["message"] and "CAP_DAC_READ_SEARCH" in error["fix"]
    assert (nobody.home / "copy/folder/b").read_bytes() == b"two"
    assert run.summary["failed"] == 1 and run.summary["copied"] == run.summary["listed"] - 1


def test_l114_an_unreadable_directory_makes_the_run_incomplete(nobody, common):
    source = small_tree(common / "source")
    (source / "folder").chmod(0)
    run = nobody.copy(source, nobody.home / "copy")
    (source / "folder").chmod(0o755)
    (nobody.home / "copy/folder").chmod(0o755)  # the mode came over too
    assert run.code == NOT_CLEAN, str(run)
    assert run.summary["status"] == "INCOMPLETE" and run.summary["unlisted"] == 1
    (error,) = run.errors
    assert (error["scope"], error["code"]) == ("SOURCE", "NotListed")
    assert str(source / "folder") in error["message"] and error["fix"]
    assert (nobody.home / "copy/a").read_bytes() == b"one"
    again = nobody.copy(source, nobody.home / "copy")
    assert again.code == CLEAN, str(again)
    assert (nobody.home / "copy/folder/b").read_bytes() == b"two"


def test_an_unreadable_root(nobody, common):
    source = small_tree(common / "source")
    source.chmod(0)
    run = nobody.copy(source, nobody.home / "copy")
    refused(run, DENIED, "SOURCE", str(source), "EACCES")


def test_a_destination_that_may_not_be_written(nobody, common):
    source = small_tree(common / "source")
    locked = common / "locked"
    locked.mkdir(mode=0o555)
    refused(nobody.copy(source, locked), DENIED, "DESTINATION", str(locked), "EACCES")
    refused(nobody.copy(source, locked / "new"), DENIED, "DESTINATION", str(locked), "EACCES")
    assert list(locked.iterdir()) == []


def test_a_data_directory_that_may_not_be_written(nobody, common):
    source = small_tree(common / "source")
    locked = common / "locked"
    locked.mkdir(mode=0o555)
    run = nobody.copy(source, nobody.home / "copy", "--data-dir", locked / "state")
    refused(run, DENIED, "STATE", str(locked / "state"), "EACCES")
    assert not (nobody.home / "copy").exists()


@pytest.fixture
def tiny(tmp_path):
    """Mounts a file system of so many bytes at a path."""
    mounted = []

    def mount(name: str, size: str) -> Path:
        folder = tmp_path / name
        folder.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", folder], capture_output=True, text=True
        )
        if done.returncode != 0:
            pytest.skip(f"NOT TESTED: a full disk, since no tmpfs can be mounted: {done.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        subprocess.run(["umount", "-l", folder], check=True)


def grow(folder: Path) -> None:
    subprocess.run(["mount", "-o", "remount,size=64m", folder], check=True)


def test_c23_a_full_disk_as_destination(godwit, tmp_path, tiny):
    disk = tiny("disk", "1m")
    source = small_tree(tmp_path / "source")
    (source / "large").write_bytes(os.urandom(3 << 20))
    (disk / "mine").write_bytes(b"of somebody else")
    run = godwit.copy(source, disk / "copy")
    refused(run, NOT_CLEAN, "DESTINATION", str(disk / "copy"), "ENOSPC")
    assert not (disk / "copy/large").exists()
    assert (disk / "mine").read_bytes() == b"of somebody else"
    grow(disk)
    again = godwit.copy(source, disk / "copy")
    assert again.code == CLEAN and again.summary["resumed"], str(again)
    assert snapshot(source) == snapshot(disk / "copy")


def test_c23_a_full_disk_keeps_the_file_that_was_to_be_replaced(godwit, tmp_path, tiny):
    disk = tiny("disk", "2m")
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_bytes(b"old")
    assert godwit.copy(source, disk / "copy").code == CLEAN
    (source / "file").write_bytes(os.urandom(3 << 20))
    assert godwit.copy(source, disk / "copy").code == NOT_CLEAN
    assert (disk / "copy/file").read_bytes() == b"old"


@pytest.mark.parametrize("size", ["64k", "100k", "200k", "400k"])
def test_l112_a_full_disk_under_the_data_directory(godwit, tmp_path, tiny, size):
    disk = tiny("disk", size)
    source = small_tree(tmp_path / "source")
    for number in range(200):
        (source / f"file {number}").write_bytes(b"%d" % number)
    for _ in range(2):
        run = godwit.copy(source, tmp_path / "copy", "--data-dir", disk / "state")
        assert run.code == NOT_CLEAN, str(run)
        assert run.errors[0]["kind"] == "full" and run.errors[0]["scope"] == "STATE", str(run)
        assert "--data-dir" in run.errors[0]["fix"]
    grow(disk)
    again = godwit.copy(source, tmp_path / "copy", "--data-dir", disk / "state")
    assert again.code == CLEAN, str(again)
    assert snapshot(source) == snapshot(tmp_path / "copy")


@pytest.mark.parametrize("mebibytes", [3, 20])
def test_c23_a_limit_of_file_size_fails_what_is_larger(godwit, tmp_path, mebibytes):
    source = small_tree(tmp_path / "source")
    (source / "large").write_bytes(os.urandom(mebibytes << 20))
    limited = Godwit(godwit.home, prefix=("prlimit", f"--fsize={2 << 20}"))
    run = limited.copy(source, tmp_path / "copy")
    assert run.code == NOT_CLEAN, str(run)
    (error,) = run.errors
    assert (error["scope"], error["code"], error["key"]) == ("DESTINATION", "EFBIG", "large"), str(run)
    assert "ulimit -f" in error["fix"]
    assert (tmp_path / "copy/a").read_bytes() == b"one"
    assert not (tmp_path / "copy/large").exists()
    again = godwit.copy(source, tmp_path / "copy")
    assert again.code == CLEAN and again.summary["copied"] == 1, str(again)
    assert snapshot(source) == snapshot(tmp_path / "copy")


def test_b15_ends_that_overlap(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    (tmp_path / "link").symlink_to(source)
    (tmp_path / "parent link").symlink_to(tmp_path)
    before = snapshot(tmp_path / "source")
    pairs = {
        (source, source): "is the same directory as",
        (source, f"{source}/."): "is the same directory as",
        (source, tmp_path / "link"): "is the same directory as",
        (tmp_path / "link", source): "is the same directory as",
        (source, source / "folder"): "lies within",
        (source, source / "new/deep"): "lies within",
        (source, tmp_path / "link/new"): "lies within",
        (source, tmp_path / "parent link/source/new"): "lies within",
        (source / "folder", source): "contains",
        (source / "folder", tmp_path / "link"): "contains",
        (source / "a", source / "a"): "is the same file as",
        (source / "a", source): "is the same file as",
        (tmp_path / "link/a", source): "is the same file as",
    }
    for (first, second), how in pairs.items():
        run = godwit.copy(first, second)
        refused(run, USAGE, "DESTINATION", "", how)
    assert snapshot(tmp_path / "source") == before


def test_b15_a_bind_mount_of_the_source_is_the_source(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    (tmp_path / "mount").mkdir()
    if subprocess.run(["mount", "--bind", source, tmp_path / "mount"], capture_output=True).returncode != 0:
        pytest.skip("NOT TESTED: bind mounts, for want of the right to make one")
    try:
        refused(godwit.copy(source, tmp_path / "mount"), USAGE, "DESTINATION", "", "is the same directory as")
        refused(godwit.copy(source, tmp_path / "mount/new"), USAGE, "DESTINATION", "", "lies within")
    finally:
        subprocess.run(["umount", tmp_path / "mount"], check=True)


def test_b15_one_bucket_within_itself(server, bucket, godwit):
    server.s3.put_object(Bucket=bucket, Key="p/a", Body=b"x")
    for first, second, how in [
        ("p", "p", "is the same place as"),
        ("p", "p/", "is the same place as"),
        ("", "", "is the same place as"),
        ("p", "p/q", "lies within"),
        ("", "q", "lies within"),
        ("p", "", "contains"),
    ]:
        run = godwit.copy(f"s3://{bucket}/{first}", f"s3://{bucket}/{second}", server=server)
        refused(run, USAGE, "DESTINATION", "", how)
    assert server.keys(bucket) == ["p/a"]
    sibling = godwit.copy(f"s3://{bucket}/p", f"s3://{bucket}/p2", server=server)
    assert sibling.code == CLEAN, str(sibling)
    assert server.keys(bucket) == ["p/a", "p2/a"]


@pytest.fixture
def two_names(tmp_path):
    """A server, and how to say that the destination is reached by another of its names."""
    server = Double(tmp_path / "double")
    other = server.endpoint.replace("127.0.0.1", "localhost")
    assert other != server.endpoint
    yield server, ["--source-endpoint-url", server.endpoint, "--destination-endpoint-url", other]
    server.stop()


def keys_of(server) -> list[str]:
    return [item["Key"] for item in server.s3.list_objects_v2(Bucket="one").get("Contents", [])]


@pytest.mark.parametrize("first, second", [("p/", "p/q/"), ("", "q/"), ("p/", "")])
def test_b15_one_bucket_behind_two_names_is_not_written_to(godwit, two_names, first, second):
    server, ends = two_names
    for number in range(300):
        server.s3.put_object(Bucket="one", Key=f"p/{number}", Body=b"%d" % number)
    server.s3.put_object(Bucket="one", Key="p/a", Body=b"a")
    before = keys_of(server)
    source, destination = f"s3://one/{first}", f"s3://one/{second}"
    run = godwit.copy(source, destination, *ends, environment=server.environment)
    refused(run, USAGE, "DESTINATION", "", "under another name")
    assert len(run.errors) == 1, "told once, and not for each object"
    assert keys_of(server) == before


@pytest.mark.parametrize("first, second", [("", ""), ("p/", "p/"), ("p/a", "p/")])
def test_b15_one_place_behind_two_names_has_nothing_to_be_copied(godwit, two_names, first, second):
    server, ends = two_names
    server.s3.put_object(Bucket="one", Key="p/a", Body=b"a")
    source, destination = f"s3://one/{first}", f"s3://one/{second}"
    run = godwit.copy(source, destination, *ends, environment=server.environment)
    assert run.code == CLEAN and run.summary["copied"] == 0, str(run)
    assert keys_of(server) == ["p/a"]


@pytest.mark.parametrize("first, second", [("p/", "p2/"), ("p/a", "p/b"), ("p/a", "q/")])
def test_b15_within_one_bucket_behind_two_names_what_does_not_meet_is_copied(godwit, two_names, first, second):
    server, ends = two_names
    server.s3.put_object(Bucket="one", Key="p/a", Body=b"a")
    run = godwit.copy(f"s3://one/{first}", f"s3://one/{second}", *ends, environment=server.environment)
    assert run.code == CLEAN and run.summary["verified"] == 1, str(run)
    assert len(keys_of(server)) == 2


def test_f65_a_file_where_a_directory_is_needed(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    copy = tmp_path / "copy"
    copy.mkdir()
    (copy / "folder").write_bytes(b"a file")
    run = godwit.copy(source, copy)
    assert run.code == NOT_CLEAN, str(run)
    assert {error["code"] for error in run.errors} <= {"ENOTDIR", ""}, str(run)
    assert all(error["scope"] == "DESTINATION" for error in run.errors)
    assert (copy / "folder").read_bytes() == b"a file"
    assert (copy / "a").read_bytes() == b"one"
    assert run.summary["failed"] == 2 and run.summary["copied"] == 1


def test_c27_a_directory_where_a_file_is_needed(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    copy = tmp_path / "copy"
    (copy / "a/precious").mkdir(parents=True)
    run = godwit.copy(source, copy)
    assert run.code == NOT_CLEAN, str(run)
    assert (run.errors[0]["scope"], run.errors[0]["key"]) == ("DESTINATION", "a")
    assert run.errors[0]["fix"]
    assert (copy / "a/precious").is_dir()
    assert (copy / "folder/b").read_bytes() == b"two"


def test_b16_a_symbolic_link_at_the_destination_leads_nowhere(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "b").write_bytes(b"precious")
    (tmp_path / "copy").mkdir()
    (tmp_path / "copy/folder").symlink_to(outside)
    (tmp_path / "copy/a").symlink_to(outside / "b")
    run = godwit.copy(source, tmp_path / "copy")
    assert run.code == NOT_CLEAN, str(run)
    assert all(error["scope"] == "DESTINATION" and error["fix"] for error in run.errors), str(run)
    assert "SymlinkInPath" in {error["code"] for error in run.errors}
    assert (outside / "b").read_bytes() == b"precious" and len(list(outside.iterdir())) == 1
    assert (tmp_path / "copy/folder").is_symlink(), "not ours to remove"
    assert (tmp_path / "copy/a").read_bytes() == b"one" and not (tmp_path / "copy/a").is_symlink()


def test_a_root_that_is_no_directory(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    (tmp_path / "file").write_bytes(b"precious")
    os.mkfifo(tmp_path / "fifo")
    for destination in [tmp_path / "file", tmp_path / "file/below", tmp_path / "fifo"]:
        refused(godwit.copy(source, destination), USAGE, "DESTINATION", str(destination), "ENOTDIR")
    refused(godwit.copy(tmp_path / "fifo", tmp_path / "copy"), USAGE, "SOURCE", "fifo", "is a device, socket or FIFO")
    refused(godwit.copy(f"{source}/a/", tmp_path / "copy"), USAGE, "SOURCE", "source/a/", "ENOTDIR")
    assert (tmp_path / "file").read_bytes() == b"precious"


def test_a_source_that_does_not_exist(godwit, tmp_path):
    for missing in [tmp_path / "missing", tmp_path / "missing/deeper"]:
        refused(godwit.copy(missing, tmp_path / "copy"), NOT_FOUND, "SOURCE", str(missing), "ENOENT")
    assert not (tmp_path / "copy").exists()


def test_an_empty_directory_is_no_error(godwit, tmp_path):
    (tmp_path / "empty").mkdir()
    run = godwit.copy(tmp_path / "empty", tmp_path / "copy")
    assert run.code == CLEAN, str(run)
    assert run.summary["listed"] == 0


def test_g72_what_is_neither_file_nor_directory_is_left_out_by_copy_and_verify(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    os.mkfifo(source / "fifo")
    run = godwit.copy(source, tmp_path / "copy")
    assert run.code == CLEAN and run.summary["skipped_because"]["special"] == 1, str(run)
    verified = godwit.run("verify", source, tmp_path / "copy")
    assert verified.code == CLEAN, str(verified)


# ---- The command line


@pytest.mark.parametrize(
    "uri, words",
    [
        ("s3:/x", ["`//` is missing"]),
        ("s3:x", ["`//` is missing"]),
        ("s3://", ["bucket is missing"]),
        ("s3:///key", ["bucket is missing"]),
        ("s3://b", ["'b' has 1 characters"]),
        ("s3://a b/x", ["bucket"]),
        ("s3://bucket/" + "k" * 1025, ["1025 bytes", "at most 1024"]),
        ("ftp://host/x", ["`ftp://` is not known", "s3://bucket/prefix"]),
        ("file:///etc", ["`file://` is not known"]),
        ("", ["is empty"]),
    ],
)
def test_a_bad_uri(godwit, tmp_path, uri, words):
    usage(godwit.run("copy", tmp_path, uri), "DST", *words)
    usage(godwit.run("copy", uri, tmp_path), "SRC", *words)
    usage(godwit.run("ls", uri), *words)


def test_a_bucket_name_that_the_server_cannot_have(server, godwit, tmp_path):
    run = godwit.copy(small_tree(tmp_path / "source"), "s3://UPPER/x", server=server)
    assert run.code in (USAGE, NOT_FOUND), str(run)
    assert "UPPER" in run.stderr


@pytest.mark.parametrize(
    "options, words",
    [
        (["--no-such-thing"], ["--no-such-thing", "no such option", "godwit copy -h"]),
        (["--dryrun"], ["did you mean `--dry-run`?"]),
        (["--verfy=off"], ["did you mean `--verify`?"]),
        (["--compare", "metadta"], ["--compare=metadta", "did you mean `metadata`?"]),
        (["--concurrency", "-1"], ["--concurrency=-1", "decimal digits"]),
        (["--concurrency", "0"], ["1 to 16384"]),
        (["--concurrency", "12x"], ["decimal digits"]),
        (["--concurrency", "9" * 30], ["decimal digits"]),
        (["--memory", "1XB"], ["--memory=1XB", "IEC unit"]),
        (["--memory", "1"], ["--memory=1:", "16MiB is the least"]),
        (["--memory", "9999999999TiB"], ["IEC unit"]),
        (["--limit-bytes-per-second", "-5"], ["IEC unit"]),
        (["--default-mode", "999"], ["octal"]),
        (["--default-owner", "root"], ["UID:GID"]),
        (["--output", "yaml"], ["table json jsonl name"]),
        (["--output"], ["--output: its value is missing"]),
        (["--region", ""], ["an empty value"]),
        (["--storage-class", "X\r\nEvil: 1"], ["--storage-class", "\\x0d\\x0a"]),
        (["--sse-kms-key-id", "k"], ["--sse-kms-key-id"]),
        (["--dry-run=maybe"], ["is a switch"]),
        (["--no-overwrite", "--transfer-all"], ["contradicts"]),
        (["--verify", "off", "--read-back"], ["contradicts"]),
        (["--anonymous", "--profile", "x"], ["contradicts"]),
        (["--source-no-verify-tls", "--source-ca-file", "x"], ["contradicts"]),
        (["third"], ["one argument too many"]),
        (["--\x1b[31mred"], ["\\x1b[31mred"]),
    ],
    ids=lambda value: " ".join(value)[:30].encode("unicode_escape").decode() if isinstance(value, list) else None,
)
def test_a_bad_option(godwit, tmp_path, options, words):
    source = small_tree(tmp_path / "source")
    run = godwit.run("copy", source, tmp_path / "copy", *options)
    usage(run, *words)
    assert "\x1b" not in run.stderr
    assert not (tmp_path / "copy").exists()


def test_a_bad_variable_is_named(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    for name, value in [("GODWIT_DRY_RUN", "maybe"), ("GODWIT_MEMORY", "lots"), ("GODWIT_COMPARE", "x")]:
        usage(godwit.run("copy", source, tmp_path / "copy", environment={name: value}), f"{name}={value}")
    assert not (tmp_path / "copy").exists()


@pytest.mark.parametrize("url", ["ftp://foo", "foo", "http://", "http://h:99999", "http://user:pw@h"])
def test_a_bad_endpoint(godwit, tmp_path, url):
    source = small_tree(tmp_path / "source")
    run = godwit.run("copy", source, "s3://bucket/x", "--endpoint-url", url, environment=DOUBLE_KEYS)
    assert run.code in (USAGE, BAD_CONFIG), str(run)
    assert run.stderr.startswith("error: ") and "pw" not in run.stderr, str(run)


# ---- The state directory


@pytest.fixture
def kept(godwit, tmp_path):
    """A pair of trees that was copied once, and the state that this left."""
    source = small_tree(tmp_path / "source")
    state = tmp_path / "state"
    assert godwit.copy(source, tmp_path / "copy", "--data-dir", state).code == CLEAN
    return source, tmp_path / "copy", state


def state_file(state: Path, name: str) -> Path:
    found = [path for path in state.rglob(name) if path.suffix == ".db"]
    assert len(found) == 1, found
    for side in ("-wal", "-shm"):
        Path(f"{found[0]}{side}").unlink(missing_ok=True)
    return found[0]


def newer_schema(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE godwit_schema SET number = 999")
    connection.commit()
    connection.close()


def foreign_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE of_somebody_else (x)")
    connection.commit()
    connection.close()


DAMAGES = {
    "garbage": (lambda path: path.write_bytes(os.urandom(8192)), "not a database"),
    "truncated": (lambda path: os.truncate(path, 3000), ""),
    "newer schema": (newer_schema, "a newer version"),
    "a foreign database": (foreign_database, "another program's"),
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["control.db", "index.db"])
def test_h77_h81_a_damaged_state_file_stops_the_copy(godwit, kept, name, damage):
    source, copy, state = kept
    path = state_file(state, name)
    DAMAGES[damage][0](path)
    damaged = path.read_bytes()
    (source / "new").write_bytes(b"new")
    before = snapshot(copy)
    run = godwit.copy(source, copy, "--data-dir", state)
    assert run.code == BAD_CONFIG, str(run)
    (error,) = run.errors
    assert error["scope"] == "STATE" and error["subject"] == str(path), str(run)
    assert DAMAGES[damage][1] in error["message"], str(run)
    assert "PRAGMA" not in error["message"], str(run)
    assert path.read_bytes() == damaged, "left as it is"
    assert snapshot(copy) == before
    asked = godwit.run("executions", "list", "--data-dir", state)
    assert asked.code in (CLEAN, BAD_CONFIG), str(asked)


@pytest.mark.parametrize("damage", DAMAGES)
def test_h77_a_damaged_ledger_of_an_ended_run_hinders_no_copy(godwit, kept, damage):
    source, copy, state = kept
    path = state_file(state, "exec-*.db")
    DAMAGES[damage][0](path)
    (source / "new").write_bytes(b"new")
    run = godwit.copy(source, copy, "--data-dir", state)
    assert run.code == CLEAN and run.summary["copied"] == 1, str(run)
    trace = godwit.run("ledger", "trace", copy / "a", "--data-dir", state)
    assert trace.code == CLEAN and "SAFE" in trace.stderr and "warning: left out" in trace.stderr, str(trace)
    asked = godwit.run("ledger", "export", path.stem, "--data-dir", state)
    assert asked.code == BAD_CONFIG and str(path) in asked.stderr, str(asked)


def test_h77_a_removed_index_is_made_anew(godwit, kept):
    source, copy, state = kept
    state_file(state, "index.db").unlink()
    run = godwit.copy(source, copy, "--data-dir", state)
    assert run.code == CLEAN and run.summary["copied"] == 0, str(run)


def test_where_nothing_was_recorded_nothing_is_found(godwit, tmp_path):
    for command in (["executions", "list"], ["ledger", "query"], ["ledger", "trace", "/x"], ["state", "info"]):
        run = godwit.run(*command, "--data-dir", tmp_path / "nowhere", "-o", "jsonl")
        refused(run, NOT_FOUND, "STATE", str(tmp_path / "nowhere"), "nothing has been recorded here yet")
    assert not (tmp_path / "nowhere").exists()


def test_the_data_directory_is_left_out_of_its_own_copy(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    state = source / "deep/state"
    for _ in range(2):
        run = godwit.copy(source, tmp_path / "copy", "--data-dir", state)
        assert run.code == CLEAN, str(run)
        assert "left out" in run.stderr
    assert run.summary["copied"] == 0, "its own changes are none"
    assert not (tmp_path / "copy/deep/state").exists() and (tmp_path / "copy/deep").is_dir()
    verified = godwit.run("verify", source, tmp_path / "copy", "--data-dir", state)
    assert verified.code == CLEAN, str(verified)
    whole = godwit.copy(state, tmp_path / "state copy")
    assert whole.code == CLEAN and (tmp_path / "state copy/control.db").is_file(), "asked for by name it is copied"


def test_a_data_directory_that_is_a_file(godwit, tmp_path):
    source = small_tree(tmp_path / "source")
    (tmp_path / "file").write_bytes(b"precious")
    for directory in [tmp_path / "file", tmp_path / "file/below"]:
        run = godwit.copy(source, tmp_path / "copy", "--data-dir", directory)
        refused(run, USAGE, "STATE", str(tmp_path / "file"))
    assert (tmp_path / "file").read_bytes() == b"precious"


# ---- Keys

# What no directory can hold, and no other key may lead to.
UNREPRESENTABLE = {
    "..": b"up",
    "../x": b"out",
    ".": b"here",
    "/abs": b"root",
    "//": b"slashes",
    "a//b": b"empty component",
    "a/./b": b"dot",
    "a/../../../../../../tmp/godwit-escaped": b"out again",
    "a/b": b"beneath a file",
    "folder/..": b"up again",
    "marker with bytes/": b"content",
    "c" * 256: b"long component",
    "folder/" + "m" * 300 + "/x": b"long folder",
}
REPRESENTABLE = {
    "a": b"a file",
    "good": b"1",
    "good folder/deep": b"2",
    "empty marker/": b"",
    "folder/file": b"3",
    "new\nline": b"4",
    "tab\tx": b"5",
    "escape \x1b[31mred": b"6",
    "back\\slash": b"7",
    "-rf": b"8",
    "~": b"9",
    "=cmd|calc": b"10",
    "c" * 255: b"255 bytes",
    "long/" * 200 + "x": b"deep",
    "%00": b"no NUL",
    "a b ": b"blanks",
    "\u00e9": b"composed",
    "e\u0301": b"decomposed",
    ".godwit-own": b"looks like ours",
}


@pytest.fixture
def hostile_bucket(rgw) -> str:
    bucket = rgw.make_bucket()
    for key, body in (UNREPRESENTABLE | REPRESENTABLE).items():
        rgw.s3.put_object(Bucket=bucket, Key=f"p/{key}", Body=body)
    return bucket


def test_f61_f64_f65_hostile_keys_come_to_a_directory_or_into_the_report(rgw, hostile_bucket, godwit, tmp_path):
    jail = tmp_path / "jail"
    (jail / "beside").mkdir(parents=True)
    for _ in range(2):
        outside = {name: value for name, value in snapshot(jail).items() if not name.startswith(b"root")}
        run = godwit.copy(f"s3://{hostile_bucket}/p", jail / "root", server=rgw)
        assert run.code == NOT_CLEAN, str(run)
        assert run.summary["failed"] == len(UNREPRESENTABLE), str(run)
        assert run.summary["listed"] == len(UNREPRESENTABLE) + len(REPRESENTABLE)
        assert {error["scope"] for error in run.errors} == {"DESTINATION"}
        rows = godwit.run("ledger", "query", "execution=latest", "outcome=unrepresentable", "-o", "jsonl").lines
        assert {row["key"] for row in rows} == set(UNREPRESENTABLE)
        assert all(row["code"] == "UnrepresentableKey" and row["message"] for row in rows)
        assert {
            name: value for name, value in snapshot(jail).items() if not name.startswith(b"root")
        } == outside
    assert not Path("/tmp/godwit-escaped").exists()
    for key, body in REPRESENTABLE.items():
        path = os.path.join(os.fsencode(jail / "root"), key.encode())
        if key.endswith("/"):
            assert os.path.isdir(path)
        else:
            assert Path(os.fsdecode(path)).read_bytes() == body, key
    files = sum(len(names) for _, _, names in os.walk(jail / "root"))
    assert files == sum(1 for key in REPRESENTABLE if not key.endswith("/")), "two keys never merge"


def test_f62_f68_hostile_keys_never_reach_a_terminal_or_a_spreadsheet_raw(rgw, hostile_bucket, godwit, tmp_path):
    copied = godwit.run(
        "copy", f"s3://{hostile_bucket}/p", tmp_path / "root", "--endpoint-url", rgw.endpoint, server=rgw
    )
    where = ["--endpoint-url", rgw.endpoint]
    outputs = [copied, godwit.run("executions", "errors", "latest")]
    for form in ("table", "json", "jsonl", "csv", "name"):
        outputs.append(godwit.run("ls", "-r", f"s3://{hostile_bucket}/p", "-o", form, *where, server=rgw))
        outputs.append(godwit.run("ledger", "query", "-o", form))
        outputs.append(
            godwit.run("verify", f"s3://{hostile_bucket}/p", tmp_path / "root", "-o", form, *where, server=rgw)
        )
    for run in outputs:
        shown = (run.stdout + run.stderr).replace("\r\n", "\n")  # CSV ends its lines so
        raw = {character for character in shown if ord(character) < 32} - {"\n", "\t"}
        assert raw == set(), str(run)
    table = godwit.run("ledger", "query", "-o", "csv").stdout
    assert not any(line.startswith(("=", "+", "-", "@")) for line in table.splitlines())
    assert "\n'=cmd|calc," in table


def test_f62_f63_f64_hostile_names_go_up_to_s3_or_into_the_report(rgw, godwit, tmp_path):
    bucket = rgw.make_bucket()
    source = tmp_path / "source"
    source.mkdir()
    deep = b"d" * 250
    names = [b"new\nline", b"tab\tx", b"\x1b[31mred", b"-rf", b"=cmd", b"back\\slash", b"n" * 255, b"*?[]", b" "]
    invalid = [b"bad \xff\xfe", b"lone \xed\xa0\x80 surrogate"]
    folder = os.path.join(os.fsencode(source), deep, deep, deep, deep)
    os.makedirs(folder)
    # With the prefix `p/` and four folders: keys of 1,024 and of 1,025 bytes.
    longest = b"l" * (1024 - len(b"p/") - 4 * 251)
    for name in names + invalid:
        Path(os.fsdecode(os.path.join(os.fsencode(source), name))).write_bytes(name)
    for name in (longest, longest + b"x"):
        Path(os.fsdecode(os.path.join(folder, name))).write_bytes(b"deep")
    run = godwit.copy(source, f"s3://{bucket}/p", server=rgw)
    assert run.code == NOT_CLEAN, str(run)
    assert run.summary["failed"] == len(invalid) + 1, str(run)
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=unrepresentable", "-o", "jsonl").lines
    assert len(rows) == len(invalid) + 1 and all(row["scope"] == "DESTINATION" for row in rows)
    assert any("1025 bytes" in row["message"] for row in rows)
    keys = {key.encode() for key in rgw.keys(bucket)}
    there = {b"p/" + name for name in names} | {b"p/" + b"/".join([deep] * 4 + [longest])}
    assert there <= keys
    assert {key for key in keys if not key.endswith(b"/")} == there
    down = godwit.copy(f"s3://{bucket}/p", tmp_path / "down", server=rgw)
    assert down.code == CLEAN, str(down)
    for name in names:
        assert Path(os.fsdecode(os.path.join(os.fsencode(tmp_path / "down"), name))).read_bytes() == name


def test_f65_a_server_that_keeps_keys_as_paths_is_told_so(checksum_server, godwit, tmp_path):
    """Keys that one server cannot hold beside one another fail one by one, and the rest is copied."""
    bucket = checksum_server.make_bucket()
    checksum_server.s3.put_object(Bucket=bucket, Key="p/a/b", Body=b"in the way")
    with pytest.raises(ClientError):
        checksum_server.s3.put_object(Bucket=bucket, Key="p/a", Body=b"x")
    run = godwit.copy(small_tree(tmp_path / "source"), f"s3://{bucket}/p", server=checksum_server)
    assert run.code == NOT_CLEAN, str(run)
    assert run.errors[0]["scope"] == "DESTINATION" and run.errors[0]["key"] == "a", str(run)
    keys = checksum_server.keys(bucket)
    assert "p/a/b" in keys and "p/folder/b" in keys
