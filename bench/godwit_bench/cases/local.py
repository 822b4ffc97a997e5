"""Directories alone, without a server."""

from pathlib import Path

from ..clients import Client, Job
from ..data import differing, directory_count, evict, make_tree, remove
from ..double import Double
from ..measure import Cost, run_measured
from .case import BULK_FILES, SMALL_BYTES, Case, Place, Wrong, expect_files, fresh
from .s3 import Bulk

COMPARED_FILES = 1000
ADDED = "d0000/one-more"


class Serverless(Case):
    def start_server(self, place: Place) -> None:
        return None


class Copy(Serverless):
    """From a directory to a new one. Nothing stands between the two that could be made to lie, so the self-test changes
    one byte of the result afterwards: the check of this benchmark must see it for every client, and ours must find it
    by `godwit verify --by bytes`."""

    programs = ("godwit", "rclone", "cp", "rsync")

    def root(self, place: Place) -> Path:
        """Where the source and the destinations are."""
        return place.data

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        source = self.root(place) / f"source-{self.objects}-{self.object_bytes}"
        if not source.exists():
            make_tree(source, self.objects, self.object_bytes)
        destination = fresh(self.root(place) / "down")
        destination.mkdir()
        return Job(source, destination, None, fresh(place.state / "runs"), large=self.object_bytes > SMALL_BYTES)

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        expect_files(job.destination, objects, self.object_bytes)
        if different := differing(job.source, job.destination, max(1, objects // COMPARED_FILES)):
            raise Wrong(f"{different[0]} has other bytes in the copy")

    def spoil(self, job: Job) -> None:
        """notices() does, afterwards."""

    def notices(self, client: Client, cost: Cost, job: Job) -> bool | None:
        if cost.exit_code != 0:
            return False
        victim = sorted(job.destination.rglob("*.bin"))[0]
        with open(victim, "r+b") as file:
            file.seek(-1, 2)
            last = file.read(1)[0]
            file.seek(-1, 2)
            file.write(bytes([last ^ 1]))
        try:
            self.check(job, self.objects, cost)
            raise RuntimeError("the check of this benchmark is blind to a changed byte")
        except Wrong:
            pass
        command = client.verify_command(job)
        return run_measured(command, client.environment(job)).exit_code != 0 if command else None

    def clean(self, job: Job) -> None:
        super().clean(job)
        remove(job.destination)


class Local(Copy):
    name, title = "local", "directory to directory on tmpfs, 4 KiB files"
    unit = "us of CPU a file"
    object_bytes = SMALL_BYTES
    ends = ("data", "data")

    @property
    def objects(self) -> int:
        return self.sizes.local


class LocalBulk(Bulk, Copy):
    """On a real disk, where what was written can be read back from the device. Every client finds the source on the
    disk and not in memory, and nobody's writes wait when it begins. Few files are made and removed, because ext4 makes
    each new file cost ten times as much for minutes after many were removed."""

    name, title = "local-bulk", "directory to directory on a disk, large files"
    objects = 2 * BULK_FILES
    ends = ("state", "state")

    made: Path | None = None

    def root(self, place: Place) -> Path:
        return place.state / "bulk"

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        self.made = self.root(place)
        job = super().prepare(place, server, client)
        evict(job.source)
        return job

    def finish(self) -> None:
        if self.made:
            remove(self.made)


class Walk(Serverless):
    """The tree stays where it is for the next time: ext4 is slow for minutes after a million files were removed."""

    name, title = "walk", "name, size and time of everything below a directory on a disk"
    unit = "us of CPU a file"
    programs = ("godwit", "rclone", "find")
    ends = ("state", "state")
    pair_goal = 1 / 1.1
    object_bytes = 0

    @property
    def objects(self) -> int:
        return self.sizes.walked

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        source = place.trees / f"empty-{self.objects}"
        if not source.exists():
            partial = fresh(place.trees)
            make_tree(partial, self.objects, 0)
            partial.rename(source)
        (source / ADDED).unlink(missing_ok=True)  # of a self-test that was broken off
        root_too = client.program_name != "rclone"
        self.entries = self.objects + directory_count(self.objects) + root_too
        return Job(source, ("", ""), None, fresh(place.state / "runs"), lists=True)

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        if cost.lines != self.entries:
            raise Wrong(f"{cost.lines} lines were written for {self.entries} files and directories")

    def spoil(self, job: Job) -> None:
        # One file more than there should be.
        (job.source / ADDED).touch()

    def notices(self, client: Client, cost: Cost, job: Job) -> bool:
        (job.source / ADDED).unlink()
        return cost.exit_code == 0 and self.fails_check(job, cost)

    def file_systems(self, place: Place) -> str:
        return super().file_systems(place).split(" to ")[0]
