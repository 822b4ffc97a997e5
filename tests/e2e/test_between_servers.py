"""From one S3 server to another: bytes, user metadata, content headers and tags."""

import pytest

KEYS = ["plain", "with space", "a+b", "100%", "deep/er/key", "umlaut-ä", "emoji-😀", "many-parts"]
HEADERS = {
    "ContentType": "text/x-odd; charset=utf-8",
    "CacheControl": "max-age=60",
    "ContentDisposition": 'attachment; filename="x y.txt"',
    "ContentEncoding": "identity",
    "ContentLanguage": "de",
}
METADATA = {"site": "tokyo", "empty-is-fine": "-", "source-path": "/srv/data/a b"}
TAGS = {"class": "raw", "a b": "c+d"}


def put_objects(server, bucket: str) -> dict[str, bytes]:
    bodies = {key: key.encode() * (3_000_000 if key == "many-parts" else 10) for key in KEYS}
    for key, body in bodies.items():
        server.s3.put_object(
            Bucket=bucket,
            Key=f"from/{key}",
            Body=body,
            Metadata=METADATA,
            Tagging="&".join(
                f"{name.replace(' ', '%20')}={value.replace('+', '%2B')}" for name, value in TAGS.items()
            ),
            **HEADERS,
        )
    return bodies


@pytest.mark.parametrize("direction", ["rgw to checksum_server", "checksum_server to rgw", "rgw to rgw"])
def test_everything_that_belongs_to_an_object_arrives(request, godwit, direction):
    source, destination = (request.getfixturevalue(name) for name in direction.split(" to "))
    source_bucket, destination_bucket = source.make_bucket(), destination.make_bucket()
    bodies = put_objects(source, source_bucket)
    run = godwit.run(
        "copy",
        f"s3://{source_bucket}/from",
        f"s3://{destination_bucket}/to",
        "--source-endpoint-url",
        source.endpoint,
        "--destination-endpoint-url",
        destination.endpoint,
        "-o",
        "jsonl",
        server=source,
    )
    assert run.code == 0, str(run)
    for key, body in bodies.items():
        got = destination.s3.get_object(Bucket=destination_bucket, Key=f"to/{key}")
        tags = destination.s3.get_object_tagging(Bucket=destination_bucket, Key=f"to/{key}")["TagSet"]
        assert got["Body"].read() == body, key
        assert {name: got.get(name) for name in HEADERS} == HEADERS, key
        assert got["Metadata"] == METADATA, key
        assert {tag["Key"]: tag["Value"] for tag in tags} == TAGS, key


def test_directories_arrive_within_one_server(godwit, server, tmp_path):
    """versitygw copies no object whose name ends in a slash (DirectoryObjectContainsData)."""
    (tmp_path / "tree/folder/empty").mkdir(parents=True)
    (tmp_path / "tree/folder/file").write_bytes(b"x")
    (tmp_path / "tree/folder").chmod(0o750)
    here, there = server.make_bucket(), server.make_bucket()
    assert godwit.copy(tmp_path / "tree", f"s3://{here}/from", server=server).code == 0
    run = godwit.copy(f"s3://{here}/from", f"s3://{there}/to", server=server)
    assert run.code == 0, str(run)
    names = [key.removeprefix("from") for key in server.keys(here)]
    assert names and [key.removeprefix("to") for key in server.keys(there)] == names
    for name in names:
        original = server.s3.head_object(Bucket=here, Key=f"from{name}")
        assert server.s3.head_object(Bucket=there, Key=f"to{name}")["Metadata"] == original["Metadata"], name
