"""Between buckets, and a bucket alone."""

from ..clients import Client, Job
from ..data import remove
from ..double import Double
from ..measure import Cost
from .case import MIDDLE_BYTES, SMALL_BYTES, Case, Place, Wrong, count_of, fresh
from .s3 import Small


class Between(Small):
    """Nothing passes through the client: the server copies by itself."""

    name, title = "between", "bucket to bucket of one server, 4 KiB objects"
    ends = ("store", "store")

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        bucket = self.synthetic(server, client)
        state = fresh(place.state / "runs")
        return Job((bucket, ""), ("bench", f"{self.name}/{client.name}-{state.name}"), server, state)

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        stored = job.server.stored(job.destination[0], job.destination[1] + "/")
        if stored["objects"] != objects:
            raise Wrong(f"stored is {stored}, not {objects} objects")
        if count_of(job.server, "CopyObject") < objects:
            raise Wrong("not every object was copied by the server in this run")

    def spoil(self, job: Job) -> None:
        # A success by its status, an error by its body, and nothing is there.
        error = {"operation": "CopyObject", "key": "*0000000000.bin", "status": 200, "code": "InternalError"}
        job.server.set_rules([{"name": "spoiled"} | error])


class BetweenServers(Case):
    """Every byte passes through the client, which has nobody at the source to check what it read."""

    name, title = "between-servers", "from one server to another, 64 KiB objects"
    programs = ("godwit", "rclone")
    ends = ("store", "store")
    object_bytes = MIDDLE_BYTES

    @property
    def objects(self) -> int:
        return self.sizes.middle

    def start_server(self, place: Place) -> Double:
        self.target = self.one_more_server(place)
        return self.one_more_server(place)

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        bucket = self.synthetic(server, client)
        state = fresh(place.state / "runs")
        destination = ("bench", f"{self.name}/{client.name}-{state.name}")
        return Job((bucket, ""), destination, server, state, target=self.target)

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        stored = job.target.stored(job.destination[0], job.destination[1] + "/")
        expected = {"objects": objects, "bytes": objects * self.object_bytes, "uploads": 0}
        if stored | expected != stored:
            raise Wrong(f"stored is {stored}, not {expected}")
        if count_of(job.target, "PutObject", "CompleteMultipartUpload") < objects:
            raise Wrong("not every object was sent in this run")

    def spoil(self, job: Job) -> None:
        # A bit flips on its way out of the source, so only who knows the source's checksum can tell.
        served = {"operation": "GetObject", "key": "*0000000000.bin", "served": "flip:100"}
        job.server.set_rules([{"name": "spoiled"} | served])


class List(Case):
    name, title = "list", "all keys of a bucket, written to a file"
    unit = "us of CPU a key"
    object_bytes = SMALL_BYTES
    ends = ("store", "state")

    @property
    def objects(self) -> int:
        return self.sizes.listed

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        return Job((self.synthetic(server, client), ""), ("", ""), server, fresh(place.state / "runs"), lists=True)

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        if cost.lines != objects:
            raise Wrong(f"{cost.lines} lines were written for {objects} keys")

    def spoil(self, job: Job) -> None:
        # A page that comes twice: a key that stands behind itself.
        job.server.set_rules([{"name": "spoiled", "operation": "ListObjectsV2", "nth": 3, "list_replay": True}])

    def file_systems(self, place: Place) -> str:
        return "S3 to a file"
