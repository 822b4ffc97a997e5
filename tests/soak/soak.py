"""Random work and random kills for hours; README.md tells what is done and what was seen.

Each round is one pair of ends of a random kind with a random tree, made from a seed: it is copied, changed and copied again,
and each copy is disturbed several times before it may run to its end. Then the bytes of both ends are compared by other
clients than Godwit, and nothing may be left: no staged file, no upload, no temporary file."""

import argparse
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

TESTS = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(TESTS / "e2e"))

from godwit import Godwit  # noqa: E402
from random_trees import RandomShape, RandomTree  # noqa: E402
from s3double import Double  # noqa: E402
from servers import ChecksumServer, S3Server  # noqa: E402
from trees import MIB, differences, snapshot  # noqa: E402

CLEAN, NOT_CLEAN = 0, 1
SIGNALS = [signal.SIGKILL, signal.SIGKILL, signal.SIGTERM, signal.SIGINT]
DISTURBANCES_MAX = 5
GENERATIONS_MAX = 3
# Kills come at any time of a run's life, which is some tenths of a second; a few later ones let a run end by itself.
MOMENT_SECONDS_MAX = 1.2
RUN_SECONDS_MAX = 300


class HeldDouble:
    """The double as an S3Server: `uploads` and buckets as the real ones have them."""

    make_bucket, keys, uploads = S3Server.make_bucket, S3Server.keys, S3Server.uploads

    def __init__(self, directory: Path):
        self.double = Double(directory)
        self.endpoint, self.s3, self.environment = self.double.endpoint, self.double.s3, self.double.environment

    def disturb(self, chance: random.Random) -> str:
        """Its memory is all that it has, so it is held still instead of started anew."""
        self.double.process.send_signal(signal.SIGSTOP)
        time.sleep(chance.uniform(0.05, 1))
        self.double.process.send_signal(signal.SIGCONT)
        return "server stopped for a while"

    def stop(self) -> None:
        self.double.stop()


class RestartedServer(ChecksumServer):
    """versitygw, which is killed and started anew at the same port."""

    again: subprocess.Popen | None = None

    def disturb(self, chance: random.Random) -> str:
        pid_file = self.directory / "pid"
        pid = int(pid_file.read_text())
        command = Path(f"/proc/{pid}/cmdline").read_bytes().rstrip(b"\0").split(b"\0")
        environment = dict(
            line.split(b"=", 1) for line in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0") if b"=" in line
        )
        kill_and_wait(pid)
        time.sleep(chance.uniform(0, 1))
        with open(self.directory / "server.log", "ab") as log:
            again = subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        if self.again:
            self.again.wait()
        self.again = again
        pid_file.write_text(str(again.pid))
        self.wait_until_answered()
        return "server restarted"

    def stop(self) -> None:
        if self.again:
            self.again.kill()
            self.again.wait()
        super().stop()

    def wait_until_answered(self) -> None:
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            try:
                self.s3.list_buckets()
                return
            except Exception:  # noqa: BLE001 (whatever a client says about a server that is not there)
                time.sleep(0.05)
        raise TimeoutError("the server did not come back")


def kill_and_wait(pid: int) -> None:
    """It need not be a child of ours."""
    pidfd = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([pidfd], [], [], 30)
    os.close(pidfd)


class Finding(Exception):
    """What a round showed to be wrong."""


def require(holds: bool, what: str) -> None:
    if not holds:
        raise Finding(what)


# ---- Ends


class DirectoryEnd:
    kind = "directory"

    def __init__(self, path: Path):
        self.path, self.uri, self.endpoint = path, str(path), None
        self.environment: dict[str, str] = {}

    def files(self) -> dict[bytes, bytes]:
        found = {}
        for folder, _, names in os.walk(os.fsencode(self.path)):
            for name in names:
                path = os.path.join(folder, name)
                if not os.path.islink(path):
                    found[os.path.relpath(path, os.fsencode(self.path))] = Path(os.fsdecode(path)).read_bytes()
        return found

    def left_overs(self) -> list:
        return [key for key in snapshot(self.path) if os.path.basename(key).startswith(b".godwit-")]

    def disturb(self, chance: random.Random) -> str:
        return ""


