"""Shows with real clients that the S3 double is an honest S3 server while no rule says otherwise.

Runs the program named by GODWIT_S3DOUBLE with boto3, the AWS CLI and rclone, plain and over TLS.
"""

import base64
import hashlib
import io
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from datetime import datetime, timedelta, timezone
from pathlib import Path

import boto3
import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

PROGRAM = os.environ["GODWIT_S3DOUBLE"]
SECONDS_MAX = 120
MEBIBYTE = 1 << 20
ODD_KEYS = ["plain", "a b", "a+b", "ü/ñ/日本", "per%cent", "q?&=;#", "quote'\"<>&", "tab\tand\nline", "//", "a/./b", "~-_.!*()"]

_FOREIGN = re.compile(r"^(AWS_|RCLONE_|https?_proxy$|all_proxy$|no_proxy$)", re.IGNORECASE)


def clean_environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "LC_ALL": "C.UTF-8"}


class Double:
    """One running server with the bucket `b`."""

    def __init__(self, directory: Path, *options: str):
        self.authority = directory / "authority.pem"
        self.process = subprocess.Popen(
            [PROGRAM, "--with-stdin", "--bucket", "b", "--authority-file", str(self.authority), *options],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.endpoint = json.loads(self.process.stdout.readline())["endpoint"]
        self.verify = str(self.authority) if self.endpoint.startswith("https") else None
        self.s3 = self.client()

    def client(self, secret="secrettest", key="AKIATEST", region="us-east-1", style="path", endpoint=None, **config):
        return boto3.client(
            "s3",
            endpoint_url=endpoint or self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            region_name=region,
            verify=self.verify,
            config=Config(s3={"addressing_style": style}, retries={"max_attempts": 1}, proxies={}, **config),
        )

    def environment(self) -> dict[str, str]:
        return clean_environment() | {
            "AWS_ACCESS_KEY_ID": "AKIATEST",
            "AWS_SECRET_ACCESS_KEY": "secrettest",
            "AWS_DEFAULT_REGION": "us-east-1",
        } | ({"AWS_CA_BUNDLE": self.verify} if self.verify else {})

    def audit(self) -> list[dict]:
        import ssl

        context = ssl.create_default_context(cafile=self.verify) if self.verify else None
        with urllib.request.urlopen(f"{self.endpoint}/_double/audit", context=context) as page:
            return [json.loads(line) for line in page]

    def stop(self):
        self.process.stdin.close()
        assert self.process.wait(SECONDS_MAX) == 0


@pytest.fixture(scope="module", params=["plain", "tls"])
def double(request, tmp_path_factory):
    server = Double(tmp_path_factory.mktemp(request.param), *(["--tls"] if request.param == "tls" else []))
    yield server
    server.stop()


@pytest.fixture(autouse=True)
def empty(request):
    if "double" not in request.fixturenames:
        return
    s3 = request.getfixturevalue("double").s3
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket="b"):
        for item in page.get("Contents", []):
            s3.delete_object(Bucket="b", Key=item["Key"])


