"""Extended attributes and access control lists: from a directory to another, and through S3 and back. The kernel
(os.listxattr) and boto3 are the witnesses."""

import base64
import os
import shutil
import stat
import struct
import urllib.parse
from pathlib import Path

import pytest

from godwit import Godwit
from s3double import Double
from test_bad_input import NOT_CLEAN, common, nobody  # noqa: F401 (fixtures)
from test_s3_features import LARGE, done

IS_ROOT = os.geteuid() == 0
KEY = "godwit-xattrs"
ALL = ["--preserve-xattrs", "--preserve-acls"] + (["--preserve-privileged-xattrs"] if IS_ROOT else [])
ACCESS, DEFAULT = "system.posix_acl_access", "system.posix_acl_default"
# VFS_CAP_REVISION_2 with CAP_NET_BIND_SERVICE permitted and effective.
CAPABILITY = struct.pack("<IIIII", 0x02000001, 1 << 10, 0, 0, 0)


def acl(uid: int, mask: int = 7) -> bytes:
    """user::rw- user:UID:rwx group::r-- mask::MASK other::---, as linux/posix_acl_xattr.h has it."""
    nobody = 0xFFFFFFFF
    entries = [(1, 6, nobody), (2, 7, uid), (4, 4, nobody), (16, mask, nobody), (32, 0, nobody)]
    return struct.pack("<I", 2) + b"".join(struct.pack("<HHI", *entry) for entry in entries)


def xattrs_of(path) -> dict[str, bytes]:
    names = os.listxattr(path, follow_symlinks=False)
    return {n: os.getxattr(path, n, follow_symlinks=False) for n in names if not n.startswith("security.selinux")}


def snapshot(root: Path) -> dict:
    """Everything below: xattrs, type and mode, mtime, content."""
    found = {}
    for path in sorted(root.rglob("*")):
        status = path.lstat()
        is_file = stat.S_ISREG(status.st_mode)
        content = path.read_bytes() if is_file else os.readlink(path) if path.is_symlink() else None
        found[str(path.relative_to(root))] = (xattrs_of(path), status.st_mode, status.st_mtime_ns, content)
    return found


def file(path: Path, content: bytes = b"content", **xattrs: bytes) -> Path:
    path.write_bytes(content)
    for name, value in xattrs.items():
        os.setxattr(path, f"user.{name}", value)
    return path


def make_source(root: Path) -> Path:
    root.mkdir()
    file(root / "plain")
    hostile = file(root / "hostile", a=bytes(range(256)), empty=b"")
    for name in (b"user.\xff\xfe", "user.ü".encode(), b"user.a=b,c%41 d\n"):
        os.setxattr(hostile, name, name)
    file(root / "read only", ro=b"1").chmod(0o444)
    file(root / "large", LARGE, of_many_parts=b"1")
    os.setxattr(file(root / "with a list"), ACCESS, acl(12345))
    os.setxattr(file(root / "masked", both=b"1"), ACCESS, acl(54321, mask=4))
    folder = root / "folder"
    folder.mkdir()
    os.setxattr(folder, "user.of_a_folder", b"1")
    os.setxattr(folder, DEFAULT, acl(12345))
    file(folder / "inherits a list")
    os.removexattr(file(folder / "has lost its list"), ACCESS)
    (root / "link").symlink_to("plain")
    if IS_ROOT:
        os.setxattr(root / "link", "trusted.of_a_link", b"1", follow_symlinks=False)
        os.setxattr(root / "plain", "trusted.secret", b"1")
        os.setxattr(file(root / "program"), "security.capability", CAPABILITY)
    return root


@pytest.fixture
def source(tmp_path) -> Path:
    return make_source(tmp_path / "source")


@pytest.fixture
def double(tmp_path):
    running = Double(tmp_path / "double")
    yield running
    running.stop()


class At:
    """A bucket of either server, to copy to and from."""

    def __init__(self, godwit, server, bucket: str):
        self.godwit, self.server, self.s3 = godwit, server, server.s3
        self.bucket, self.uri = bucket, f"s3://{bucket}/tree"

    def copy(self, source, destination, *options):
        return self.godwit.copy(source, destination, *options, server=self.server)

    def metadata(self, key: str) -> dict[str, str]:
        return self.s3.head_object(Bucket=self.bucket, Key=f"tree/{key}")["Metadata"]


@pytest.fixture
def at_double(godwit, double) -> At:
    return At(godwit, double, "one")


@pytest.fixture(params=["double", "checksum_server"])
def at(request, godwit) -> At:
    """The double, and a real server."""
    if request.param == "double":
        return request.getfixturevalue("at_double")
    server = request.getfixturevalue("checksum_server")
    return At(godwit, server, server.make_bucket())


def test_a_directory_s_copy_has_them_all_and_a_second_run_finds_nothing(godwit, source, tmp_path):
    done(godwit.copy(source, tmp_path / "copy", *ALL))
    assert snapshot(tmp_path / "copy") == snapshot(source)
    done(godwit.copy(source, tmp_path / "copy", *ALL), copied=0)
    equal = godwit.run("verify", source, tmp_path / "copy", *ALL)
    assert equal.code == 0, str(equal)


