"""What a case is: it prepares its data once, makes a fresh job for every run, checks after the run that the work was
really done, and can spoil one object, which the run must then notice."""

import itertools
from dataclasses import dataclass
from pathlib import Path

from ..clients import Client, Job
from ..data import file_system, remove, tree_size
from ..double import Double
from ..measure import Cost

SMALL_BYTES = 4096
MIDDLE_BYTES = 64 << 10
BULK_FILES = 4
GIBIBYTE = 1 << 30


class Wrong(Exception):
    """A run that did not do what it should have done: no figure comes of it."""


@dataclass(frozen=True, kw_only=True)
class Sizes:
    """How much of everything. The defaults are those of the published figures."""

    small: int = 20_000
    middle: int = 10_000
    again: int = 200_000
    local: int = 100_000
    listed: int = 1_000_000
    paired: int = 20_000_000
    walked: int = 1_000_000
    recorded: int = 262_144
    bulk_bytes: int = GIBIBYTE

    @staticmethod
    def tiny(times: int) -> "Sizes":
        """For self-tests, and for counting what one object takes: the larger less the smaller."""
        objects, keys = 200 * times, 5000 * times  # keys: several pages
        return Sizes(
            small=objects,
            middle=objects,
            again=objects,
            local=objects,
            listed=keys,
            paired=keys,
            walked=objects,
            recorded=1024 * times,
            bulk_bytes=64 << 20,
        )


@dataclass(frozen=True)
class Place:
    """Where a benchmark may write, and the build that it runs."""

    build: Path
    data: Path  # tmpfs: sources and destinations
    state: Path  # a real disk: the ledger is durable there, as it is for users
    cpu: int | None = None  # everything on this one

    @property
    def double(self) -> Path:
        return self.build / "tests/s3double/s3double"

    @property
    def trees(self) -> Path:
        """Trees on the real disk that outlive the run."""
        return self.state / "trees"


class Case:
    name: str  # as on the command line
    title: str
    unit = "us of CPU an object"
    better = "lower"
    tls = False
    objects: int
    object_bytes: int
    server_options: tuple[str, ...] = ()
    programs: tuple[str, ...] = ("godwit", "rclone", "s5cmd", "aws")  # that can do it
    ends = ("data", "store")  # where the objects come from and go to: of Place, or the store
    # A goal so near to 1 that it takes pairs to judge it: so many times better than the best peer we are to be.
    pair_goal: float | None = None
    per_object_calls = True  # system calls an object are worth telling

    def __init__(self, sizes: Sizes):
        self.sizes = sizes
        self.servers: list[Double] = []

    def command(self, client: Client, job: Job) -> list[str]:
        return client.command(job)

    def figure(self, cost: Cost, objects: int) -> float:
        return cost.cpu_s / objects * 1e6

    def note(self, cost: Cost, objects: int) -> str:
        """What else a run of ours is worth telling for."""
        return ""

    def objects_for(self, client: Client) -> int:
        return max(100, int(self.objects * client.scale))

    def file_systems(self, place: Place) -> str:
        kinds = ["S3" if end == "store" else file_system(getattr(place, end)) for end in self.ends]
        return f"{' to '.join(kinds)}, ledger on {file_system(place.state)}"

    def synthetic(self, server: Double, client: Client) -> str:
        """A bucket with as many computed objects as the client is given."""
        objects = self.objects_for(client)
        bucket = f"source-{objects}"
        server.make_synthetic(bucket, objects, self.object_bytes)
        return bucket

    def start_server(self, place: Place) -> Double | None:
        return self.one_more_server(place)

    def one_more_server(self, place: Place) -> Double:
        server = Double(place.double, place.data, *self.server_options, tls=self.tls, cpu=place.cpu)
        self.servers.append(server)
        return server

    def stop(self) -> None:
        """Nothing of the case runs on. Safe to be called again."""
        while self.servers:
            self.servers.pop().stop()

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        """A job that was never run before. What it takes is outside the measurement."""
        raise NotImplementedError

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        """Raises Wrong unless the job was done, all of it."""
        raise NotImplementedError

    def spoil(self, job: Job) -> None:
        """Makes sure that one object of the job goes wrong on its way."""
        raise NotImplementedError

    def notices(self, client: Client, cost: Cost, job: Job) -> bool | None:
        """Whether the client said so of its own accord. None where that question has no sense."""
        return cost.exit_code != 0

    def fails_check(self, job: Job, cost: Cost) -> bool:
        try:
            self.check(job, self.objects, cost)
        except Wrong:
            return True
        return False

    def clean(self, job: Job) -> None:
        """After each run."""
        remove(job.state)

    def finish(self) -> None:
        """After all runs."""


_numbers = itertools.count()


def fresh(directory: Path) -> Path:
    """A path below `directory` that was never there, not even under a run that has been cleaned up: its name is also
    that of the destination, and a client that finds the last one's objects there has nothing to do."""
    directory.mkdir(parents=True, exist_ok=True)
    while (path := directory / f"{next(_numbers):05}").exists():
        pass
    return path


def count_of(server: Double, *operations: str) -> int:
    counts = server.stats()["operations"]
    return sum(counts[name]["requests"] - counts[name]["errors"] for name in operations if name in counts)


def failure_of(cost: Cost) -> str:
    """Why a client that failed did."""
    if cost.timed_out:
        return f"it took more than {cost.wall_s:.0f} s and was stopped"
    return f"exit code {cost.exit_code}: {cost.output.strip()[-300:]}"


def expect_files(root: Path, count: int, size_bytes: int) -> None:
    """Raises Wrong unless `root` holds so many files of so many bytes each, and nothing else."""
    files, size = tree_size(root)
    if (files, size) != (count, count * size_bytes):
        raise Wrong(f"{files} files of {size} bytes arrived, not {count} of {count * size_bytes}")
