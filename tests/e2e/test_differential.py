"""Random trees through Godwit and through other tools: the same result, or a difference that known_differences.py
explains (rows A3, A8, F62, F63, F65, F68 and G69 of docs/fault-catalogue.md).

The number in a test's name is the seed of its tree."""

import base64
import os
import stat
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest

from godwit import Godwit
from known_differences import LOCAL, S3, Known, Seen
from random_trees import RandomShape, RandomTree
from test_bad_input import CLEAN, NOT_CLEAN
from test_round_trip import adds_up
from trees import Node, snapshot

LOCAL_SEEDS_QUICK, LOCAL_SEEDS = 6, 120
S3_SEEDS_QUICK, S3_SEEDS = 2, 40  # at each of two servers


def seeds(quick: int, total: int) -> list:
    return [*range(quick), *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(quick, total))]


# ---- Telling trees apart

Facts = dict[bytes, dict[str, object]]


def facts(root: Path) -> Facts:
    """All that is compared: what trees.snapshot() sees, extended attributes, and which names share an inode."""
    found, names = {}, defaultdict(list)
    for path, node in snapshot(root).items():
        full = os.path.join(os.fsencode(root), path)
        xattrs = {name: os.getxattr(full, name) for name in os.listxattr(full)} if node.type != "symlink" else {}
        found[path] = {name: getattr(node, name) for name in Node.__dataclass_fields__} | {"xattrs": xattrs, "linked": []}
        if node.type != "directory":
            names[os.lstat(full).st_ino].append(path)
    for same in names.values():
        for path in same if len(same) > 1 else []:
            found[path]["linked"] = sorted(same)
    return found


def is_blocked(path: bytes, source: Facts, ours: Facts) -> bool:
    """Whether a directory and something else face each other here or above."""
    while path:
        kinds = {tree[path]["type"] == "directory" for tree in (source, ours) if path in tree}
        if len(kinds) == 2:
            return True
        path = os.path.dirname(path)
    return False


def seen_between(tool: str, source: Facts, ours: Facts, theirs: Facts, way: str = "local") -> list[Seen]:
    """Every field of every entry that differs."""
    seen = []
    for path in sorted(ours.keys() | theirs.keys()):
        a, b, origin = ours.get(path, {}), theirs.get(path, {}), source.get(path.rstrip(b"/"), {})
        about = (origin.get("type"), way, is_blocked(path, source, ours), path in ours and path not in source)
        if a.get("type") != b.get("type"):
            seen.append(Seen(tool, path, "entry", a.get("type"), b.get("type"), origin.get("type"), *about))
            continue
        unequal = [field for field in a if a[field] != b[field]]
        seen += [Seen(tool, path, field, a[field], b[field], origin.get(field), *about) for field in unequal]
    return seen


EXPLAINED: set[str] = set()


def unexplained(seen: list[Seen], table: list[Known]) -> list[Seen]:
    rest = []
    for one in seen:
        reasons = [known.what for known in table if known.explains(one)]
        EXPLAINED.update(reasons)
        rest += [] if reasons else [one]
    return rest


# ---- Directory to directory

LOCAL_TOOLS = {
    # Without --remove-destination it would write through a link that stands where a file is to be.
    "cp -a": ("cp", "-a", "--remove-destination", "-T"),
    # Without the window it takes two times within one second for equal.
    "rsync -a": ("rsync", "-a", "--modify-window=-1"),
    "rsync -aHX": ("timeout", "20", "rsync", "-aHX", "--modify-window=-1"),
}


# With -H rsync 3.5 may wait for itself for ever after changes (seed 95); then there is nothing to compare.
TIMED_OUT = 124


def run_local(tool: str, source: Path, copy: Path) -> int:
    return subprocess.run([*LOCAL_TOOLS[tool], f"{source}/", f"{copy}/"], capture_output=True).returncode


def keys_that_failed(godwit: Godwit) -> set[bytes]:
    rows = godwit.run("ledger", "query", "execution=latest", "outcome=failed,conflict,unrepresentable", "-o", "jsonl")
    keys = (base64.b64decode(row["key_base64"]) if "key_base64" in row else row["key"].encode() for row in rows.lines)
    return {key.rstrip(b"/") for key in keys}


def compare_local(source: Path, ours: Path, results: Path, tools: list[str]) -> list[Seen]:
    """What no entry of the table explains, against the tools and against the source itself."""
    origin, own = facts(source), facts(ours)
    seen = seen_between("source", origin, own, origin)
    for tool in tools:
        seen += seen_between(tool, origin, own, facts(results / tool))
    return unexplained(seen, LOCAL)


