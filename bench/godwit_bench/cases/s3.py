"""Between a directory on tmpfs and one server."""

from dataclasses import replace
from pathlib import Path

from ..clients import Client, Job
from ..data import make_tree, remove
from ..double import Double
from ..measure import Cost, run_measured
from .case import BULK_FILES, SMALL_BYTES, Case, Place, Sizes, Wrong, count_of, expect_files, failure_of, fresh

CHANGED = b"changed, and longer than before"


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

    def check(self, job: Job, objects: int, cost: Cost) -> None:
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
    ends = ("store", "data")

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        bucket = self.synthetic(server, client)
        destination = fresh(place.data / "down")
        destination.mkdir()
        state = fresh(place.state / "runs")
        return Job((bucket, ""), destination, server, state, large=self.object_bytes > SMALL_BYTES)

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        expect_files(job.destination, objects, self.object_bytes)
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
    unit, better = "GB moved a CPU second", "higher"
    per_object_calls = False
    objects = BULK_FILES

    @property
    def object_bytes(self) -> int:
        return self.sizes.bulk_bytes

    def figure(self, cost: Cost, objects: int) -> float:
        return objects * self.object_bytes / cost.cpu_s / 1e9

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


class PutMd5(PutBulk):
    """Like Ceph RGW: no checksum is looked at but Content-MD5, and the ETag of a part is its MD5."""

    name, title = "put-md5", "PUT of large files to a store without checksums"
    server_options = ("--checksums", "ignored", "--etag", "md5")


class GetBulk(Bulk, Get):
    name, title = "get-bulk", "GET of large objects to files on tmpfs"
    pair_goal = 1.1


class GetBulkTls(GetBulk):
    name, title, tls = "get-bulk-tls", "GET of large objects to files on tmpfs, over TLS", True
    pair_goal = 0.95


class Again(Put):
    """The same copy again: everything is there, nothing may be sent. A client's rounds share one first copy, because
    they leave everything as it was."""

    name, title = "again", "copy again, nothing to do"
    unit = "us of CPU a file"
    object_bytes = 16

    def __init__(self, sizes: Sizes):
        super().__init__(sizes)
        self.copied: dict[str, Job] = {}  # by client

    @property
    def objects(self) -> int:
        return self.sizes.again

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        if client.name not in self.copied:
            self.copied[client.name] = self.first_copy(place, server, client)
        return replace(self.copied[client.name], again=True)

    def first_copy(self, place: Place, server: Double | None, client: Client) -> Job:
        job = super().prepare(place, server, client)
        server.reset()
        first = run_measured(client.command(job), client.environment(job))
        if first.exit_code != 0:
            raise Wrong(f"the first copy failed: {failure_of(first)}")
        super().check(job, self.objects_for(client), first)
        return job

    def check(self, job: Job, objects: int, cost: Cost) -> None:
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

    def clean(self, job: Job) -> None:
        """Nothing yet: the next round goes on from here."""

    def finish(self) -> None:
        for job in self.copied.values():
            remove(job.state)


class PutFar(PutSmall):
    """Every answer takes its time, so what counts is how many requests are under way, and that nobody has to say so."""

    name, title = "put-far", "PUT of 4 KiB files to a server that takes 30 ms to answer"
    unit = "s of wall time"
    server_options = ("--latency-ms", "30")

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        return replace(super().prepare(place, server, client), connections=256)

    def figure(self, cost: Cost, objects: int) -> float:
        return cost.wall_s
