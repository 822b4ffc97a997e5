"""What the S3 store promises beyond bytes, through the command line: boto3 and the double's audit are the
witnesses. Real servers where they have the feature, the double where they lack it."""

import email.header
import hashlib

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


# --- lineage


def test_lineage_is_on_every_object(godwit, server, bucket, tree):
    done(godwit.copy(tree, f"s3://{bucket}/x", "--lineage", server=server))
    for name in ("small", "large", "sub/other ü"):
        metadata = server.s3.head_object(Bucket=bucket, Key=f"x/{name}")["Metadata"]
        assert decoded(metadata["source-path"]) == f"{tree}/{name}"
        assert metadata["file-permissions"], "beside the attributes, not in their place"


def test_lineage_comes_with_the_put_and_not_after_it(godwit, double, tree):
    done(godwit.copy(tree, "s3://two/x", "--lineage", server=double))
    [put] = double.audit("PutObject", "x/small")
    assert put["headers"]["x-amz-meta-source-path"] == f"{tree}/small"
    [begun] = double.audit("CreateMultipartUpload", "x/large")
    assert begun["headers"]["x-amz-meta-source-path"] == f"{tree}/large"
    assert double.audit("CopyObject") == []


def test_lineage_that_does_not_fit_is_cut_marked_and_hashed(tmp_path, godwit, server, bucket):
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
def test_content_headers_and_odd_metadata_arrive(request, godwit, doubles, way):
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


def test_large_objects_are_read_in_pinned_ranges(tmp_path, godwit, double):
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
def test_an_object_that_is_overwritten_while_it_is_read_is_deferred(tmp_path, godwit, double, versioned):
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