def test_through_s3_and_back_they_are_the_same_bit_for_bit(at, source, tmp_path):
    done(at.copy(source, at.uri, *ALL))
    done(at.copy(at.uri, tmp_path / "back", *ALL))
    assert snapshot(tmp_path / "back") == snapshot(source)
    done(at.copy(source, at.uri, *ALL), copied=0)
    done(at.copy(at.uri, tmp_path / "back", *ALL), copied=0)


def test_the_line_in_s3_is_what_the_documents_say(at, source):
    done(at.copy(source, at.uri, *ALL))
    for name in ("hostile", "with a list", "masked"):
        expected = xattrs_of(source / name)
        line = at.metadata(name)[KEY]
        assert line == ",".join(
            f"{urllib.parse.quote(os.fsencode(each), safe='')}={base64.b64encode(expected[each]).decode()}"
            for each in sorted(expected, key=os.fsencode)
        )
    assert KEY not in at.metadata("folder/has lost its list")
    told = at.godwit.run(
        "stat", f"{at.uri}/masked", "-o", "json", "--endpoint-url", at.server.endpoint, server=at.server
    )
    assert '"xattrs":"system.posix_acl_access, user.both"' in told.stdout, str(told)


def change_xattrs_alone(source: Path) -> set[str]:
    """Of four objects, of which each then differs in nothing else."""
    os.setxattr(source / "large", "user.of_many_parts", b"2")
    os.removexattr(source / "hostile", "user.a")
    os.setxattr(source / "masked", ACCESS, acl(777, mask=4))
    os.removexattr(source / "folder", DEFAULT)
    return {"large", "hostile", "masked", "folder/"}


def changed_by(godwit) -> set[str]:
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=metadata", "-o", "jsonl").lines
    return {row["key"] for row in rows if "key" in row}


def test_a_change_of_them_alone_is_found_and_brought_without_the_bytes(at, source, tmp_path):
    for origin, target in ((source, tmp_path / "copy"), (source, at.uri), (at.uri, tmp_path / "back")):
        done(at.copy(origin, target, *ALL))
    expected = change_xattrs_alone(source)
    for target in (tmp_path / "copy", at.uri):
        done(at.copy(source, target, *ALL), copied=len(expected), bytes=0)
        assert changed_by(at.godwit) == expected
    # An ETag is of the bytes alone: only LastModified tells that something was stored anew, and at versitygw
    # not even that.
    if isinstance(at.server, Double):
        done(at.copy(at.uri, tmp_path / "back", *ALL), copied=len(expected))
    else:
        done(at.copy(at.uri, tmp_path / "back anew", *ALL))
        shutil.rmtree(tmp_path / "back")
        (tmp_path / "back anew").rename(tmp_path / "back")
    assert snapshot(tmp_path / "copy") == snapshot(tmp_path / "back") == snapshot(source)


def test_who_does_not_ask_for_them_gets_none_and_who_asks_later_gets_them_without_the_bytes(
    at_double, source, tmp_path, double
):
    done(at_double.copy(source, at_double.uri))
    done(at_double.copy(source, tmp_path / "copy"))
    assert KEY not in at_double.metadata("hostile")
    assert all(not name.startswith("user.") for name in xattrs_of(tmp_path / "copy/hostile"))
    mark = double.forget()
    done(at_double.copy(source, at_double.uri, *ALL), bytes=0)
    done(at_double.copy(source, tmp_path / "copy", *ALL), bytes=0)
    asked = [record for record in double.audit()[mark:] if record.get("key", "").startswith("tree/")]
    operations = {record["operation"] for record in asked if "/.godwit-probe" not in record["key"]}
    assert operations - {"ListObjectsV2"} == {"HeadObject", "CopyObject"}
    assert KEY in at_double.metadata("hostile")
    assert snapshot(tmp_path / "copy") == snapshot(source)
    done(at_double.copy(source, at_double.uri, *ALL), copied=0)
    # And who asks no longer is not told that everything has changed.
    done(at_double.copy(source, at_double.uri), copied=0)


def test_a_change_of_the_mode_alone_leaves_at_s3_what_is_not_asked_for(at, source, tmp_path):
    done(at.copy(source, at.uri, *ALL, "--sparse"))
    before = at.metadata("masked")
    (source / "masked").chmod(0o604)
    done(at.copy(source, at.uri), copied=1, bytes=0)
    assert at.metadata("masked")[KEY] == before[KEY]
    assert at.metadata("masked")["godwit-holes"] == before["godwit-holes"] == "none"
    done(at.copy(source, at.uri, "--preserve-acls"))
    changed = at.metadata("masked")[KEY].split(",")
    assert len(changed) == 2 and changed[0] not in before[KEY] and changed[1] == "user.both=MQ=="