def crc64nvme(data: bytes) -> str:
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = (byte >> 1) ^ (0x9A6C9329AC4BC9B5 if byte & 1 else 0)
        table.append(byte)
    crc = 0xFFFFFFFFFFFFFFFF
    for byte in data:
        crc = (crc >> 8) ^ table[(crc ^ byte) & 0xFF]
    return base64.b64encode((crc ^ 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big")).decode()


def code_of(call, **arguments) -> str:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    return caught.value.response["Error"]["Code"]


@pytest.mark.parametrize("key", ODD_KEYS)
def test_odd_keys_come_back_as_they_went(double, key):
    double.s3.put_object(Bucket="b", Key=key, Body=key.encode(), Metadata={"m": "1"}, Tagging="t=a%20b")
    assert double.s3.get_object(Bucket="b", Key=key)["Body"].read() == key.encode()
    assert [item["Key"] for item in double.s3.list_objects_v2(Bucket="b")["Contents"]] == [key]
    assert double.s3.get_object_tagging(Bucket="b", Key=key)["TagSet"] == [{"Key": "t", "Value": "a b"}]
    double.s3.copy_object(Bucket="b", Key="copy", CopySource={"Bucket": "b", "Key": key})
    assert double.s3.head_object(Bucket="b", Key="copy")["Metadata"] == {"m": "1"}
    double.s3.delete_objects(Bucket="b", Delete={"Objects": [{"Key": key}, {"Key": "copy"}]})
    assert double.s3.list_objects_v2(Bucket="b")["KeyCount"] == 0


@pytest.mark.parametrize("algorithm", ["CRC32", "SHA1", "SHA256"])
def test_checksums_that_boto3_computes(double, algorithm):
    data = random.randbytes(100_000)
    # A stream over TLS goes as aws-chunked with the checksum as trailer.
    double.s3.put_object(Bucket="b", Key="k", Body=io.BytesIO(data), ChecksumAlgorithm=algorithm)
    answer = double.s3.get_object(Bucket="b", Key="k", ChecksumMode="ENABLED")
    assert answer["Body"].read() == data
    assert answer[f"Checksum{algorithm}"]


def test_crc64nvme_by_value(double):
    data = random.randbytes(10_000)
    double.s3.put_object(Bucket="b", Key="k", Body=data, ChecksumCRC64NVME=crc64nvme(data))
    assert double.s3.head_object(Bucket="b", Key="k", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == crc64nvme(data)
    assert code_of(double.s3.put_object, Bucket="b", Key="k", Body=b"x" + data[1:], ChecksumCRC64NVME=crc64nvme(data)) == "BadDigest"
    unasked = double.client(request_checksum_calculation="when_required")
    unasked.put_object(Bucket="b", Key="k", Body=data)
    assert double.s3.head_object(Bucket="b", Key="k", ChecksumMode="ENABLED")["ChecksumCRC64NVME"] == crc64nvme(data)


def test_multipart_with_a_checksum_of_the_whole(double):
    data = random.randbytes(11 * MEBIBYTE)
    pieces = [data[at : at + 5 * MEBIBYTE] for at in range(0, len(data), 5 * MEBIBYTE)]
    upload = double.s3.create_multipart_upload(Bucket="b", Key="k", ChecksumAlgorithm="CRC64NVME", ContentType="text/x")
    name = {"Bucket": "b", "Key": "k", "UploadId": upload["UploadId"]}
    parts = []
    for number, piece in enumerate(pieces, 1):
        part = double.s3.upload_part(**name, PartNumber=number, Body=piece, ChecksumCRC64NVME=crc64nvme(piece))
        parts.append({"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC64NVME": part["ChecksumCRC64NVME"]})
    assert [part["Size"] for part in double.s3.list_parts(**name)["Parts"]] == [len(piece) for piece in pieces]
    assert double.s3.list_multipart_uploads(Bucket="b")["Uploads"][0]["Key"] == "k"
    assert code_of(double.s3.complete_multipart_upload, **name, MultipartUpload={"Parts": parts}, ChecksumCRC64NVME="AAAAAAAAAAA=") == "BadDigest"
    done = double.s3.complete_multipart_upload(**name, MultipartUpload={"Parts": parts}, ChecksumCRC64NVME=crc64nvme(data), ChecksumType="FULL_OBJECT")
    md5s = b"".join(hashlib.md5(piece).digest() for piece in pieces)
    assert done["ETag"] == f'"{hashlib.md5(md5s).hexdigest()}-3"'
    assert double.s3.get_object(Bucket="b", Key="k")["Body"].read() == data
    assert "Uploads" not in double.s3.list_multipart_uploads(Bucket="b")


def test_boto3_transfers_up_down_and_across(double):
    data = random.randbytes(20 * MEBIBYTE)
    config = TransferConfig(multipart_threshold=6 * MEBIBYTE, multipart_chunksize=6 * MEBIBYTE)
    double.s3.upload_fileobj(io.BytesIO(data), "b", "k", Config=config)
    double.s3.copy({"Bucket": "b", "Key": "k"}, "b", "copy", Config=config)
    back = io.BytesIO()
    double.s3.download_fileobj("b", "copy", back, Config=config)
    assert back.getvalue() == data
    assert double.s3.head_object(Bucket="b", Key="k", ChecksumMode="ENABLED")["ChecksumType"] == "COMPOSITE"


def test_conditions(double):
    etag = double.s3.put_object(Bucket="b", Key="k", Body=b"1")["ETag"]
    assert code_of(double.s3.put_object, Bucket="b", Key="k", Body=b"2", IfNoneMatch="*") == "PreconditionFailed"
    assert code_of(double.s3.get_object, Bucket="b", Key="k", IfMatch='"x"') == "PreconditionFailed"
    double.s3.put_object(Bucket="b", Key="k", Body=b"2", IfMatch=etag)
    assert code_of(double.s3.put_object, Bucket="b", Key="k", Body=b"3", IfMatch=etag) == "PreconditionFailed"


def test_ranges(double):
    data = random.randbytes(1000)
    double.s3.put_object(Bucket="b", Key="k", Body=data)
    for asked, answered in (("bytes=10-19", data[10:20]), ("bytes=990-", data[990:]), ("bytes=-5", data[-5:]), ("bytes=0-9999", data)):
        part = double.s3.get_object(Bucket="b", Key="k", Range=asked)
        assert part["Body"].read() == answered
        start = data.find(answered)
        assert part["ContentRange"] == f"bytes {start}-{start + len(answered) - 1}/1000"
        assert part["ResponseMetadata"]["HTTPStatusCode"] == 206
    assert code_of(double.s3.get_object, Bucket="b", Key="k", Range="bytes=1000-1001") == "InvalidRange"


def test_uploads_that_come_to_nothing(double):
    def begin():
        return {"Bucket": "b", "Key": "k", "UploadId": double.s3.create_multipart_upload(Bucket="b", Key="k")["UploadId"]}

    upload = begin()
    etag = double.s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]
    wrong = {"Parts": [{"PartNumber": 1, "ETag": '"0"'}]}
    assert code_of(double.s3.complete_multipart_upload, **upload, MultipartUpload=wrong) == "InvalidPart"
    double.s3.abort_multipart_upload(**upload)
    for call in (double.s3.list_parts, double.s3.abort_multipart_upload):
        assert code_of(call, **upload) == "NoSuchUpload"
    assert code_of(double.s3.head_object, Bucket="b", Key="k") == "404"
    double.s3.put_object(Bucket="b", Key="k", Body=b"there already")
    upload = begin()
    right = {"Parts": [{"PartNumber": 1, "ETag": double.s3.upload_part(**upload, PartNumber=1, Body=b"part")["ETag"]}]}
    assert right["Parts"][0]["ETag"] == etag
    assert code_of(double.s3.complete_multipart_upload, **upload, MultipartUpload=right, IfNoneMatch="*") == "PreconditionFailed"
    double.s3.complete_multipart_upload(**upload, MultipartUpload=right)
    assert double.s3.get_object(Bucket="b", Key="k")["Body"].read() == b"part"


def test_who_may_come_in(double):
    listing = {"Bucket": "b"}
    assert code_of(double.client(secret="wrong").list_objects_v2, **listing) == "SignatureDoesNotMatch"
    assert code_of(double.client(key="AKIANOBODY").list_objects_v2, **listing) == "InvalidAccessKeyId"
    # boto3 reads the right region out of the error and asks again.
    double.client(region="eu-west-1").list_objects_v2(**listing)
    assert "AuthorizationHeaderMalformed" in [record.get("code") for record in double.audit()]
    assert double.client(region="eu-west-1").get_bucket_location(**listing)["LocationConstraint"] is None
    assert code_of(double.s3.list_objects_v2, Bucket="nosuch") == "NoSuchBucket"


def test_clock_that_is_off(tmp_path):
    server = Double(tmp_path, "--clock-offset-s", "3600")
    assert code_of(server.s3.list_objects_v2, Bucket="b") == "RequestTimeTooSkewed"
    server.stop()


def test_virtual_addressing(double, monkeypatch):
    port = double.endpoint.rsplit(":", 1)[1]
    resolve = socket.getaddrinfo
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *rest, **more: resolve("127.0.0.1", *rest, **more))
    s3 = double.client(style="virtual", endpoint=f"{double.endpoint.split('//')[0]}//localhost:{port}")
    s3.put_object(Bucket="b", Key="a b/c", Body=b"virtual")
    assert double.s3.get_object(Bucket="b", Key="a b/c")["Body"].read() == b"virtual"


def test_many_small_tls_records_at_once(tmp_path):
    import ssl

    server = Double(tmp_path, "--tls", "--no-auth")
    context = ssl.create_default_context(cafile=server.verify)
    into, out = ssl.MemoryBIO(), ssl.MemoryBIO()
    tls = context.wrap_bio(into, out, server_hostname="localhost")
    connection = socket.create_connection(("127.0.0.1", int(server.endpoint.rsplit(":", 1)[1])), timeout=10)

    def exchange(step):
        while True:
            try:
                return step()
            except ssl.SSLWantReadError:
                connection.sendall(out.read())
                into.write(connection.recv(65536))

    exchange(tls.do_handshake)
    request = b"PUT /b/k HTTP/1.1\r\nHost: h\r\nContent-Length: 3000\r\n\r\n" + bytes(3000)
    for at in range(0, len(request), 10):
        tls.write(request[at : at + 10])
    connection.sendall(out.read())
    assert exchange(lambda: tls.read(12)) == b"HTTP/1.1 200"
    connection.close()
    server.stop()


def test_presigned_urls(double):
    import ssl

    context = ssl.create_default_context(cafile=double.verify) if double.verify else None
    signer = double.client(signature_version="s3v4")
    put = signer.generate_presigned_url("put_object", Params={"Bucket": "b", "Key": "a b"}, ExpiresIn=60)
    urllib.request.urlopen(urllib.request.Request(put, data=b"x", method="PUT", headers={"Content-Type": ""}), context=context)
    get = signer.generate_presigned_url("get_object", Params={"Bucket": "b", "Key": "a b"}, ExpiresIn=60)
    assert urllib.request.urlopen(get, context=context).read() == b"x"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(get.replace("a%20b", "other"), context=context)
    assert caught.value.code == 403


def expected_listing(keys: list[str], prefix: str, delimiter: str, after: str) -> list[str]:
    """What S3 documents, computed the slow way. Ordered by UTF-8 bytes."""
    found = []
    for key in sorted(keys, key=str.encode):
        if not key.startswith(prefix) or key.encode() <= after.encode():
            continue
        rest = key[len(prefix) :]
        shown = prefix + rest[: rest.index(delimiter) + 1] if delimiter and delimiter in rest else key
        if not found or found[-1] != shown:
            found.append(shown)
    return found


@pytest.mark.parametrize("seed", range(4))
def test_listing_pages_against_a_model(double, seed):
    chance = random.Random(seed)
    keys = sorted({"".join(chance.choice("ab/é ") for _ in range(chance.randint(1, 6))) for _ in range(120)})
    for key in keys:
        double.s3.put_object(Bucket="b", Key=key, Body=b"")
    for prefix, delimiter, after in [("", "", ""), ("", "/", ""), ("a", "/", ""), ("a/", "/", "a/b"), ("", "", "b"), ("é", "/", "")]:
        shown = []
        pages = double.s3.get_paginator("list_objects_v2").paginate(
            Bucket="b", Prefix=prefix, Delimiter=delimiter, StartAfter=after, PaginationConfig={"PageSize": 7}
        )
        for page in pages:
            assert page["KeyCount"] <= 7
            shown += [item["Key"] for item in page.get("Contents", [])]
            shown += [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        assert sorted(shown, key=str.encode) == expected_listing(keys, prefix, delimiter, after), (prefix, delimiter, after)
        old = double.s3.get_paginator("list_objects").paginate(Bucket="b", Prefix=prefix, Delimiter=delimiter, PaginationConfig={"PageSize": 7})
        shown = [entry for page in old for entry in [i["Key"] for i in page.get("Contents", [])] + [i["Prefix"] for i in page.get("CommonPrefixes", [])]]
        assert sorted(shown, key=str.encode) == expected_listing(keys, prefix, delimiter, ""), (prefix, delimiter)


def test_versions(double):
    double.s3.create_bucket(Bucket="versioned")
    double.s3.put_bucket_versioning(Bucket="versioned", VersioningConfiguration={"Status": "Enabled"})
    assert double.s3.get_bucket_versioning(Bucket="versioned")["Status"] == "Enabled"
    one = double.s3.put_object(Bucket="versioned", Key="k", Body=b"1")["VersionId"]
    double.s3.put_object(Bucket="versioned", Key="k", Body=b"2")
    marker = double.s3.delete_object(Bucket="versioned", Key="k")
    assert marker["DeleteMarker"]
    assert double.s3.get_object(Bucket="versioned", Key="k", VersionId=one)["Body"].read() == b"1"
    listed = double.s3.list_object_versions(Bucket="versioned")
    assert len(listed["Versions"]) == 2 and len(listed["DeleteMarkers"]) == 1
    double.s3.delete_object(Bucket="versioned", Key="k", VersionId=marker["VersionId"])
    assert double.s3.get_object(Bucket="versioned", Key="k")["Body"].read() == b"2"


def test_dates_are_those_of_the_put(double):
    before = datetime.now(timezone.utc) - timedelta(seconds=2)
    double.s3.put_object(Bucket="b", Key="k", Body=b"1")
    head = double.s3.head_object(Bucket="b", Key="k")["LastModified"]
    listed = double.s3.list_objects_v2(Bucket="b")["Contents"][0]["LastModified"]
    assert before <= head <= datetime.now(timezone.utc)
    assert abs(listed - head) < timedelta(seconds=1)


def make_tree(root: Path) -> None:
    chance = random.Random(7)
    for index in range(60):
        path = root / chance.choice(["x", "y/z", "odd name+%", "ü"]) / f"file {index}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(chance.choice([0, 1, 4096, 100_000])))
    (root / "large").write_bytes(chance.randbytes(20 * MEBIBYTE))


def run(arguments: list[str], environment: dict[str, str]) -> str:
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert done.returncode == 0, f"{arguments}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def same_trees(one: Path, other: Path) -> bool:
    return subprocess.run(["diff", "-r", str(one), str(other)], capture_output=True).returncode == 0


def test_aws_cli_round_trip(double, tmp_path):
    make_tree(tmp_path / "up")
    aws = [sys.executable, "-m", "awscli", "--endpoint-url", double.endpoint, "s3"]
    run([*aws, "sync", str(tmp_path / "up"), "s3://b/tree", "--only-show-errors"], double.environment())
    assert run([*aws, "sync", str(tmp_path / "up"), "s3://b/tree"], double.environment()) == ""
    run([*aws, "cp", "--recursive", "s3://b/tree", str(tmp_path / "down"), "--only-show-errors"], double.environment())
    assert same_trees(tmp_path / "up", tmp_path / "down")
    assert "Total Objects: 61" in run([*aws, "ls", "--recursive", "--summarize", "s3://b/"], double.environment())
    run([*aws, "cp", "s3://b/tree/large", "s3://b/copy"], double.environment())
    run([*aws, "rm", "--recursive", "s3://b/", "--only-show-errors"], double.environment())
    assert double.s3.list_objects_v2(Bucket="b")["KeyCount"] == 0


@pytest.mark.skipif(shutil.which("rclone") is None, reason="rclone is not installed")
def test_rclone_round_trip(double, tmp_path):
    make_tree(tmp_path / "up")
    remote = {
        "TYPE": "s3",
        "PROVIDER": "AWS",
        "ENDPOINT": double.endpoint,
        "ACCESS_KEY_ID": "AKIATEST",
        "SECRET_ACCESS_KEY": "secrettest",
        "REGION": "us-east-1",
        "FORCE_PATH_STYLE": "true",
    }
    environment = clean_environment() | {f"RCLONE_CONFIG_R_{name}": value for name, value in remote.items()}
    environment |= {"RCLONE_CONFIG": str(tmp_path / "rclone.conf"), "RCLONE_S3_UPLOAD_CUTOFF": "8M", "RCLONE_S3_CHUNK_SIZE": "5M"}
    trust = ["--ca-cert", double.verify] if double.verify else []
    run(["rclone", *trust, "sync", str(tmp_path / "up"), "R:b/tree"], environment)
    run(["rclone", *trust, "check", "--download", str(tmp_path / "up"), "R:b/tree"], environment)
    run(["rclone", *trust, "sync", "R:b/tree", str(tmp_path / "down")], environment)
    assert same_trees(tmp_path / "up", tmp_path / "down")
    entries = json.loads(run(["rclone", *trust, "lsjson", "-R", "--files-only", "R:b"], environment))
    assert len(entries) == 61
    puts = sum(1 for record in double.audit() if record["operation"] == "PutObject")
    run(["rclone", *trust, "sync", str(tmp_path / "up"), "R:b/tree"], environment)
    assert sum(1 for record in double.audit() if record["operation"] == "PutObject") == puts


def test_log_survives_in_its_file(tmp_path):
    server = Double(tmp_path, "--audit-file", str(tmp_path / "audit.jsonl"))
    server.s3.put_object(Bucket="b", Key="k", Body=b"1")
    deadline = time.monotonic() + 5
    while not (lines := (tmp_path / "audit.jsonl").read_text().splitlines()) and time.monotonic() < deadline:
        pass
    server.stop()
    record = json.loads(lines[0])
    assert (record["operation"], record["key"], record["status"], record["bytes"]) == ("PutObject", "k", 200, 1)
    assert record["etag_after"] == hashlib.md5(b"1").hexdigest()
