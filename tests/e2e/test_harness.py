"""The harness itself: what the other tests trust in."""

import base64
import os
import shutil
import subprocess
import time
from pathlib import Path

import pytest
from botocore.exceptions import ClientError

from trees import INVALID_UTF8_NAMES, LONGEST_NAMES, UTF8_NAMES, TreeShape, differences, make_tree, snapshot

SMALL = TreeShape(files=200, large_files=False, invalid_utf8_names=True)
# Of "123456789", as published with the algorithm.
CHECK_BYTES = b"123456789"
CHECK_CRC64NVME = base64.b64encode(bytes.fromhex("ae8b14860a799888")).decode()


def test_a_tree_has_what_its_shape_says(tmp_path):
    contents = make_tree(tmp_path / "tree", SMALL)
    nodes = snapshot(tmp_path / "tree")
    kinds = [node.type for node in nodes.values()]
    assert kinds.count("file") == contents.files == 200
    assert kinds.count("symlink") == contents.symlinks > 0
    assert kinds.count("directory") == contents.directories > 0
    names = {os.path.basename(path) for path in nodes}
    assert set(UTF8_NAMES + LONGEST_NAMES + INVALID_UTF8_NAMES) <= names
    assert any(node.mtime_ns % 1000 for node in nodes.values())
    assert nodes[b"empty directory"].type == "directory"


def test_the_same_seed_makes_the_same_tree(tmp_path):
    make_tree(tmp_path / "one", SMALL)
    make_tree(tmp_path / "two", SMALL)
    assert differences(tmp_path / "one", tmp_path / "two") == []


def flip_a_byte(path: Path):
    times = path.stat()
    path.chmod(0o644)
    with open(path, "r+b") as file:
        first = file.read(1)
        file.seek(0)
        file.write(bytes([first[0] ^ 1]))
    path.chmod(times.st_mode & 0o7777)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def shift_mtime(path: Path):
    times = path.lstat()
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns + 1), follow_symlinks=False)


DAMAGES = {
    "a flipped byte": lambda root: flip_a_byte(root / "names/files/with space"),
    "a nanosecond": lambda root: shift_mtime(root / "names/files/plain.txt"),
    "a nanosecond of a symlink": lambda root: shift_mtime(root / "links/link 0"),
    "a permission": lambda root: (root / "names/files/plain.txt").chmod(0o705),
    "a lost file": lambda root: (root / "names/files/plain.txt").unlink(),
    "a file too many": lambda root: (root / "names/extra").touch(),
    "a lost empty directory": lambda root: (root / "empty directory").rmdir(),
    "a symlink's target": lambda root: (
        (root / "links/link 0").unlink(),
        (root / "links/link 0").symlink_to("other"),
    ),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_every_damage_is_a_difference(tmp_path, damage):
    make_tree(tmp_path / "one", SMALL)
    make_tree(tmp_path / "two", SMALL)
    DAMAGES[damage](tmp_path / "two")
    assert differences(tmp_path / "one", tmp_path / "two")


def test_a_server_holds_what_it_was_given(server, bucket):
    server.s3.put_object(Bucket=bucket, Key="a b", Body=b"x", Metadata={"file-mtime": "1ns"}, Tagging="t=1")
    assert server.keys(bucket) == ["a b"]
    assert server.s3.head_object(Bucket=bucket, Key="a b")["Metadata"] == {"file-mtime": "1ns"}
    tags = server.s3.get_object_tagging(Bucket=bucket, Key="a b")["TagSet"]
    assert tags == [{"Key": "t", "Value": "1"}]


def test_the_access_log_tells_every_request(server, bucket):
    mark = server.mark(bucket)
    server.s3.put_object(Bucket=bucket, Key="odd + key", Body=b"x")
    server.keys(bucket)
    upload = server.s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    server.s3.upload_part(Bucket=bucket, Key="k", UploadId=upload, PartNumber=1, Body=b"x")
    assert server.uploads(bucket) == ["k"]
    server.s3.abort_multipart_upload(Bucket=bucket, Key="k", UploadId=upload)
    told = [(request.operation, request.key) for request in server.requests_since(bucket, mark)]
    assert told == [
        ("put", "odd + key"),
        ("list", ""),
        ("create_upload", "k"),
        ("upload_part", "k"),
        ("list_uploads", ""),
        ("abort", "k"),
    ]


def test_the_checksum_server_refuses_a_wrong_crc64nvme(checksum_server):
    bucket = checksum_server.make_bucket()
    wrong = base64.b64encode(bytes(8)).decode()
    with pytest.raises(ClientError) as refused:
        checksum_server.s3.put_object(Bucket=bucket, Key="k", Body=CHECK_BYTES, ChecksumCRC64NVME=wrong)
    assert refused.value.response["Error"]["Code"] == "BadDigest"
    assert checksum_server.keys(bucket) == []


def test_the_checksum_server_keeps_a_right_crc64nvme(checksum_server):
    bucket = checksum_server.make_bucket()
    checksum_server.s3.put_object(Bucket=bucket, Key="k", Body=CHECK_BYTES, ChecksumCRC64NVME=CHECK_CRC64NVME)
    head = checksum_server.s3.head_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
    assert head["ChecksumCRC64NVME"] == CHECK_CRC64NVME


@pytest.mark.slow
def test_a_server_that_hangs_while_it_starts_is_started_again(tmp_path):
    """A minute. The first `radosgw-admin` waits for ever, as it does for an answer that was lost."""
    stand_in = tmp_path / "bin/radosgw-admin"
    stand_in.parent.mkdir()
    stand_in.write_text(
        f'#!/bin/sh\n[ -e "{tmp_path}/hung" ] || {{ touch "{tmp_path}/hung"; exec sleep 600; }}\n'
        f'exec "{shutil.which("radosgw-admin")}" "$@"\n'
    )
    stand_in.chmod(0o755)
    script = Path(__file__).resolve().parent.parent / "servers/rgw.sh"
    environment = os.environ | {"PATH": f"{stand_in.parent}:{os.environ['PATH']}", "RGW_TRY_SECONDS_MAX": "40"}
    command = ["bash", str(script), "start", "--dir", str(tmp_path / "own")]
    try:
        started = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=200)
        assert started.returncode == 0, started.stderr
        assert (tmp_path / "hung").exists() and "ENDPOINT=" in started.stdout
    finally:
        subprocess.run(["bash", str(script), "stop", str(tmp_path / "own")], check=True)


def test_a_server_stops_with_its_owner(tmp_path, checksum_server):
    """Started by a process that is killed at once; here the checksum server, since both share the watch."""
    script = Path(__file__).resolve().parent.parent / "servers/checksum_server.sh"
    owner = subprocess.Popen(["sleep", "600"])
    subprocess.run(
        ["bash", str(script), "start", "--dir", str(tmp_path / "own"), "--owner", str(owner.pid)],
        check=True,
        capture_output=True,
        timeout=60,
    )
    pid = int((tmp_path / "own/pid").read_text())
    assert Path(f"/proc/{pid}").exists()
    owner.kill()
    owner.wait()
    deadline = time.monotonic() + 30
    while Path(f"/proc/{pid}").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not Path(f"/proc/{pid}").exists()
