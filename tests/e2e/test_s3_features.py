"""What the S3 store promises beyond bytes, through the command line: boto3 and the double's audit are the
witnesses. Real servers where they have the feature, the double where they lack it."""

import email.header
import hashlib
import http.server
import itertools
import json
import re
import socket
import subprocess
import threading
import time
import urllib.parse

import pytest

from s3double import Double

LARGE = bytes(range(256)) * 36_000 + b"and no multiple of anything"  # two parts
KMS_KEY = "arn:aws:kms:us-east-1:111122223333:key/1234abcd"


@pytest.fixture
def doubles(tmp_path):
    """Starts doubles, and stops them."""
    running = []

    def start(*options: str, **keys) -> Double:
        running.append(Double(tmp_path / f"double-{len(running)}", *options, **keys))
        return running[-1]

    yield start
    for double in running:
        double.stop()


@pytest.fixture
def double(doubles) -> Double:
    return doubles()


@pytest.fixture
def tree(tmp_path):
    """Two small files and one of two parts."""
    root = tmp_path / "tree"
    root.mkdir()
    (root / "small").write_bytes(b"small")
    (root / "sub").mkdir()
    (root / "sub/other ü").write_bytes(b"other")
    (root / "large").write_bytes(LARGE)
    return root


def done(run, **expected):
    """The run was clean, and its summary says so."""
    assert run.code == 0, str(run)
    for name, value in expected.items():
        assert run.summary[name] == value, str(run)
    return run


def decoded(value: str) -> str:
    return str(email.header.make_header(email.header.decode_header(value)))


# --- keys


def test_f61_keys_with_empty_components_are_not_taken_for_others(tmp_path, godwit, double):
    keys = ("x", "/x", "a/x", "a//x", "a///x")
    for key in keys:
        double.s3.put_object(Bucket="one", Key=key, Body=f"of {key}".encode())
    for number, key in enumerate(keys):
        done(godwit.copy(f"s3://one/{key}", tmp_path / f"{number}/file", server=double), verified=1)
        assert (tmp_path / f"{number}/file").read_text() == f"of {key}"
        done(godwit.copy(tmp_path / f"{number}/file", f"s3://two/{key}", server=double), verified=1)
        assert double.s3.get_object(Bucket="two", Key=key)["Body"].read() == f"of {key}".encode()
    listed = double.s3.list_objects_v2(Bucket="two")["Contents"]
    assert sorted(item["Key"] for item in listed) == sorted(keys)


def test_f61_a_prefix_that_ends_in_two_slashes_is_not_that_with_one(tmp_path, godwit, double):
    for key in ("x", "/x", "a/y", "a//x"):
        double.s3.put_object(Bucket="one", Key=key, Body=f"of {key}".encode())
    for number, prefix in enumerate(("/", "a//")):
        done(godwit.copy(f"s3://one/{prefix}", tmp_path / f"{number}", server=double), verified=1)
        assert (tmp_path / f"{number}/x").read_text() == f"of {prefix}x"


# --- lineage


def test_lineage_is_on_every_object(godwit, server, bucket, tree):
    done(godwit.copy(tree, f"s3://{bucket}/x", "--lineage", server=server))
    for name in ("small", "large", "sub/other ü"):
        metadata = server.s3.head_object(Bucket=bucket, Key=f"x/{name}")["Metadata"]
        assert decoded(metadata["source-path"]) == f"{tree}/{name}"
        assert metadata["file-permissions"], "beside the attributes, not in their place"


def test_lineage_of_a_renamed_file_names_the_file(godwit, server, bucket, tree):
    file = next(path for path in sorted(tree.rglob("*")) if path.is_file())
    done(godwit.copy(file, f"s3://{bucket}/x/another name", "--lineage", server=server))
    metadata = server.s3.head_object(Bucket=bucket, Key="x/another name")["Metadata"]
    assert metadata["source-path"] == str(file)


def test_lineage_comes_with_the_put_and_not_after_it(godwit, double, tree):
    done(godwit.copy(tree, "s3://two/x", "--lineage", server=double))
    [put] = double.audit("PutObject", "x/small")
    assert put["headers"]["x-amz-meta-source-path"] == f"{tree}/small"
    [begun] = double.audit("CreateMultipartUpload", "x/large")
    assert begun["headers"]["x-amz-meta-source-path"] == f"{tree}/large"
    assert double.audit("CopyObject") == []


def test_g73_lineage_that_does_not_fit_is_cut_marked_and_hashed(tmp_path, godwit, server, bucket):
    deep = tmp_path
    while len(str(deep)) < 2600:
        deep = deep / ("d" * 200)
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x")
    done(godwit.copy(deep, f"s3://{bucket}/x", "--lineage", server=server))
    metadata = server.s3.head_object(Bucket=bucket, Key="x/file")["Metadata"]
    assert metadata["source-path"].endswith("...")
    assert str(deep).startswith(metadata["source-path"].removesuffix("..."))
    assert metadata["source-path-sha256"] == hashlib.sha256(f"{deep}/file".encode()).hexdigest()
    assert sum(len(name) + len(value) for name, value in metadata.items()) <= 2048


