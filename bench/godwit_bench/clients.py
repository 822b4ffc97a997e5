"""The programs that are compared, each with its best settings for each kind of work."""

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from .double import ACCESS_KEY, REGION, SECRET_KEY, Double

SMALL_CONNECTIONS = 64
VERSION_SECONDS_MAX = 60
_FOREIGN = re.compile(r"^(AWS_|RCLONE_|GODWIT_|https?_proxy$|all_proxy$|no_proxy$)", re.IGNORECASE)


def clean_environment() -> dict[str, str]:
    """The environment without anything that configures a client."""
    kept = {name: value for name, value in os.environ.items() if not _FOREIGN.match(name)}
    return kept | {"AWS_EC2_METADATA_DISABLED": "true", "AWS_CONFIG_FILE": "/dev/null", "LC_ALL": "C.UTF-8"}


@dataclass(frozen=True)
class Job:
    """One thing to be done. Ends are paths, or (bucket, prefix) pairs at the server."""

    source: Path | tuple[str, str]
    destination: Path | tuple[str, str]
    server: Double | None  # None: local
    state: Path  # of the client's own, kept between a run and its repetition
    large: bool = False  # few large objects, not many small ones
    again: bool = False  # everything is there already
    lists: bool = False  # the source is to be listed, key by key, nothing copied
    connections: int = SMALL_CONNECTIONS  # what peers are told where small objects are sent; we find out
    target: Double | None = None  # of the destination, where that is another server

    @property
    def servers(self) -> list[Double]:
        return [server for server in (self.server, self.target) if server]


class Client:
    """How one program is called. `scale` is the share of the objects that it is given: what costs a hundred
    times as much is measured on fewer."""

    name: str
    program_name: str  # as cases name the ones that can do them
    scale: float = 1.0
    rounds_max: int | None = None
    verifies: str  # what it proves of each object, for the report

    def command(self, job: Job) -> list[str]:
        raise NotImplementedError

    def environment(self, job: Job) -> dict[str, str]:
        environment = clean_environment()
        if job.server:
            environment |= {
                "AWS_ACCESS_KEY_ID": ACCESS_KEY,
                "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
                "AWS_DEFAULT_REGION": REGION,
                "AWS_REGION": REGION,
            }
            if job.server.tls:
                environment["AWS_CA_BUNDLE"] = str(job.server.authority)
        return environment

    def version(self) -> str:
        raise NotImplementedError

    def verify_command(self, job: Job) -> list[str] | None:
        """Compares the bytes of both ends of a job between directories. None where the program has no such command."""
        return None


def s3_uri(end: Path | tuple[str, str]) -> str:
    return str(end) if isinstance(end, Path) else f"s3://{end[0]}/{end[1]}".rstrip("/")


def first_line(command: list[str]) -> str:
    """`?` when the program does not say anything, or not in time."""
    limits = {"env": clean_environment(), "timeout": VERSION_SECONDS_MAX}
    try:
        done = subprocess.run(command, capture_output=True, text=True, **limits)
    except (OSError, subprocess.TimeoutExpired):
        return "?"
    return ((done.stdout or done.stderr).strip().splitlines() or ["?"])[0]


class Godwit(Client):
    name = program_name = "godwit"
    verifies = "every object: CRC-64/NVME checked by the store (PUT) or by us (GET), ledger on"

    def __init__(self, program: Path):
        self.program = program

    def command(self, job: Job) -> list[str]:
        if job.lists:
            command = [str(self.program), "ls", "-r", s3_uri(job.source)]
            command += ["-o", "name"] if job.server else []
        else:
            command = [str(self.program), "copy", s3_uri(job.source), s3_uri(job.destination)]
            command += ["--data-dir", str(job.state), "--no-progress", "-o", "json"]
        if job.target:
            command += ["--source-endpoint-url", job.server.endpoint]
            command += ["--destination-endpoint-url", job.target.endpoint]
        elif job.server:
            command += ["--endpoint-url", job.server.endpoint]
            command += ["--ca-file", str(job.server.authority)] if job.server.tls else []
        return command

    def verify_command(self, job: Job) -> list[str]:
        return [str(self.program), "verify", str(job.source), str(job.destination), "--by", "bytes"]

    def version(self) -> str:
        return first_line([str(self.program), "version"])


