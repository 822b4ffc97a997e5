"""What is measured. A new case is one class, and a place in the order here."""

from .buckets import Between, BetweenServers, List
from .case import Case, Place, Sizes, Wrong, failure_of
from .local import Local, LocalBulk, Walk
from .s3 import (
    Again,
    GetBulk,
    GetBulkTls,
    GetSmall,
    GetSmallTls,
    PutBulk,
    PutBulkTls,
    PutFar,
    PutMd5,
    PutSmall,
    PutSmallTls,
)
from .pair import Pair, PairIndexed, SyncFar
from .state import State

ALL: list[type[Case]] = [
    PutSmall, PutSmallTls, GetSmall, GetSmallTls, PutBulk, PutBulkTls, PutMd5, GetBulk, GetBulkTls, Again, PutFar, Between,
    BetweenServers, List, Pair, PairIndexed, SyncFar, Local, LocalBulk, Walk, State,
]