def has_to_be_sent(fact: dict[str, object], copy: dict[str, object]) -> bool:
    """What is not there, or not with its size and time. Attributes set through one of several names change the inode
    under the others, which Godwit takes for a stranger's doing and copies."""
    looks = ("type", "size", "mtime_ns", *(("permissions", "owner") if copy.get("linked") else ()))
    return any(fact[look] != copy.get(look) for look in looks)


def bytes_to_send(source: Facts, copy: Facts) -> int:
    return sum(fact["size"] for path, fact in source.items() if has_to_be_sent(fact, copy.get(path, {})))


@pytest.mark.parametrize("seed", seeds(LOCAL_SEEDS_QUICK, LOCAL_SEEDS))
def test_a3_a8_f62_f63_f65_f68_g69_directories_end_as_other_tools_leave_them(godwit, tmp_path, seed):
    source, ours = tmp_path / "source", tmp_path / "ours"
    tree = RandomTree(source, RandomShape(seed))
    tree.make()
    run = godwit.copy(source, ours)
    assert run.code == CLEAN and adds_up(run.summary), str(run)
    for tool in LOCAL_TOOLS:
        assert run_local(tool, source, tmp_path / tool) == 0
    assert compare_local(source, ours, tmp_path, list(LOCAL_TOOLS)) == []
    for tool in LOCAL_TOOLS:
        adopted = godwit.copy(source, tmp_path / tool)
        assert adopted.code == CLEAN and adopted.summary["copied"] == 0, f"what {tool} made: {adopted}"

    tree.change()
    run = godwit.copy(source, ours)
    assert adds_up(run.summary), str(run)
    tools = [tool for tool in LOCAL_TOOLS if run_local(tool, source, tmp_path / tool) != TIMED_OUT]
    assert compare_local(source, ours, tmp_path, tools) == []
    origin, own = facts(source), facts(ours)
    blocked = {path for path in origin if is_blocked(path, origin, own)}
    assert keys_that_failed(godwit) == blocked, str(run)
    assert run.code == (NOT_CLEAN if blocked else CLEAN), str(run)

    run = godwit.copy(source, ours)
    assert run.summary["bytes"] == 0 and run.summary["failed"] == len(blocked), str(run)
    assert run.summary["copied"] == 0 or blocked, str(run)
    assert compare_local(source, ours, tmp_path, tools) == []
    for tool in tools:
        needed = bytes_to_send(origin, facts(tmp_path / tool))
        run = Godwit(tmp_path / f"home of {tool}").copy(source, tmp_path / tool)
        assert run.summary["bytes"] <= needed, f"what {tool} made: {run}"


@pytest.mark.parametrize("seed", seeds(LOCAL_SEEDS_QUICK, LOCAL_SEEDS))
def test_b17_f62_f65_mirrors_end_as_rsync_leaves_them(godwit, tmp_path, seed):
    """What is in the way of something goes at the end of the first run, so that the second one is as far as rsync."""
    source, ours = tmp_path / "source", tmp_path / "ours"
    tree = RandomTree(source, RandomShape(seed))
    tree.make()
    assert godwit.copy(source, ours).code == CLEAN
    assert run_local("rsync -a", source, tmp_path / "rsync -a") == 0
    tree.change()
    before = facts(source)
    for _ in range(2):
        run = godwit.copy(source, ours, "--delete", "--max-delete", "100%")
        assert adds_up(run.summary), str(run)
    assert run.code == CLEAN, str(run)
    mirror = [*LOCAL_TOOLS["rsync -a"], "--delete", f"{source}/", f"{tmp_path}/rsync -a/"]
    subprocess.run(mirror, check=True, capture_output=True)
    assert facts(source) == before, "a mirror only reads its source"
    assert set(facts(ours)) == set(before)
    assert compare_local(source, ours, tmp_path, ["rsync -a"]) == []


# ---- Directory to S3 and back


def rclone(program: str) -> dict:
    def command(*ends: str) -> tuple[str, ...]:
        return (program, "copy", "--skip-links", "--retries", "1", *ends)

    return {
        "up": lambda tree, bucket, name: command(str(tree), f"R:{bucket}/{name}"),
        "down": lambda bucket, name, to: command(f"R:{bucket}/{name}", str(to)),
        "again": lambda tree, bucket, name: (*command(str(tree), f"R:{bucket}/{name}"), "--size-only"),
    }


def aws_sync(*arguments: str) -> tuple[str, ...]:
    return ("aws", "s3", "sync", "--only-show-errors", "--no-follow-symlinks", *arguments)


