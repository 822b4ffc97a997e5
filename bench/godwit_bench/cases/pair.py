"""Two buckets of the same keys that differ here and there, or not at all."""

import json
import subprocess
import threading
from pathlib import Path

from ..clients import Client, Job
from ..double import Double
from ..measure import Cost, run_measured
from .case import Case, Place, Sizes, Wrong, failure_of, fresh

OBJECT_BYTES = 48
WORD = (1 << 64) - 1
# By what is drawn for a key, of a thousand: how it differs, and what a mirror has to do about it.
KINDS = (("only_at_source", "copy"), ("only_at_destination", "delete"), ("other_size", "copy"), ("other_bytes", "copy"))
WAL_BYTES_MAX = 256 << 20
STATE_BYTES_AN_OBJECT_MAX = 250


def drawn(index: int) -> int:
    """The rule by which the server computes a pair (tests/s3double/world.h), written again."""
    mixed = (index + 0x9E3779B97F4A7C15) & WORD
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & WORD
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & WORD
    return (mixed ^ (mixed >> 31)) % 1000


class Pair(Case):
    """What the finder is for: to say of each key what is to be done, from two listings alone."""

    name, title = "pair", "what differs between two buckets, decided by their ETags; no index"
    unit = "us of CPU a pair of keys"
    programs = ("godwit",)
    object_bytes = OBJECT_BYTES
    ends = ("store", "store")
    per_object_calls = False

    @property
    def objects(self) -> int:
        return self.sizes.paired

    def start_server(self, place: Place) -> Double:
        self.target = self.one_more_server(place)
        return self.one_more_server(place)

    def make_buckets(self, server: Double, differs: bool) -> None:
        server.make_pair("source", "source", self.objects, OBJECT_BYTES, differs)
        self.target.make_pair("destination", "destination", self.objects, OBJECT_BYTES, differs)

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        self.make_buckets(server, differs=True)
        state = fresh(place.state / "runs")
        return Job(("source", ""), ("destination", ""), server, state, target=self.target)

    def command(self, client: Client, job: Job) -> list[str]:
        copy = client.command(job)
        plan = [copy[0], "plan", *copy[2:], "--delete", "--to", str(job.state / "plan")]
        job.state.mkdir(parents=True, exist_ok=True)
        (job.state / "plan").unlink(missing_ok=True)
        return plan

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        found = dict.fromkeys((kind for kind, _ in KINDS), 0)
        last = ""
        with open(job.state / "plan") as plan:
            for text in plan:
                line = json.loads(text)
                if line.get("type") in ("plan", "end"):
                    continue
                key = line["key"]
                number = drawn(int(key.split("/f")[1].removesuffix(".bin")))
                if number >= len(KINDS) or line["action"] != KINDS[number][1] or key <= last or line.get("reason"):
                    raise Wrong(f"the plan says {line}, after {last}")
                found[KINDS[number][0]] += 1
                last = key
        truth = job.server.pair_truth(objects)
        if found | {"same": truth["same"]} != truth:
            raise Wrong(f"the plan has {found}; true is {truth}")
        self.check_requests(job)

    def check_requests(self, job: Job) -> None:
        for server in job.servers:
            operations = server.stats()["operations"]
            asked = {name: count["requests"] for name, count in operations.items()}
            if asked.get("HeadObject", 0) or asked.get("GetObject", 0) > 1:
                raise Wrong(f"objects were asked for one by one: {asked}")

    def note(self, cost: Cost, objects: int) -> str:
        return f"{objects:,} keys a bucket in {cost.wall_s:.0f} s and {cost.rss_bytes_max >> 20} MiB"

    def spoil(self, job: Job) -> None:
        job.server.set_rules([{"name": "spoiled", "operation": "ListObjectsV2", "nth": 3, "list_replay": True}])

    def file_systems(self, place: Place) -> str:
        return "S3 to S3"


class LargestWal:
    """The largest write-ahead log that was seen below a directory."""

    INTERVAL_S = 0.2

    def __init__(self, directory: Path):
        self.directory, self.bytes_max = directory, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> "LargestWal":
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._ended.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._ended.wait(self.INTERVAL_S):
            for path in self.directory.rglob("*-wal"):
                try:
                    self.bytes_max = max(self.bytes_max, path.stat().st_size)
                except FileNotFoundError:
                    pass


class PairIndexed(Pair):
    """The index comes of a copy between the same buckets when they were equal, in which every object is adopted."""

    name, title = "pair-indexed", "what differs between two buckets that an index knows"

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        self.make_buckets(server, differs=False)
        state = fresh(place.state / "runs")
        job = Job(("source", ""), ("destination", ""), server, state, target=self.target)
        with LargestWal(state) as wal:
            first = run_measured(client.command(job), client.environment(job))
        if first.exit_code != 0:
            raise Wrong(f"the first copy failed: {failure_of(first)}")
        used = subprocess.run(["du", "-sb", str(state)], capture_output=True, text=True, check=True)
        state_bytes = int(used.stdout.split()[0])
        self.of_index = (
            f"{state_bytes / self.objects:.0f} bytes of state an object, WAL up to {wal.bytes_max >> 20} MiB, made in "
            f"{first.wall_s:.0f} s with {first.cpu_s / self.objects * 1e6:.2f} us of CPU a pair and "
            f"{first.rss_bytes_max >> 20} MiB"
        )
        # What a few keys take says nothing of many.
        many = self.objects >= Sizes().listed
        if many and (state_bytes > STATE_BYTES_AN_OBJECT_MAX * self.objects or wal.bytes_max > WAL_BYTES_MAX):
            raise Wrong(f"the index is too large: {self.of_index}")
        self.make_buckets(server, differs=True)
        return job

    def note(self, cost: Cost, objects: int) -> str:
        return f"{super().note(cost, objects)}; {self.of_index}"


class SyncFar(Pair):
    """Nothing is to be done; each page takes its time."""

    name, title = "sync-far", "two equal buckets, a server that takes 30 ms for a page"
    unit = "s of wall time"
    programs = ("godwit", "s5cmd")
    server_options = ("--latency-ms", "30")

    @property
    def objects(self) -> int:
        return self.sizes.listed

    def start_server(self, place: Place) -> Double:
        return self.one_more_server(place)

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        for side in ("source", "destination"):
            server.make_pair(side, side, self.objects, OBJECT_BYTES, differs=False)
        return Job(("source", ""), ("destination", ""), server, fresh(place.state / "runs"), again=True)

    def command(self, client: Client, job: Job) -> list[str]:
        return client.command(job)

    def spoil(self, job: Job) -> None:
        # Every page is the first one again.
        job.server.set_rules([{"name": "spoiled", "operation": "ListObjectsV2", "list_replay": True}])

    def figure(self, cost: Cost, objects: int) -> float:
        return cost.wall_s

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        operations = job.server.stats()["operations"]
        asked = {name: count["requests"] for name, count in operations.items()}
        pages = 2 * objects // 1000
        if asked.get("ListObjectsV2", 0) + asked.get("ListObjects", 0) < pages:
            raise Wrong(f"not everything was listed: {asked}")
        if sum(asked.get(name, 0) for name in ("PutObject", "CopyObject", "HeadObject")):
            raise Wrong(f"objects were sent or asked for: {asked}")

    def note(self, cost: Cost, objects: int) -> str:
        return f"{cost.cpu_s / objects * 1e6:.2f} us of CPU a pair of keys"