def test_lineage_also_stands_on_copies_inside_the_server(godwit, server):
    bucket = server.make_bucket()
    server.s3.put_object(
        Bucket=bucket, Key="from/k", Body=b"x", Metadata={"site": "tokyo"}, ContentType="a/b", Tagging="t=1"
    )
    done(godwit.copy(f"s3://{bucket}/from", f"s3://{bucket}/to", "--lineage", server=server))
    head = server.s3.head_object(Bucket=bucket, Key="to/k")
    assert head["Metadata"] == {"site": "tokyo", "source-path": f"s3://{bucket}/from/k"}
    assert head["ContentType"] == "a/b"
    tags = server.s3.get_object_tagging(Bucket=bucket, Key="to/k")["TagSet"]
    assert tags == [{"Key": "t", "Value": "1"}]


# --- options of writes


@pytest.mark.parametrize(
    "options, header, value",
    [
        (["--sse", "AES256"], "x-amz-server-side-encryption", "AES256"),
        (["--sse", "aws:kms"], "x-amz-server-side-encryption", "aws:kms"),
        (
            ["--sse", "aws:kms", "--sse-kms-key-id", KMS_KEY],
            "x-amz-server-side-encryption-aws-kms-key-id",
            KMS_KEY,
        ),
        (["--storage-class", "STANDARD_IA"], "x-amz-storage-class", "STANDARD_IA"),
    ],
    ids=["sse-s3", "sse-kms", "sse-kms key", "storage class"],
)
def test_how_an_object_is_kept_is_said_when_it_comes_into_being(godwit, double, tree, options, header, value):
    done(godwit.copy(tree, "s3://two/x", *options, server=double), verified=4)
    for operation, key in [("PutObject", "x/small"), ("CreateMultipartUpload", "x/large")]:
        [record] = double.audit(operation, key)
        assert record["headers"].get(header) == value, operation
    assert all(header not in part["headers"] for part in double.audit("UploadPart", "x/large"))
    # And inside the server.
    done(godwit.copy("s3://two/x", "s3://one/y", *options, server=double))
    [copied] = double.audit("CopyObject", "y/small")
    assert copied["headers"].get(header) == value


@pytest.mark.parametrize("sse", ["AES256", "aws:kms"])
def test_encryption_that_a_server_does_not_confirm_leaves_nothing_in_clear(
    godwit, server, bucket, tree, sse
):
    """RGW refuses it without TLS; versitygw takes the header and would store in clear."""
    run = godwit.copy(tree, f"s3://{bucket}/x", "--sse", sse, server=server)
    assert run.code not in (0, 70), str(run)
    assert server.keys(bucket) == [] and server.uploads(bucket) == []


def test_a_storage_class_is_kept_by_a_real_server(godwit, rgw, tree):
    bucket = rgw.make_bucket()
    done(godwit.copy(tree, f"s3://{bucket}/x", "--storage-class", "STANDARD", server=rgw))
    assert rgw.keys(bucket)


def test_a_kms_key_without_kms_is_a_usage_error(godwit, tree):
    run = godwit.copy(tree, "s3://two/x", "--sse", "AES256", "--sse-kms-key-id", KMS_KEY)
    assert run.code == 2, str(run)


def test_the_requester_pays_for_every_request_to_that_end_and_no_other(tmp_path, godwit, doubles, tree):
    source, destination = doubles(), doubles()
    done(godwit.copy(tree, "s3://one/x", "--request-payer", server=source))
    records = source.audit()
    assert {record["operation"] for record in records} >= {"ListObjectsV2", "PutObject", "UploadPart"}
    assert unpaid(records) == []
    before = source.forget()
    ends = [
        "--source-endpoint-url",
        source.endpoint,
        "--destination-endpoint-url",
        destination.endpoint,
        "--source-request-payer",
    ]
    done(godwit.run("copy", "s3://one/x", "s3://two/y", "-o", "jsonl", *ends, server=source), verified=4)
    assert {record["operation"] for record in source.audit()[before:]} >= {"HeadObject", "GetObject"}
    assert unpaid(source.audit()) == []
    assert unpaid(destination.audit()) == [record["operation"] for record in destination.audit()]


def unpaid(records: list[dict]) -> list[str]:
    return [
        record["operation"] for record in records if record["headers"].get("x-amz-request-payer") != "requester"
    ]


def test_the_requester_pays_for_the_source_of_a_copy_inside_the_server(godwit, double):
    double.s3.put_object(Bucket="one", Key="from/k", Body=b"x")
    done(godwit.copy("s3://one/from", "s3://two/to", "--source-request-payer", server=double))
    [copied] = double.audit("CopyObject", "to/k")
    assert copied["headers"].get("x-amz-request-payer") == "requester"


