"""What is measured. A case prepares its data once, makes a fresh job for every run, checks after the run that the
work was really done, and can spoil one object, which the run must then notice."""

import itertools
from dataclasses import dataclass, replace
from pathlib import Path

from .clients import Client, Godwit, Job
from .data import make_tree, remove, tree_size
from .double import Double
from .measure import Cost, run_measured

SMALL_BYTES = 4096
BULK_FILES = 4
GIBIBYTE = 1 << 30
CHANGED = b"changed, and longer than before"


class Wrong(Exception):
    """A run that did not do what it should have done: no figure comes of it."""


@dataclass(frozen=True)
class Sizes:
    """How much of everything. The defaults are those of the published figures."""

    small: int = 20_000
    again: int = 20_000
    listed: int = 1_000_000
    bulk_bytes: int = GIBIBYTE


@dataclass(frozen=True)
class Place:
    """Where a benchmark may write."""

    program: Path  # of the S3 double
    data: Path  # tmpfs: sources and destinations
    state: Path  # a real disk: the ledger is durable there, as it is for users
    cpu: int | None = None  # everything on this one


class Case:
    name: str  # as on the command line
    title: str
    unit = "us of CPU an object"
    tls = False
    objects: int
    object_bytes: int
    server_options: tuple[str, ...] = ()

    def __init__(self, sizes: Sizes):
        self.sizes = sizes

    def figure(self, cost: Cost, objects: int) -> float:
        return cost.cpu_s / objects * 1e6

    def better(self) -> str:
        return "lower"

    def objects_for(self, client: Client) -> int:
        return max(100, int(self.objects * client.scale))

    def synthetic(self, server: Double, client: Client) -> str:
        """A bucket with as many computed objects as the client is given."""
        objects = self.objects_for(client)
        bucket = f"source-{objects}"
        server.make_synthetic(bucket, objects, self.object_bytes)
        return bucket

    def start_server(self, place: Place) -> Double | None:
        return Double(place.program, place.data, *self.server_options, tls=self.tls, cpu=place.cpu)

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        """A job that was never run before. What it takes is outside the measurement."""
        raise NotImplementedError

    def check(self, job: Job, objects: int) -> None:
        """Raises Wrong unless the job was done, all of it."""
        raise NotImplementedError

    def spoil(self, job: Job) -> None:
        """Makes sure that one object of the job goes wrong on its way."""
        raise NotImplementedError

    def notices(self, client: Client, cost: Cost, job: Job) -> bool | None:
        """Whether the client said so of its own accord. None where that question has no sense."""
        return cost.exit_code != 0

    def clean(self, job: Job) -> None:
        remove(job.state)


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


class Put(Case):
    def source(self, place: Place, objects: int) -> Path:
        path = place.data / f"source-{objects}-{self.object_bytes}"
        if not path.exists():
            make_tree(path, objects, self.object_bytes)
        return path

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        state = fresh(place.state / "runs")
        prefix = f"{self.name}/{client.name}-{state.name}"
        source = self.source(place, self.objects_for(client))
        return Job(source, ("bench", prefix), server, state, large=self.object_bytes > SMALL_BYTES)

    def check(self, job: Job, objects: int) -> None:
        stored = job.server.stored(job.destination[0], job.destination[1] + "/")
        expected = {"objects": objects, "bytes": objects * self.object_bytes, "uploads": 0}
        if stored | expected != stored:
            raise Wrong(f"stored is {stored}, not {expected}")
        sent = count_of(job.server, "PutObject", "CompleteMultipartUpload")
        if sent < objects:
            raise Wrong(f"{sent} of {objects} objects were sent in this run")

    def spoil(self, job: Job) -> None:
        # A bit of the first object to come flips on the way in, each time that its key comes: the server
        # refuses what does not match its checksum, and keeps what has none.
        key = sorted(path for path in job.source.rglob("*") if path.is_file())[0].relative_to(job.source)
        target = {"key": f"{job.destination[1]}/{key}", "flip_request_at": 100}
        job.server.set_rules([{"name": "spoiled", "operation": op} | target for op in ("PutObject", "UploadPart")])


