"""Where Godwit and other tools are known to end differently, and why: one entry each, and nothing else may differ.

test_differential.py fails on a difference that no entry explains and, when all seeds have run, on an entry that
explained nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

SECOND_NS = 10**9
NAME_BYTES_MAX = 255
RCLONE = ("rclone", "newest rclone")
RSYNC = ("rsync -a", "rsync -aHX")
KEEPS_ALL = ("cp -a", "rsync -aHX")


@dataclass(frozen=True)
class Seen:
    """One difference between what Godwit and another tool have made of one source. None: nothing is there."""

    tool: str  # the other one; "source" where the result is held to the source itself
    path: bytes
    field: str  # of trees.Node, or "entry" (there or not, and its type), "xattrs", "linked"
    ours: object
    theirs: object
    source: object
    source_type: str | None
    # How the two came about: "local"; "up": keys of a bucket; "from ours", "from theirs": what was brought back.
    way: str = "local"
    # A directory stands here, or above, where the source has none, or the other way round.
    blocked: bool = False
    # It was there before the source's own was deleted or renamed.
    left_over: bool = False


@dataclass(frozen=True)
class Known:
    what: str
    why: str
    rows: str  # of docs/fault-catalogue.md
    explains: Callable[[Seen], bool]


def _only_theirs(seen: Seen, *fields: str) -> bool:
    """They end with something else than the source has, and we do not."""
    return seen.field in fields and seen.ours == seen.source != seen.theirs


LOCAL = [
    Known(
        "extended attributes stay behind",
        "Godwit brings over owner, mode and times, and no extended attributes",
        "G71",
        lambda seen: seen.field == "xattrs" and seen.tool in (*KEEPS_ALL, "source") and seen.ours == {},
    ),
    Known(
        "the names of one inode become files of their own",
        "each name is an object with evidence of its own, and an object store has no second names",
        "A8",
        lambda seen: seen.field == "linked" and seen.tool in (*KEEPS_ALL, "source") and seen.ours == [],
    ),
    Known(
        "a directory and a file do not take each other's place",
        "one would have to delete what stands there, and deletes are off; the object is in the report",
        "F65",
        lambda seen: seen.blocked and seen.tool in (*RSYNC, "source"),
    ),
    Known(
        "what the source has no more stays",
        "deletes are off, as they are without --delete for the others",
        "F65",
        lambda seen: seen.left_over and seen.tool == "source",
    ),
    Known(
        "cp leaves set-id and sticky bits on directories that were there",
        "it adds special bits to an existing directory, and does not take them away",
        "G70",
        lambda seen: seen.tool == "cp -a" and _only_theirs(seen, "permissions") and seen.source_type == "directory",
    ),
    Known(
        "rsync misses a rewrite of the same size with its time put back",
        "it looks at size and time alone, and Godwit at the time of change too",
        "A3",
        lambda seen: seen.tool in RSYNC and _only_theirs(seen, "content"),
    ),
    Known(
        "with -H rsync sets the attributes of names that the source has no more, or no more on one inode",
        "at the destination they share it still, and it sets attributes in place; Godwit's names share none",
        "A8",
        lambda seen: seen.tool == "rsync -aHX"
        and (seen.left_over or seen.ours == seen.source)
        and seen.field in ("permissions", "owner", "mtime_ns"),
    ),
    Known(
        "with -H rsync leaves out every name of an inode whose first name it cannot put in place",
        "to it they are one file; to Godwit each name is an object with an end of its own",
        "A8",
        lambda seen: seen.tool == "rsync -aHX" and _only_theirs(seen, "entry") and seen.theirs is None,
    ),
]

S3 = [
    Known(
        "directories and symbolic links are objects of their own",
        "so that a tree comes back whole; the others were told to leave links, and know no directories",
        "G72",
        lambda seen: seen.way == "up" and seen.theirs is None and seen.source_type in ("directory", "symlink"),
    ),
    Known(
        "for others a link is a file with the name that it leads to, and a directory is not there or without attributes",
        "both are told by metadata that only Godwit and DataSync write and read",
        "G72",
        lambda seen: seen.way == "from ours" and seen.source_type in ("directory", "symlink"),
    ),
    Known(
        "owner, mode and time of files stay in the object's metadata",
        "others do not read the names of metadata that Godwit and DataSync write",
        "G69",
        lambda seen: seen.way == "from ours" and seen.field in ("permissions", "owner", "mtime_ns"),
    ),
    Known(
        "extended attributes and second names do not go through S3",
        "as between directories",
        "A8",
        lambda seen: seen.way == "from ours" and seen.field in ("xattrs", "linked"),
    ),
    Known(
        "aws cannot write names that are almost as long as may be",
        "it writes to a longer name first",
        "F64",
        lambda seen: seen.tool == "aws"
        and seen.way != "up"
        and seen.theirs is None
        and len(seen.path.rpartition(b"/")[2]) > NAME_BYTES_MAX - 10,
    ),
    Known(
        "aws sets times of whole seconds",
        "both take the time at which the object was stored, and Godwit what the server tells of it beyond the second",
        "G69",
        lambda seen: seen.tool == "aws"
        and seen.way == "from theirs"
        and seen.field == "mtime_ns"
        and seen.ours // SECOND_NS == seen.theirs // SECOND_NS,
    ),
    Known(
        "rclone's files have the time at which they were stored",
        "rclone keeps theirs in metadata of its own, which Godwit does not read",
        "G69",
        lambda seen: seen.tool in RCLONE and seen.way == "from theirs" and seen.field == "mtime_ns",
    ),
    Known(
        "directories that only keys imply have the time at which they were made",
        "no object tells another one",
        "G69",
        lambda seen: seen.way == "from theirs" and seen.field == "mtime_ns" and seen.source_type == "directory",
    ),
]