# --- what travels with an object

HEADERS = {
    "ContentType": "text/x-odd; charset=utf-8",
    "CacheControl": "max-age=60, private",
    "ContentDisposition": "attachment; filename=\"x y.txt\"; filename*=UTF-8''x%20y",
    "ContentEncoding": "gzip",
    "ContentLanguage": "de, en",
    "ExpiresString": "Wed, 21 Oct 2026 07:28:00 GMT",
}
ODD_METADATA = {
    "encoded": "=?UTF-8?B?w6TDtsO8?=",
    "quoted": "=?UTF-8?Q?=C3=A4_b?=",
    "japanese": "=?UTF-8?B?5p2x5Lqs?=",
    "comma": "a, b,c",
    "equals": "=?not an encoded word",
    "punctuation": "\"'\\<>&;%20+",
    "x.y-z-1": "dots",
}


@pytest.mark.parametrize("way", ["rgw to double", "double to rgw", "checksum_server to double", "within rgw"])
def test_g73_content_headers_and_odd_metadata_arrive(request, godwit, doubles, way):
    def end(name: str):
        if name == "double":
            return doubles(), "one"
        server = request.getfixturevalue(name)
        return server, server.make_bucket()

    names = way.removeprefix("within ").split(" to ")
    source, source_bucket = end(names[0])
    destination, destination_bucket = end(names[1]) if len(names) > 1 else (source, source.make_bucket())
    given = {name: value for name, value in HEADERS.items() if name != "ExpiresString"}
    for key, body in [("small", b"x"), ("large", LARGE)]:
        source.s3.put_object(
            Bucket=source_bucket,
            Key=f"from/{key}",
            Body=body,
            Metadata=ODD_METADATA,
            Expires=HEADERS["ExpiresString"],
            **given,
        )
    ends = ["--source-endpoint-url", source.endpoint, "--destination-endpoint-url", destination.endpoint]
    done(
        godwit.run(
            "copy",
            f"s3://{source_bucket}/from",
            f"s3://{destination_bucket}/to",
            "-o",
            "jsonl",
            *ends,
            server=source,
        )
    )
    for key in ("small", "large"):
        was = source.s3.head_object(Bucket=source_bucket, Key=f"from/{key}")
        head = destination.s3.head_object(Bucket=destination_bucket, Key=f"to/{key}")
        told = {name: was[name] for name in HEADERS if name in was}
        assert {name: head.get(name) for name in told} == told, key
        assert len(told) >= 5, told
        arrived = {name: decoded(value) for name, value in head["Metadata"].items()}
        assert arrived == {name: decoded(value) for name, value in ODD_METADATA.items()}, key