class Rclone(Client):
    program_name = "rclone"
    verifies = "PUT: Content-MD5 or a checksum that the store checks; GET: nothing (MD5 where the ETag is one)"

    def __init__(self, program: str):
        self.program = program
        self.name = self.version().replace("rclone v", "rclone ").split("-")[0]

    def command(self, job: Job) -> list[str]:
        def end(where: Path | tuple[str, str], remote: str = "R") -> str:
            return str(where) if isinstance(where, Path) else f"{remote}:{where[0]}/{where[1]}"

        if job.lists:
            command = [self.program, "lsf", "-R", end(job.source), "--config", "/dev/null"]
            only_keys = ["--files-only", "--use-server-modtime", "--fast-list"]
            return command + (only_keys if job.server else ["--format", "tsp"])
        destination = end(job.destination, "T" if job.target else "R")
        command = [self.program, "copy", end(job.source), destination, "--config", "/dev/null"]
        command += ["--stats", "0", "--retries", "1", "--low-level-retries", "2"]
        if job.server:
            command += ["--s3-no-head", "--s3-no-check-bucket"]
            # Without that HEAD current rclones take a large object that they have put in parts for empty, and old
            # ones every object that the server has copied.
            copied_inside = not (job.target or isinstance(job.source, Path) or isinstance(job.destination, Path))
            wants_head = job.large or (copied_inside and "1.60" in self.name)
            command += [] if wants_head else ["--s3-no-head-object"]
            # Else it sends a HEAD per object to look for a digest where the ETag is no MD5.
            command += ["--use-server-modtime", "--ignore-checksum"]
            command += ["--ca-cert", str(job.server.authority)] if job.server.tls else []
        if job.large:
            command += ["--transfers", "4", "--s3-chunk-size", "8M", "--s3-upload-concurrency", "4"]
            command += ["--s3-disable-checksum", "--multi-thread-streams", "4"]
        else:
            width = str(job.connections if job.server else 8)
            command += ["--transfers", width, "--checkers", width]
        return command + (["--size-only"] if job.again else [])

    def environment(self, job: Job) -> dict[str, str]:
        environment = super().environment(job)
        environment.pop("AWS_CA_BUNDLE", None)  # its own SDK refuses to start with it
        for name, server in zip("RT", job.servers):
            remote = {
                "TYPE": "s3",
                "PROVIDER": "Minio",  # AWS would put the bucket into the host name
                "ENDPOINT": server.endpoint,
                "ENV_AUTH": "true",
                "REGION": REGION,
                "FORCE_PATH_STYLE": "true",
            }
            environment |= {f"RCLONE_CONFIG_{name}_{key}": value for key, value in remote.items()}
        return environment

    def version(self) -> str:
        return first_line([self.program, "version"])


class S5cmd(Client):
    name = program_name = "s5cmd"
    verifies = "nothing"

    def __init__(self, program: str):
        self.program = program

    def command(self, job: Job) -> list[str]:
        def source(where: Path | tuple[str, str]) -> str:
            return f"{where}/" if isinstance(where, Path) else s3_uri(where) + "/*"

        # What `ls` finds it takes for information.
        level = "info" if job.lists else "error"
        command = [self.program, "--endpoint-url", job.server.endpoint, "--log", level, "--retry-count", "1"]
        if job.lists:
            return command + ["ls", source(job.source)]
        command += ["--numworkers", "16" if job.large else str(job.connections)]
        command += ["sync", "--size-only"] if job.again else ["cp"]
        command += ["--concurrency", "4", "--part-size", "8"] if job.large else []
        return command + [source(job.source), s3_uri(job.destination) + "/"]

    def version(self) -> str:
        return "s5cmd " + first_line([self.program, "version"])


class Aws(Client):
    name = program_name = "aws"
    scale = 0.1
    rounds_max = 1
    verifies = "PUT: CRC-32 or CRC-64/NVME checked by the store; GET: the same where it is stored"

    def __init__(self, program: str):
        self.program = program

    def command(self, job: Job) -> list[str]:
        verb = ["sync"] if job.again else ["cp", "--recursive"]
        command = [self.program, "--endpoint-url", job.server.endpoint, "s3"]
        if job.lists:
            return command + ["ls", "--recursive", s3_uri(job.source)]
        command += [*verb, "--only-show-errors"]
        return command + [s3_uri(job.source), s3_uri(job.destination)]

    def version(self) -> str:
        return first_line([self.program, "--version"]).split()[0]


class Cp(Client):
    name, program_name = "cp -a", "cp"
    verifies = "nothing"

    def command(self, job: Job) -> list[str]:
        return ["cp", "-a", f"{job.source}/.", str(job.destination)]

    def version(self) -> str:
        return first_line(["cp", "--version"])


class Rsync(Client):
    name, program_name = "rsync -aW", "rsync"
    verifies = "nothing (no fsync, no read-back)"

    def command(self, job: Job) -> list[str]:
        return ["rsync", "-aW", f"{job.source}/", f"{job.destination}/"]

    def version(self) -> str:
        return first_line(["rsync", "--version"])


class Find(Client):
    name, program_name = "find -printf", "find"
    verifies = "nothing to prove"

    def command(self, job: Job) -> list[str]:
        return ["find", str(job.source), "-printf", "%s %T@ %P\\n"]

    def version(self) -> str:
        return first_line(["find", "--version"])


def find_clients(root: Path, build: Path, wanted: list[str] | None) -> tuple[list[Client], list[str]]:
    """The clients that are installed, ours first, and the names of those that are not."""
    tools = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "godwit" / "tools"

    def built(name: str) -> str | None:
        found = sorted(tools.glob(f"{name}-v*")) if tools.is_dir() else []
        return str(found[-1]) if found else None

    def of(kind: type[Client], program: str | None) -> Client | None:
        return kind(program) if program else None

    godwit = build / "src/app/godwit"
    aws = root / "build/venv/bin/aws"
    # Debian's rclone and the newest one differ in their S3 libraries, so both are measured.
    candidates: list[tuple[str, Client | None]] = [
        ("godwit", Godwit(godwit) if godwit.exists() else None),
        ("rclone of the system", of(Rclone, shutil.which("rclone"))),
        ("rclone, newest", of(Rclone, built("rclone"))),
        ("s5cmd", of(S5cmd, built("s5cmd") or shutil.which("s5cmd"))),
        ("aws", Aws(str(aws)) if aws.exists() else None),
        ("cp -a", Cp()),
        ("rsync -aW", Rsync() if shutil.which("rsync") else None),
        ("find -printf", Find()),
    ]
    chosen = [(name, client) for name, client in candidates if not wanted or re.split("[ ,]", name)[0] in wanted]
    return [client for _, client in chosen if client], [name for name, client in chosen if not client]
