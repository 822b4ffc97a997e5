"""Where Godwit and other tools are known to end differently, and why: one entry each, and nothing else may differ.

test_differential.py fails on a difference that no entry explains and, when all seeds have run, on an entry that
explained nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass

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
]