def test_g73_what_s3_cannot_keep_is_reported_and_the_rest_is_copied(at, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    file(source / "too much", a=os.urandom(1500))
    file(source / "fits", a=b"1")
    run = at.copy(source, at.uri, *ALL)
    assert run.code == NOT_CLEAN and run.summary["failed"] == 1 and run.summary["copied"] == 1, str(run)
    assert run.errors[0]["code"] == "UnrepresentableMetadata" and "S3 keeps at most 2048" in run.errors[0]["message"]
    rows = at.godwit.run("ledger", "query", "execution=latest", "outcome=unrepresentable", "-o", "jsonl").lines
    assert [row["key"] for row in rows if "key" in row] == ["too much"]
    with pytest.raises(at.s3.exceptions.ClientError):
        at.metadata("too much")
    done(at.copy(source, at.uri))


def put(at: At, key: str, line: str) -> None:
    attributes = {"file-owner": str(os.geteuid()), "file-group": str(os.getegid())}
    attributes |= {"file-permissions": "0100644", "file-mtime": "1595002920000000000ns"}
    at.s3.put_object(Bucket=at.bucket, Key=f"tree/{key}", Body=b"x", Metadata=attributes | {KEY: line})


def test_g70_a_stranger_s_metadata_gives_no_privilege_that_was_not_asked_for(at_double, tmp_path):
    capability = base64.b64encode(CAPABILITY).decode()
    put(at_double, "program", f"security.capability={capability},security.selinux=YQ==,trusted.a=YQ==,user.a=YQ==")
    done(at_double.copy(at_double.uri, tmp_path / "back", "--preserve-xattrs", "--preserve-acls"))
    assert xattrs_of(tmp_path / "back/program") == {"user.a": b"a"}
    done(at_double.copy(at_double.uri, tmp_path / "without"))
    assert xattrs_of(tmp_path / "without/program") == {}


@pytest.mark.parametrize(
    "line",
    ["user.b=,user.a=", "user.a", "user.a=%", "=YQ==", f"{ACCESS}={base64.b64encode(b'no list').decode()}"],
)
def test_g73_a_stranger_s_metadata_that_is_none_of_ours_is_reported(at_double, tmp_path, line):
    put(at_double, "odd", line)
    put(at_double, "good", "user.a=YQ==")
    run = at_double.copy(at_double.uri, tmp_path / "back", "--preserve-xattrs", "--preserve-acls")
    assert run.code == NOT_CLEAN and run.errors[0]["code"] == "UnrepresentableMetadata", str(run)
    assert sorted(os.listdir(tmp_path / "back")) == ["good"]
    done(at_double.copy(at_double.uri, tmp_path / "without"))
    assert (tmp_path / "without/odd").read_bytes() == b"x"


def test_g71_without_privilege_lists_and_attributes_of_one_s_own_files_are_kept(nobody, common, tmp_path):  # noqa: F811
    source = make_source(common / "source")
    if IS_ROOT:
        os.removexattr(source / "program", "security.capability")
        for path in (source, *source.rglob("*")):
            os.chown(path, 65534, 65534, follow_symlinks=False)
    plain = ("--preserve-xattrs", "--preserve-acls")
    copy = nobody.home / "copy"
    done(nobody.copy(source, copy, *plain))
    expected = {name: each for name, each in snapshot(source).items()}
    unprivileged = lambda found: {  # noqa: E731
        name: ({n: v for n, v in xattrs.items() if not n.startswith("trusted.")}, *rest)
        for name, (xattrs, *rest) in found.items()
    }
    assert unprivileged(snapshot(copy)) == unprivileged(expected)
    os.setxattr(source / "read only", "user.ro", b"2")
    done(nobody.copy(source, copy, *plain), copied=1, bytes=0)
    assert xattrs_of(copy / "read only") == {"user.ro": b"2"}
    assert stat.S_IMODE((copy / "read only").stat().st_mode) == 0o444


@pytest.mark.skipif(not IS_ROOT, reason="NOT TESTED: a machine without /proc, which takes root to make")
def test_where_attributes_cannot_be_looked_at_no_object_is_taken_for_gone(godwit, tmp_path):
    source = tmp_path / "source"
    source.mkdir()
    file(source / "file", a=b"1")
    done(godwit.copy(source, tmp_path / "copy"))
    bare = ("unshare", "--mount", "sh", "-c", 'umount -l /proc && exec "$@"', "sh")
    run = Godwit(godwit.home, prefix=bare).copy(source, tmp_path / "copy", "--preserve-xattrs")
    assert run.code == NOT_CLEAN and run.summary["failed"] == 1, str(run)
    assert run.errors[0]["code"] == "ENOSYS", str(run)


@pytest.mark.skipif(not IS_ROOT, reason="NOT TESTED: privileged attributes, which take root to make")
def test_g71_what_takes_privilege_is_reported_by_who_has_none(nobody, common, at_double):  # noqa: F811
    put(at_double, "secret", "trusted.a=YQ==")
    at_double.godwit = nobody
    run = at_double.copy(at_double.uri, nobody.home / "back", "--preserve-privileged-xattrs", "--no-preserve-owner")
    assert run.code == NOT_CLEAN and run.errors[0]["code"] == "UnrepresentableMetadata", str(run)
    assert "trusted.a is refused" in run.errors[0]["message"]