AWS = {
    "up": lambda tree, bucket, name: aws_sync(str(tree), f"s3://{bucket}/{name}"),
    "down": lambda bucket, name, to: aws_sync(f"s3://{bucket}/{name}", str(to)),
    "again": lambda tree, bucket, name: aws_sync("--size-only", str(tree), f"s3://{bucket}/{name}"),
}
# Debian's rclone and the newest one differ in their S3 libraries.
NEWEST_RCLONE = sorted((Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "godwit/tools").glob("rclone-v*"))
S3_TOOLS = {"aws": AWS, "rclone": rclone("rclone")} | {"newest rclone": rclone(str(found)) for found in NEWEST_RCLONE[-1:]}


def objects(server, bucket: str, name: str) -> Facts:
    """Every key below a prefix with its bytes."""
    found = {}
    for page in server.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{name}/"):
        for entry in page.get("Contents", []):
            body = server.s3.get_object(Bucket=bucket, Key=entry["Key"])["Body"].read()
            found[entry["Key"].removeprefix(f"{name}/").encode()] = {"type": "object", "content": body}
    return found


def state_of_files(server, bucket: str, name: str, source: Facts) -> dict[str, tuple]:
    """What changes when the object of a file is written anew."""
    pages = server.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{name}/")
    entries = {entry["Key"]: (entry["ETag"], entry["LastModified"]) for page in pages for entry in page["Contents"]}
    names = {f"{name}/{path.decode()}" for path, fact in source.items() if fact["type"] == "file"}
    return {key: state for key, state in entries.items() if key in names}


@pytest.fixture(params=[pytest.param("rgw", marks=pytest.mark.slow), "checksum_server"])
def server(request):
    """Minutes a seed with RGW, which takes its time for each of the thousands of small requests."""
    return request.getfixturevalue(request.param)


@pytest.mark.parametrize("seed", seeds(S3_SEEDS_QUICK, S3_SEEDS))
def test_a8_f62_f64_f68_g69_g72_buckets_end_as_other_tools_leave_them(godwit, clients, server, bucket, tmp_path, seed):
    source = tmp_path / "source"
    lists_all = server.lists_control_characters
    RandomTree(source, RandomShape(seed, invalid_utf8_names=False, unlistable_names=lists_all)).make()
    origin = facts(source)
    run = godwit.copy(source, f"s3://{bucket}/ours", server=server)
    assert run.code == CLEAN and adds_up(run.summary), str(run)
    own = objects(server, bucket, "ours")
    run = godwit.copy(f"s3://{bucket}/ours", tmp_path / "back", "--preserve-set-id", server=server)
    assert run.code == CLEAN and adds_up(run.summary), str(run)
    assert unexplained(seen_between("source", origin, facts(tmp_path / "back"), origin), LOCAL) == []
    seen = []
    for tool, does in S3_TOOLS.items():
        name = tool.replace(" ", "-")
        clients(server, *does["up"](source, bucket, name))
        seen += seen_between(tool, origin, own, objects(server, bucket, name), "up")
        clients(server, *does["down"](bucket, "ours", tmp_path / f"{name} from ours"), check=False)
        seen += seen_between(tool, origin, origin, facts(tmp_path / f"{name} from ours"), "from ours")
        clients(server, *does["down"](bucket, name, tmp_path / name), check=False)
        run = godwit.copy(f"s3://{bucket}/{name}", tmp_path / f"ours from {name}", server=server)
        assert run.code == CLEAN and adds_up(run.summary), str(run)
        seen += seen_between(tool, origin, facts(tmp_path / f"ours from {name}"), facts(tmp_path / name), "from theirs")
        for stored, again in (("ours", lambda: clients(server, *does["again"](source, bucket, "ours"))),
                              (name, lambda: godwit.copy(source, f"s3://{bucket}/{name}", "--compare", "size", server=server))):
            before = state_of_files(server, bucket, stored, origin)
            again()
            assert state_of_files(server, bucket, stored, origin) == before, f"{tool}: files of {stored} were sent again"
    assert unexplained(seen, S3) == []


@pytest.mark.slow
def test_every_known_difference_was_seen(request):
    """After the seeds, in the same run: an entry that explains nothing any more hides what comes to look like it."""
    seeds_run = sum("[" in item.name and item.path == request.node.path for item in request.session.items)
    if seeds_run < LOCAL_SEEDS + 2 * S3_SEEDS:
        pytest.skip("NOT TESTED: that every known difference occurs, since not all seeds were run")
    assert {known.what for known in LOCAL + S3} - EXPLAINED == set()