class Get(Case):
    server_options = ("--anonymous",)

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        bucket = self.synthetic(server, client)
        destination = fresh(place.data / "down")
        destination.mkdir()
        state = fresh(place.state / "runs")
        return Job((bucket, ""), destination, server, state, large=self.object_bytes > SMALL_BYTES)

    def check(self, job: Job, objects: int) -> None:
        files, size = tree_size(job.destination)
        if (files, size) != (objects, objects * self.object_bytes):
            raise Wrong(f"{files} files of {size} bytes arrived, not {objects} of {objects * self.object_bytes}")
        if self.object_bytes > SMALL_BYTES:
            return
        for path in sorted(job.destination.rglob("*.bin"))[:: max(1, objects // 10)]:
            if path.read_bytes() != job.server.get(job.source[0], str(path.relative_to(job.destination))):
                raise Wrong(f"{path} has other bytes than the server")

    def spoil(self, job: Job) -> None:
        job.server.set_rules([{"name": "spoiled", "operation": "GetObject", "key": "*0000000000.bin", "served": "flip:100"}])

    def clean(self, job: Job) -> None:
        super().clean(job)
        remove(job.destination)


class Small(Case):
    object_bytes = SMALL_BYTES

    @property
    def objects(self) -> int:
        return self.sizes.small


class Bulk(Case):
    unit = "GB moved a CPU second"
    objects = BULK_FILES

    @property
    def object_bytes(self) -> int:
        return self.sizes.bulk_bytes

    def figure(self, cost: Cost, objects: int) -> float:
        return objects * self.object_bytes / cost.cpu_s / 1e9

    def better(self) -> str:
        return "higher"

    def objects_for(self, client: Client) -> int:
        return self.objects


class PutSmall(Small, Put):
    name, title = "put-small", "PUT of 4 KiB files"


class PutSmallTls(PutSmall):
    name, title, tls = "put-small-tls", "PUT of 4 KiB files over TLS", True


class GetSmall(Small, Get):
    name, title = "get-small", "GET of 4 KiB objects to files on tmpfs"


class GetSmallTls(GetSmall):
    name, title, tls = "get-small-tls", "GET of 4 KiB objects to files on tmpfs, over TLS", True


class PutBulk(Bulk, Put):
    name, title = "put-bulk", "PUT of large files"


class PutBulkTls(PutBulk):
    name, title, tls = "put-bulk-tls", "PUT of large files over TLS", True


class GetBulk(Bulk, Get):
    name, title = "get-bulk", "GET of large objects to files on tmpfs"


class GetBulkTls(GetBulk):
    name, title, tls = "get-bulk-tls", "GET of large objects to files on tmpfs, over TLS", True


class Again(Put):
    """The same copy a second time: everything is there, nothing may be sent."""

    name, title = "again", "copy again, nothing to do"
    unit = "us of CPU a file"
    object_bytes = 16

    @property
    def objects(self) -> int:
        return self.sizes.again

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        job = super().prepare(place, server, client)
        first = run_measured(client.command(job), client.environment(job))
        if first.exit_code != 0:
            raise Wrong(f"the first copy failed:\n{first.output}")
        super().check(job, self.objects_for(client))
        server.reset()
        return Job(job.source, job.destination, server, job.state, again=True)

    def check(self, job: Job, objects: int) -> None:
        sent = count_of(job.server, "PutObject", "CreateMultipartUpload", "CopyObject")
        if sent != 0:
            raise Wrong(f"{sent} objects were sent again")

    def spoil(self, job: Job) -> None:
        # Another file of another size: to be found among all that is as it was.
        victim = sorted(path for path in job.source.rglob("*") if path.is_file())[0]
        self._kept = (victim, victim.read_bytes())
        victim.write_bytes(CHANGED)

    def notices(self, client: Client, cost: Cost, job: Job) -> bool:
        victim, bytes_before = self._kept
        victim.write_bytes(bytes_before)
        key = f"{job.destination[1]}/{victim.relative_to(job.source)}"
        return cost.exit_code == 0 and len(job.server.get(job.destination[0], key)) == len(CHANGED)


class PutFar(PutSmall):
    """Every answer takes its time, so what counts is how many requests are under way, and that nobody has to say so."""

    name, title = "put-far", "PUT of 4 KiB files to a server that takes 30 ms to answer"
    unit = "s of wall time"
    server_options = ("--latency-ms", "30")

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        return replace(super().prepare(place, server, client), connections=256)

    def figure(self, cost: Cost, objects: int) -> float:
        return cost.wall_s


class Between(Small):
    """Nothing passes through the client: the server copies by itself."""

    name, title = "between", "bucket to bucket of one server, 4 KiB objects"

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        bucket = self.synthetic(server, client)
        state = fresh(place.state / "runs")
        return Job((bucket, ""), ("bench", f"{self.name}/{client.name}-{state.name}"), server, state)

    def check(self, job: Job, objects: int) -> None:
        stored = job.server.stored(job.destination[0], job.destination[1] + "/")
        if stored["objects"] != objects:
            raise Wrong(f"stored is {stored}, not {objects} objects")
        if count_of(job.server, "CopyObject") < objects:
            raise Wrong("not every object was copied by the server in this run")

    def spoil(self, job: Job) -> None:
        # A success by its status, an error by its body, and nothing is there.
        error = {"operation": "CopyObject", "key": "*0000000000.bin", "status": 200, "code": "InternalError"}
        job.server.set_rules([{"name": "spoiled"} | error])


class List(Case):
    name, title = "list", "all keys of a bucket, written to a file"
    unit = "us of CPU a key"
    object_bytes = SMALL_BYTES

    @property
    def objects(self) -> int:
        return self.sizes.listed

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        return Job((self.synthetic(server, client), ""), ("", ""), server, fresh(place.state / "runs"), lists=True)

    def check(self, job: Job, objects: int) -> None:
        pages = count_of(job.server, "ListObjectsV2", "ListObjects")
        if pages * 1000 < objects:
            raise Wrong(f"{pages} pages are not all of {objects} keys")

    def spoil(self, job: Job) -> None:
        # A page that comes twice: a key that stands behind itself.
        job.server.set_rules([{"name": "spoiled", "operation": "ListObjectsV2", "nth": 3, "list_replay": True}])


class Local(Case):
    name, title = "local", "directory to directory on tmpfs, 4 KiB files"
    unit = "us of CPU a file"
    object_bytes = SMALL_BYTES

    @property
    def objects(self) -> int:
        return self.sizes.small

    def start_server(self, place: Place) -> None:
        return None

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        source = place.data / f"source-{self.objects}-{self.object_bytes}"
        if not source.exists():
            make_tree(source, self.objects, self.object_bytes)
        destination = fresh(place.data / "down")
        destination.mkdir()
        return Job(source, destination, None, fresh(place.state / "runs"))

    def check(self, job: Job, objects: int) -> None:
        files, size = tree_size(job.destination)
        if (files, size) != (objects, objects * self.object_bytes):
            raise Wrong(f"{files} files of {size} bytes arrived, not {objects} of {objects * self.object_bytes}")

    def spoil(self, job: Job) -> None:
        """Nothing stands between two directories that could be made to lie; notices() shows instead that a
        comparison of the bytes finds the one that changed afterwards."""

    def notices(self, client: Client, cost: Cost, job: Job) -> bool | None:
        if not isinstance(client, Godwit):
            return None
        if cost.exit_code != 0:
            return False
        victim = sorted(job.destination.rglob("*.bin"))[0]
        bytes_before = victim.read_bytes()
        victim.write_bytes(bytes_before[:-1] + bytes([bytes_before[-1] ^ 1]))
        command = [str(client.program), "verify", str(job.source), str(job.destination), "--by", "bytes"]
        return run_measured(command, client.environment(job)).exit_code != 0

    def clean(self, job: Job) -> None:
        super().clean(job)
        remove(job.destination)


ALL: list[type[Case]] = [
    PutSmall, PutSmallTls, GetSmall, GetSmallTls, PutBulk, PutBulkTls, GetBulk, GetBulkTls, Again, Local,
    PutFar, Between, List,
]