class BucketEnd:
    def __init__(self, server, bucket: str):
        self.server, self.bucket, self.kind = server, bucket, type(server).__name__
        self.uri, self.endpoint, self.environment = f"s3://{bucket}/p", server.endpoint, server.environment

    def files(self) -> dict[bytes, bytes]:
        keys = [key for key in self.server.keys(self.bucket, "p/") if not key.endswith("/")]
        found = {}
        for key in keys:
            answer = self.server.s3.get_object(Bucket=self.bucket, Key=key)
            mode = int(answer["Metadata"].get("file-permissions", "0"), 8)
            if mode & 0o170000 != 0o120000:
                found[key.removeprefix("p/").encode()] = answer["Body"].read()
        return found

    def left_overs(self) -> list:
        keys = [key for key in self.server.keys(self.bucket) if ".godwit-" in key]
        return self.server.uploads(self.bucket) + keys

    def disturb(self, chance: random.Random) -> str:
        return self.server.disturb(chance)

    def empty(self) -> None:
        for key in self.server.keys(self.bucket):
            self.server.s3.delete_object(Bucket=self.bucket, Key=key)
        self.server.s3.delete_bucket(Bucket=self.bucket)


# ---- Trees


class SoakTree(RandomTree):
    """Nothing is called what only a staged file may be called, and things are renamed, removed and made into others only
    where the copy mirrors: one without deletes cannot follow."""

    def __init__(self, root: os.PathLike, shape: RandomShape, mirrored: bool):
        super().__init__(root, shape)
        self.mirrored = mirrored
        self.names = [name for name in self.names if not name.startswith(b".godwit-")]

    def change(self) -> None:
        changes = [self.new, self.rewrite, self.append, self.rewrite_same_size, self.rewrite_unseen, self.chmod, self.touch]
        if self.mirrored:
            changes += [self.new, self.new, self.rename, self.replace, self.delete]
        for _ in range(self.shape.entries // 3):
            self.random.choice(changes)()

    def add_large_file(self) -> None:
        self.write(self.new_path(), self.random.randrange(8 * MIB, 40 * MIB))


def make_tree(root: Path, seed: int, chance: random.Random, mirrored: bool) -> SoakTree:
    # What an S3 server here cannot list or hold is for other tests.
    shape = RandomShape(
        seed,
        entries=chance.randrange(50, 500),
        invalid_utf8_names=False,
        unlistable_names=False,
        longest_names=False,
    )
    tree = SoakTree(root, shape, mirrored)
    tree.make()
    for _ in range(chance.choice([0, 0, 1, 3])):
        tree.add_large_file()
    return tree


# ---- One round


class Soak:
    def __init__(self, folder: Path):
        self.folder = folder
        self.seen: Counter[str] = Counter()
        self.double = HeldDouble(folder / "double")
        self.servers = [self.double]
        if os.access(os.environ.get("GODWIT_VERSITYGW", ""), os.X_OK):
            self.servers.append(RestartedServer(folder / "checksum-server"))
        else:
            print("NOT TESTED: versitygw, which is not there (./dev setup --tests)", flush=True)

    def round(self, seed: int) -> None:
        chance = random.Random(seed)
        folder = self.folder / f"round-{seed}"
        folder.mkdir()
        ends = chance.choice(["directory to directory", "directory to bucket", "bucket to directory", "bucket to bucket"])
        tree_path = folder / "tree"
        mirrored = chance.random() < 0.5
        tree = make_tree(tree_path, seed, chance, mirrored)
        original, buckets = DirectoryEnd(tree_path), []

        def bucket() -> BucketEnd:
            server = chance.choice(self.servers)
            buckets.append(BucketEnd(server, server.make_bucket()))
            return buckets[-1]

        source = bucket() if ends.startswith("bucket") else original
        destination = bucket() if ends.endswith("bucket") else DirectoryEnd(folder / "copy")
        somebody_else = Job(Godwit(folder / "somebody-else"), original, source, mirrored)
        job = Job(Godwit(folder / "home"), source, destination, mirrored)
        for generation in range(chance.randint(1, GENERATIONS_MAX)):
            if generation:
                tree.change()
            if source is not original:
                filled = somebody_else.run_to_end()
                require(filled.code == CLEAN, f"the source was not filled: {filled}")
            self.copy_disturbed(chance, job)
            self.compare(original, job)
            self.seen["generations mirrored" if mirrored else "generations"] += 1
        self.seen[f"{source.kind} to {destination.kind}"] += 1
        for end in buckets:
            end.empty()
        shutil.rmtree(folder)

    def copy_disturbed(self, chance: random.Random, job: "Job") -> None:
        for _ in range(chance.randint(1, DISTURBANCES_MAX)):
            self.disturbed_run(chance, job)
        run = job.run_to_end()
        require(run.code == CLEAN, f"the undisturbed run did not complete: {run}")
        summary = run.summary
        ends = sum(summary[name] for name in ("copied", "skipped", "deferred", "failed"))
        require(summary["listed"] == ends, f"it does not add up: {run}")
        again = job.run_once()
        nothing = again.summary["copied"] == again.summary["deleted"] == 0
        require(again.code == CLEAN and nothing, f"a further run had something to do: {again}")

    def disturbed_run(self, chance: random.Random, job: "Job") -> None:
        process = subprocess.Popen(
            job.command(),
            env=job.environment(),
            cwd=job.godwit.home,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
        )
        time.sleep(chance.uniform(0, MOMENT_SECONDS_MAX) ** 2)
        if chance.random() < 0.3:
            what = chance.choice([job.source, job.destination]).disturb(chance)
            self.seen[what or "a directory cannot be disturbed"] += 1
        sent = chance.choice(SIGNALS)
        alive = process.poll() is None
        if alive:
            process.send_signal(sent)
            self.seen[f"{sent.name} while it ran"] += 1
        _, said = process.communicate(timeout=RUN_SECONDS_MAX)
        code = process.returncode
        self.seen[f"exit code {code}" if code >= 0 else f"ended by {signal.Signals(-code).name}"] += 1
        require(code >= 0 or -code == sent and alive, f"ended by signal {-code}, which nobody sent: {said.decode()}")

    def compare(self, original: DirectoryEnd, job: "Job") -> None:
        source, destination = job.source, job.destination
        if source is original and destination.kind == "directory":
            require(differences(original.path, destination.path) == [], str(differences(original.path, destination.path)))
        left, right = original.files(), destination.files()
        wrong = [key for key in sorted(left.keys() | right.keys()) if left.get(key) != right.get(key)]
        require(not wrong, f"bytes differ, or are missing: {wrong[:5]}")
        self.seen["objects compared"] += len(left)
        require(not destination.left_overs(), f"left at the destination: {destination.left_overs()[:5]}")
        temporary = list((job.godwit.home / "tmp").iterdir())
        require(not temporary, f"left as temporary files: {temporary[:5]}")

    def stop(self) -> None:
        for server in self.servers:
            server.stop()


class Job:
    """A copy of one end to another, which is run again and again."""

    def __init__(self, godwit: Godwit, source, destination, mirrored: bool):
        self.godwit, self.source, self.destination, self.mirrored = godwit, source, destination, mirrored

    def command(self) -> list[str]:
        command = [str(self.godwit.binary), "copy", self.source.uri, self.destination.uri, "-o", "jsonl", "--preserve-set-id"]
        for name, end in (("source", self.source), ("destination", self.destination)):
            command += [f"--{name}-endpoint-url", end.endpoint] if end.endpoint else []
        if self.mirrored:
            command += ["--delete", "--max-delete", "100%"]
            # versitygw takes no conditions on deletes.
            command += ["--delete-unconditionally"] if self.destination.kind == "RestartedServer" else []
        return command

    def environment(self) -> dict[str, str]:
        temporary = self.godwit.home / "tmp"
        temporary.mkdir(exist_ok=True)
        keys = {}
        for end in (self.source, self.destination):  # all servers here know the same keys
            keys |= {name: value for name, value in end.environment.items() if name.startswith("AWS_")}
        own = self.godwit.environment() | keys | {"TMPDIR": str(temporary)}
        return self.source.environment | self.destination.environment | own

    def run_once(self):
        return self.godwit.run(*self.command()[1:], environment=self.environment(), seconds_max=RUN_SECONDS_MAX)

    def run_to_end(self):
        """What is in the way of something goes at the end of a run that mirrors, so that the next can copy it."""
        run = self.run_once()
        return self.run_once() if self.mirrored and run.code == NOT_CLEAN else run


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("hours", type=float, nargs="?", default=2)
    options.add_argument("--seed", type=int, default=None, help="of the first round; those after it count on")
    options.add_argument("--rounds", type=int, default=None, help="end after so many")
    options.add_argument("--keep", action="store_true", help="leave a round that showed something as it is")
    chosen = options.parse_args()
    first = chosen.seed if chosen.seed is not None else random.SystemRandom().randrange(1_000_000)
    folder = Path(tempfile.mkdtemp(prefix="godwit-soak-"))
    soak, began, rounds = Soak(folder), time.monotonic(), 0
    kept = False
    try:
        while time.monotonic() - began < chosen.hours * 3600 and (chosen.rounds is None or rounds < chosen.rounds):
            try:
                soak.round(first + rounds)
            except Finding as finding:
                kept = chosen.keep
                print(f"seed {first + rounds}: {finding}", flush=True)
                return 1
            rounds += 1
            if rounds % 10 == 0:
                print(json.dumps({"rounds": rounds, "seconds": round(time.monotonic() - began)} | soak.seen), flush=True)
    finally:
        soak.stop()
        if not kept:
            shutil.rmtree(folder, ignore_errors=True)
    print(f"seeds {first} to {first + rounds - 1}, {time.monotonic() - began:.0f} s: {json.dumps(soak.seen)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