def test_tags_arrive_between_and_within_endpoints_and_can_be_left_behind(godwit, double, rgw):
    bucket = rgw.make_bucket()
    for key, body in [("small", b"x"), ("large", LARGE)]:
        rgw.s3.put_object(Bucket=bucket, Key=f"from/{key}", Body=body, Tagging="class=raw&a%20b=c%2Bd")
    ends = ["--source-endpoint-url", rgw.endpoint, "--destination-endpoint-url"]

    def tags(server, to_bucket: str, key: str) -> dict:
        found = server.s3.get_object_tagging(Bucket=to_bucket, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    def copy(to: str, endpoint: str, *options: str):
        done(godwit.run("copy", f"s3://{bucket}/from", to, *ends, endpoint, *options, "-o", "jsonl", server=rgw))

    copy("s3://two/to", double.endpoint)
    copy(f"s3://{bucket}/to", rgw.endpoint)
    copy("s3://two/bare", double.endpoint, "--no-tags")
    for key in ("small", "large"):
        assert tags(double, "two", f"to/{key}") == {"class": "raw", "a b": "c+d"}
        assert tags(rgw, bucket, f"to/{key}") == {"class": "raw", "a b": "c+d"}
        assert tags(double, "two", f"bare/{key}") == {}


# --- reads


def test_archived_objects_are_skipped_without_a_read(tmp_path, godwit, double):
    for key, storage_class in [("cold", "GLACIER"), ("deep", "DEEP_ARCHIVE"), ("warm", "GLACIER_IR")]:
        double.s3.put_object(Bucket="one", Key=f"x/{key}", Body=b"x", StorageClass=storage_class)
    run = godwit.copy("s3://one/x", tmp_path / "down", server=double)
    assert run.code == 0, str(run)
    assert run.summary["verified"] == 1
    assert (tmp_path / "down/warm").read_bytes() == b"x"
    assert double.audit("GetObject", "x/cold") == double.audit("GetObject", "x/deep") == []
    rows = godwit.run("ledger", "query", "execution=latest outcome=skipped", "-o", "jsonl", server=double)
    reasons = {row["key"]: row.get("reason") for row in rows.lines}
    assert reasons == {"cold": "archived", "deep": "archived"}, str(rows)


def test_a10_large_objects_are_read_in_pinned_ranges(tmp_path, godwit, double):
    etag = double.s3.put_object(Bucket="one", Key="x/large", Body=LARGE)["ETag"]
    done(godwit.copy("s3://one/x", tmp_path / "down", server=double))
    assert (tmp_path / "down/large").read_bytes() == LARGE
    reads = [record["headers"] for record in double.audit("GetObject", "x/large")]
    assert [read.get("range") for read in sorted(reads, key=lambda read: int(read["range"][6:].split("-")[0]))] == [
        "bytes=0-8388607",
        f"bytes=8388608-{len(LARGE) - 1}",
    ]
    assert {read.get("if-match") for read in reads} == {etag}


@pytest.mark.parametrize("versioned", [False, True], ids=["plain", "versioned"])
def test_a10_an_object_that_is_overwritten_while_it_is_read_is_deferred(tmp_path, godwit, double, versioned):
    if versioned:
        double.s3.put_bucket_versioning(Bucket="one", VersioningConfiguration={"Status": "Enabled"})
    double.s3.put_object(Bucket="one", Key="x/large", Body=LARGE)
    double.s3.put_object(Bucket="one", Key="x/quiet", Body=b"quiet")
    # Whenever it is read, somebody overwrites it first, in turn with one thing and another.
    mine, yours = "mine " * 2000, "yours " * 2000
    always = {"operation": "GetObject", "key": "x/large"}
    double.rules(always | {"every": 2, "first_put": mine}, always | {"first_put": yours})
    run = godwit.copy("s3://one/x", tmp_path / "down", server=double)
    assert run.code == 1, str(run)
    assert run.summary["deferred"] == 1 and run.summary["verified"] == 1, str(run)
    assert not (tmp_path / "down/large").exists(), "nothing of two generations gets a name"
    # The next run, in peace, takes what is there then.
    double.rules()
    done(godwit.copy("s3://one/x", tmp_path / "down", server=double))
    assert (tmp_path / "down/large").read_text() in (mine, yours)


# --- reaching a server


def test_anonymous_requests_carry_no_signature(tmp_path, godwit, doubles):
    double = doubles("--anonymous")
    double.s3.put_object(Bucket="one", Key="x/k", Body=b"public")
    before = double.forget()
    run = godwit.run(
        "copy", "s3://one/x", tmp_path / "down", "--source-anonymous", "--endpoint-url", double.endpoint
    )
    assert run.code == 0, str(run)
    assert (tmp_path / "down/k").read_bytes() == b"public"
    assert all(not record.get("access_key") for record in double.audit()[before:])


@pytest.mark.parametrize("style", ["path", "virtual"])
def test_the_bucket_stands_in_the_path_or_in_the_host(tmp_path, godwit, double, style):
    double.s3.put_object(Bucket="one", Key="x/k +", Body=b"x")
    before = double.forget()
    port = double.endpoint.rsplit(":", 1)[1]
    run = godwit.run(
        "copy",
        "s3://one/x",
        tmp_path / "down",
        "--endpoint-url",
        f"http://localhost:{port}",
        "--addressing",
        style,
        server=double,
    )
    assert run.code == 0, str(run)
    assert (tmp_path / "down/k +").read_bytes() == b"x"
    hosts = {record["headers"]["host"] for record in double.audit()[before:]}
    assert hosts == {f"localhost:{port}" if style == "path" else f"one.localhost:{port}"}


# --- TLS and proxies


def fetch(godwit, double, tmp_path, *options: str, endpoint: str = "", **environment: str):
    """Copies the one object of bucket `one` down, as a user with these variables."""
    command = ["copy", "s3://one/x", tmp_path / "down", "--endpoint-url", endpoint or double.endpoint, *options]
    return godwit.run(*command, server=double, environment=environment)


@pytest.fixture
def tls_double(doubles) -> Double:
    double = doubles("--tls")
    double.s3.put_object(Bucket="one", Key="x/k", Body=b"secret")
    return double


@pytest.mark.parametrize("how", ["--ca-file", "AWS_CA_BUNDLE", "ca_bundle"])
def test_a_custom_authority_is_trusted_where_it_is_named(tmp_path, godwit, tls_double, how):
    authority = str(tls_double.authority)
    (tmp_path / "config").write_text(f"[default]\nca_bundle = {authority}\n")
    run = fetch(
        godwit,
        tls_double,
        tmp_path,
        *(["--ca-file", authority] if how == "--ca-file" else []),
        **({"AWS_CA_BUNDLE": authority} if how == "AWS_CA_BUNDLE" else {}),
        **({"AWS_CONFIG_FILE": str(tmp_path / "config")} if how == "ca_bundle" else {}),
    )
    assert run.code == 0, str(run)
    assert (tmp_path / "down/k").read_bytes() == b"secret"


@pytest.mark.parametrize("fault", ["unknown authority", "expired", "wrong-host"])
def test_a_certificate_that_does_not_hold_stops_everything(tmp_path, godwit, doubles, fault):
    double = doubles("--tls", *([] if fault == "unknown authority" else ["--tls-fault", fault]))
    trusted = [] if fault == "unknown authority" else ["--ca-file", str(double.authority)]
    run = fetch(godwit, double, tmp_path, *trusted)
    # exit_code.cc: refused by a check of identity, as credentials are.
    assert run.code == 4, str(run)
    assert "certificate" in run.stderr, str(run)
    assert not (tmp_path / "down").exists() or not list((tmp_path / "down").iterdir())


def test_certificates_go_unchecked_only_by_wish_and_loudly(tmp_path, godwit, tls_double):
    run = fetch(godwit, tls_double, tmp_path, "--no-verify-tls")
    assert run.code == 0, str(run)
    assert "certificates are not checked" in run.stderr
    quiet = fetch(godwit, tls_double, tmp_path / "again", "--no-verify-tls", "--quiet")
    assert quiet.code == 0 and "certificates are not checked" in quiet.stderr, str(quiet)


class ConnectProxy:
    """Tunnels for CONNECT, hands on for absolute-form requests, and remembers whom it was asked for."""

    def __init__(self):
        self.asked: list[str] = []
        self.authorizations: list[str] = []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            received = client.recv(65536)
            if not received:
                return
            head += received
        method, target, *_ = head.split(b"\r\n")[0].decode().split(" ")
        self.authorizations += re.findall(r"(?im)^proxy-authorization: *(.*?)\r$", head.decode("latin-1"))
        self.asked.append(f"{method} {target.split('/')[2] if '/' in target else target}")
        host, port = self.asked[-1].split(" ")[1].rsplit(":", 1)
        # The names of the tests are nobody's: whatever is asked for is on this machine.
        server = socket.create_connection(("127.0.0.1", int(port)))
        if method == "CONNECT":
            client.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            line, rest = head.split(b"\r\n", 1)
            path = "/" + target.split("/", 3)[3]
            # One request a connection: the next one must be rewritten as well.
            server.sendall(f"{method} {path} HTTP/1.1\r\nConnection: close\r\n".encode() + rest)
        threading.Thread(target=pour, args=(server, client), daemon=True).start()
        pour(client, server)

    def stop(self) -> None:
        self.listener.close()


def pour(source: socket.socket, sink: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
    except OSError:
        pass


@pytest.fixture
def proxy():
    running = ConnectProxy()
    yield running
    running.stop()


def test_https_goes_through_the_proxys_tunnel_and_is_checked_as_ever(tmp_path, godwit, tls_double, proxy):
    trusted = ["--ca-file", str(tls_double.authority)]
    run = fetch(godwit, tls_double, tmp_path, *trusted, HTTPS_PROXY=proxy.url)
    assert run.code == 0, str(run)
    authority = tls_double.endpoint.removeprefix("https://")
    assert set(proxy.asked) == {f"CONNECT {authority}"}
    unchecked = fetch(godwit, tls_double, tmp_path / "2", HTTPS_PROXY=proxy.url)
    assert unchecked.code == 4 and "certificate" in unchecked.stderr, str(unchecked)


def test_the_proxy_gets_its_own_credentials_and_never_shows_them(tmp_path, godwit, tls_double, proxy):
    with_password = proxy.url.replace("http://", "http://user:pass%20word@")
    trusted = ["--ca-file", str(tls_double.authority)]
    run = fetch(godwit, tls_double, tmp_path, *trusted, "-vv", HTTPS_PROXY=with_password)
    assert run.code == 0, str(run)
    assert set(proxy.authorizations) == {"Basic dXNlcjpwYXNzIHdvcmQ="}
    assert "pass" not in run.stderr.replace("passed", ""), str(run)


def test_no_proxy_is_heeded(tmp_path, godwit, tls_double, proxy):
    trusted = ["--ca-file", str(tls_double.authority)]
    run = fetch(godwit, tls_double, tmp_path, *trusted, HTTPS_PROXY=proxy.url, NO_PROXY="127.0.0.1")
    assert run.code == 0, str(run)
    assert proxy.asked == []


def test_plain_http_goes_through_its_proxy(tmp_path, godwit, double, proxy):
    double.s3.put_object(Bucket="one", Key="x/k", Body=b"x")
    run = fetch(godwit, double, tmp_path, HTTP_PROXY=proxy.url, http_proxy=proxy.url)
    assert run.code == 0, str(run)
    assert len(proxy.asked) > 0 and all(" 127.0.0.1:" in asked for asked in proxy.asked)


# --- credentials

TOKEN = "a-session/token+with=odd"
LATER = "2099-01-01T00:00:00Z"
ROLE = "arn:aws:iam::111122223333:role/mover"


@pytest.fixture
def guarded(doubles) -> Double:
    """Takes one temporary key only."""
    double = doubles(key="ASIATEST", secret="s3cr3t/temporary", token=TOKEN)
    double.s3.put_object(Bucket="one", Key="x/k", Body=b"x")
    return double


class Endpoint:
    """A small HTTP server that hands out credentials, and remembers what it was asked."""

    def __init__(self, answer):
        self.requests: list[tuple[str, str, dict, str]] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def _serve(self):
                body = self.rfile.read(int(self.headers.get("content-length", 0))).decode()
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.requests.append((self.command, self.path, headers, body))
                status, text = answer(*outer.requests[-1])
                self.send_response(status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_PUT = do_POST = _serve

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def endpoint():
    running = []

    def start(answer) -> Endpoint:
        running.append(Endpoint(answer))
        return running[-1]

    yield start
    for each in running:
        each.stop()


def user(tmp_path, config: str = "", credentials: str = "", **variables: str) -> dict[str, str]:
    """The environment of a user with these files, without keys in it."""
    (tmp_path / "aws-config").write_text(config)
    (tmp_path / "aws-credentials").write_text(credentials)
    return {
        "AWS_ACCESS_KEY_ID": "",
        "AWS_SECRET_ACCESS_KEY": "",
        "AWS_SESSION_TOKEN": "",
        "AWS_CONFIG_FILE": str(tmp_path / "aws-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "aws-credentials"),
    } | variables


def fetched(godwit, double, tmp_path, environment: dict[str, str], *options: str):
    command = ["copy", "s3://one/x", tmp_path / "down", "--endpoint-url", double.endpoint, *options]
    whole = godwit.environment() | environment
    whole = {name: value for name, value in whole.items() if value or not name.startswith("AWS_")}
    ended = subprocess.run(
        [str(godwit.binary), *map(str, command)], env=whole, capture_output=True, text=True, timeout=60
    )
    assert "s3cr3t" not in ended.stdout + ended.stderr and TOKEN not in ended.stdout + ended.stderr
    return ended


def keys_in(double: Double, section: str) -> str:
    return (
        f"[{section}]\naws_access_key_id = {double.key}\naws_secret_access_key = {double.secret}\n"
        f"aws_session_token = {double.token}\n"
    )


def process_answer(double: Double, **more) -> str:
    return json.dumps(
        {
            "Version": 1,
            "AccessKeyId": double.key,
            "SecretAccessKey": double.secret,
            "SessionToken": double.token,
        }
        | more
    )


def sts_answer(double: Double, action: str) -> str:
    return (
        f'<{action}Response xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><{action}Result><Credentials>'
        f"<AccessKeyId>{double.key}</AccessKeyId><SecretAccessKey>{double.secret}</SecretAccessKey>"
        f"<SessionToken>{double.token}</SessionToken><Expiration>{LATER}</Expiration>"
        f"</Credentials></{action}Result></{action}Response>"
    )


def container_answer(double: Double, **more) -> str:
    return json.dumps(
        {
            "AccessKeyId": double.key,
            "SecretAccessKey": double.secret,
            "Token": double.token,
            "Expiration": LATER,
        }
        | more
    )


def test_credentials_from_the_environment(tmp_path, godwit, guarded):
    ended = fetched(godwit, guarded, tmp_path, guarded.environment)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("how", ["default", "AWS_PROFILE", "--profile", "config file"])
def test_credentials_from_profiles(tmp_path, godwit, guarded, how):
    wrong = "[default]\naws_access_key_id = WRONG\naws_secret_access_key = wrong\n"
    if how == "default":
        ended = fetched(godwit, guarded, tmp_path, user(tmp_path, credentials=keys_in(guarded, "default")))
    elif how == "config file":
        environment = user(tmp_path, config=keys_in(guarded, "profile p"), AWS_PROFILE="p")
        ended = fetched(godwit, guarded, tmp_path, environment)
    else:
        environment = user(tmp_path, credentials=wrong + keys_in(guarded, "p"))
        if how == "AWS_PROFILE":
            ended = fetched(godwit, guarded, tmp_path, environment | {"AWS_PROFILE": "p"})
        else:
            ended = fetched(godwit, guarded, tmp_path, environment, "--profile", "p")
    assert ended.returncode == 0, ended.stderr


def test_credentials_from_a_process(tmp_path, godwit, guarded):
    (tmp_path / "answer").write_text(process_answer(guarded, Expiration=LATER))
    environment = user(tmp_path, config=f"[default]\ncredential_process = cat '{tmp_path}/answer'\n")
    ended = fetched(godwit, guarded, tmp_path, environment)
    assert ended.returncode == 0, ended.stderr


def test_a_process_is_asked_for_credentials_once_a_run(tmp_path, godwit, guarded):
    """Although a bucket that is read is looked at by one store and copied from by another."""
    guarded.s3.put_object(Bucket="one", Key="x/k", Body=b"x")
    (tmp_path / "answer").write_text(process_answer(guarded, Expiration=LATER))
    script = tmp_path / "keys"
    script.write_text(f"#!/bin/sh\necho asked >> '{tmp_path}/asked'\ncat '{tmp_path}/answer'\n")
    script.chmod(0o755)
    environment = user(tmp_path, config=f"[default]\ncredential_process = {script}\n")
    ended = fetched(godwit, guarded, tmp_path, environment)
    assert ended.returncode == 0, ended.stderr
    assert (tmp_path / "asked").read_text() == "asked\n"


def test_credentials_of_an_assumed_role_with_external_id(tmp_path, godwit, guarded, endpoint):
    sts = endpoint(lambda *_: (200, sts_answer(guarded, "AssumeRole")))
    config = (
        f"[profile mover]\nrole_arn = {ROLE}\nsource_profile = base\nexternal_id = ext-42\nregion = eu-west-1\n"
    )
    base = "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s3cr3t-base\n"
    environment = user(tmp_path, config, base, AWS_PROFILE="mover", AWS_ENDPOINT_URL_STS=sts.url)
    ended = fetched(godwit, guarded, tmp_path, environment, "--region", "us-east-1")
    assert ended.returncode == 0, ended.stderr
    method, _, headers, body = sts.requests[0]
    asked = urllib.parse.parse_qs(body)
    assert method == "POST" and asked["Action"] == ["AssumeRole"]
    assert asked["RoleArn"] == [ROLE] and asked["ExternalId"] == ["ext-42"]
    assert "Credential=AKIABASE/" in headers["authorization"]


def test_credentials_of_a_web_identity(tmp_path, godwit, guarded, endpoint):
    sts = endpoint(lambda *_: (200, sts_answer(guarded, "AssumeRoleWithWebIdentity")))
    (tmp_path / "token").write_text("a.jwt.token")
    environment = user(
        tmp_path,
        AWS_WEB_IDENTITY_TOKEN_FILE=str(tmp_path / "token"),
        AWS_ROLE_ARN=ROLE,
        AWS_ENDPOINT_URL_STS=sts.url,
        AWS_DEFAULT_REGION="us-east-1",
    )
    ended = fetched(godwit, guarded, tmp_path, environment)
    assert ended.returncode == 0, ended.stderr
    _, _, headers, body = sts.requests[0]
    asked = urllib.parse.parse_qs(body)
    assert asked["WebIdentityToken"] == ["a.jwt.token"] and "authorization" not in headers


def test_credentials_of_a_container(tmp_path, godwit, guarded, endpoint):
    container = endpoint(lambda *_: (200, container_answer(guarded)))
    environment = user(
        tmp_path,
        AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{container.url}/creds",
        AWS_CONTAINER_AUTHORIZATION_TOKEN="let-me",
    )
    ended = fetched(godwit, guarded, tmp_path, environment)
    assert ended.returncode == 0, ended.stderr
    asked = {(path, headers["authorization"]) for _, path, headers, _ in container.requests}
    assert asked == {("/creds", "let-me")}


def test_credentials_of_an_instance(tmp_path, godwit, guarded, endpoint):
    def metadata(method, path, headers, _):
        if method == "PUT" and path == "/latest/api/token":
            return 200, "imds-token"
        if headers.get("x-aws-ec2-metadata-token") != "imds-token":
            return 401, ""
        if path.endswith("/security-credentials/"):
            return 200, "the-role"
        return 200, container_answer(guarded, Code="Success", Type="AWS-HMAC")

    instance = endpoint(metadata)
    environment = user(
        tmp_path, AWS_EC2_METADATA_DISABLED="false", AWS_EC2_METADATA_SERVICE_ENDPOINT=instance.url
    )
    ended = fetched(godwit, guarded, tmp_path, environment)
    assert ended.returncode == 0, ended.stderr
    assert [path for _, path, _, _ in instance.requests][:3] == [
        "/latest/api/token",
        "/latest/meta-data/iam/security-credentials/",
        "/latest/meta-data/iam/security-credentials/the-role",
    ]


def test_credentials_that_run_out_are_fetched_again_during_the_run(tmp_path, godwit, guarded, endpoint):
    """Credentials with a minute left are renewed as often as is allowed, every ten seconds."""
    guarded.s3.put_object(Bucket="one", Key="x/k", Body=b"x" * 3_000_000)
    for number in range(4):
        guarded.s3.put_object(Bucket="one", Key=f"x/{number}", Body=b"x" * 3_000_000)

    def soon(*_):
        return 200, container_answer(guarded, Expiration=rfc3339_in(60))

    container = endpoint(soon)
    environment = user(tmp_path, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{container.url}/creds")
    started = time.monotonic()
    options = ["--limit-bytes-per-second", "1MiB", "--concurrency", "1"]
    ended = fetched(godwit, guarded, tmp_path, environment, *options)
    assert ended.returncode == 0, ended.stderr
    assert len(list((tmp_path / "down").iterdir())) == 5
    assert time.monotonic() - started > 10, "too quick for this test"
    assert len(container.requests) == 2


def rfc3339_in(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_a_token_that_is_refused_is_replaced(tmp_path, godwit, guarded, endpoint):
    answers = itertools.chain([{"Token": "an-older-token"}], itertools.repeat({}))
    container = endpoint(lambda *_: (200, container_answer(guarded, **next(answers))))
    environment = user(tmp_path, AWS_CONTAINER_CREDENTIALS_FULL_URI=f"{container.url}/creds")
    ended = fetched(godwit, guarded, tmp_path, environment)
    assert ended.returncode == 0, ended.stderr
    assert len([record for record in guarded.audit() if record.get("code") == "InvalidToken"]) == 1


def test_keys_that_were_rotated_during_the_run_are_found_again(tmp_path, godwit, doubles):
    """The process gives keys that the server no longer takes, and then those that it does."""
    double = doubles()
    double.s3.put_object(Bucket="one", Key="x/k", Body=b"x")
    for name, key in [("first", "AKIAOLD"), ("then", double.key)]:
        answer = {"Version": 1, "AccessKeyId": key, "SecretAccessKey": double.secret}
        (tmp_path / name).write_text(json.dumps(answer))
    script = tmp_path / "keys"
    script.write_text(f"#!/bin/sh\ncat {tmp_path}/first && cp {tmp_path}/then {tmp_path}/first\n")
    script.chmod(0o755)
    ended = fetched(godwit, double, tmp_path, user(tmp_path, config=f"[default]\ncredential_process = {script}\n"))
    assert ended.returncode == 0, ended.stderr
    refused = [record for record in double.audit() if record["status"] == 403]
    assert len(refused) == 1, refused


def test_wrong_keys_are_refused_by_name_and_at_once(tmp_path, godwit, double):
    keys = "[default]\naws_access_key_id = AKIANOBODY\naws_secret_access_key = s3cr3t\n"
    ended = fetched(godwit, double, tmp_path, user(tmp_path, credentials=keys))
    assert ended.returncode == 4, ended.stderr
    assert "InvalidAccessKeyId" in ended.stderr
    assert len(double.audit()) == 1


def test_the_endpoint_of_the_environment_is_used(tmp_path, godwit, double):
    double.s3.put_object(Bucket="one", Key="x/k", Body=b"x")
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"):
        run = godwit.run(
            "copy", "s3://one/x", tmp_path / name, server=double, environment={name: double.endpoint}
        )
        assert run.code == 0, str(run)
        assert (tmp_path / name / "k").read_bytes() == b"x"


# --- bytes that flip on their way from a store


FLIPPED = {"name": "flipped", "operation": "GetObject", "key": "x/large", "served": "flip:100"}


@pytest.mark.parametrize("way", ["directory", "store"])
def test_a_bit_that_flips_once_in_one_range_is_read_again(godwit, doubles, tree, tmp_path, way):
    """A range carries no checksum: only the whole can be compared, with what the store keeps of it (D37)."""
    source, other = doubles(), doubles()
    done(godwit.copy(tree, "s3://one/x", server=source))
    source.rules(FLIPPED | {"nth": 1})
    if way == "directory":
        done(godwit.copy("s3://one/x", tmp_path / "down", server=source), verified=4)
        assert (tmp_path / "down/large").read_bytes() == LARGE
    else:
        to = ["--destination-endpoint-url", other.endpoint]
        done(godwit.copy("s3://one/x", "s3://two/y", *to, server=source))
        assert other.s3.get_object(Bucket="two", Key="y/large")["Body"].read() == LARGE


@pytest.mark.parametrize("way", ["directory", "store"])
def test_a_bit_that_flips_every_time_is_never_called_verified(godwit, doubles, tree, tmp_path, way):
    source, other = doubles(), doubles()
    done(godwit.copy(tree, "s3://one/x", server=source))
    source.rules(FLIPPED)
    to = ["--destination-endpoint-url", other.endpoint]
    if way == "directory":
        run = godwit.copy("s3://one/x", tmp_path / "down", server=source)
        assert not (tmp_path / "down/large").exists()
    else:
        run = godwit.copy("s3://one/x", "s3://two/y", *to, server=source)
        keys = [found["Key"] for found in other.s3.list_objects_v2(Bucket="two")["Contents"]]
        assert sorted(keys) == ["y/small", "y/sub/", "y/sub/other ü"]
        assert "Uploads" not in other.s3.list_multipart_uploads(Bucket="two")
    assert run.code == 1, str(run)
    [error] = run.errors
    assert (error["scope"], error["code"], error["key"]) == ("SOURCE", "ChecksumMismatch", "large"), str(run)
