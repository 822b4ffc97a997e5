"""Runs the godwit binary as a user would, in a home of its own."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from servers import S3Server, clean_environment

REPOSITORY = Path(__file__).resolve().parent.parent.parent
RUN_SECONDS_MAX = 300


def find_binary() -> Path:
    """$GODWIT_BINARY, else the release build, else the dev build."""
    named = os.environ.get("GODWIT_BINARY")
    candidates = (
        [Path(named)]
        if named
        else [REPOSITORY / f"build/{preset}/src/app/godwit" for preset in ("release", "dev")]
    )
    for candidate in candidates:
        if candidate.is_file() and os.access(candidate, os.X_OK):
            return candidate
    raise FileNotFoundError(f"no godwit binary at {' or '.join(map(str, candidates))}: ./dev build")


@dataclass(frozen=True)
class Run:
    """How one invocation ended. stdout and stderr are bytes decoded without loss."""

    command: list[str]
    code: int
    stdout: str
    stderr: str

    def __str__(self) -> str:
        return f"{' '.join(self.command)}\nexit code {self.code}\n--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}"

    @property
    def lines(self) -> list[dict]:
        """The output of `-o jsonl`."""
        return [json.loads(line) for line in self.stdout.splitlines() if line.strip()]

    @property
    def errors(self) -> list[dict]:
        """The error events of `-o jsonl`."""
        return [line for line in self.lines if line.get("type") == "error"]

    @property
    def summary(self) -> dict:
        """The summary line of `-o jsonl`, which is the last one."""
        last = self.lines[-1]
        assert last["type"] == "summary", str(self)
        return last


class Godwit:
    """One user with one home: index and ledger live from one run to the next."""

    def __init__(self, home: Path, binary: Path | None = None, prefix: tuple[str, ...] = ()):
        """`prefix` is a command that runs the program in another way: as another user, at another time."""
        self.binary = binary or find_binary()
        self.prefix = prefix
        self.home = home
        home.mkdir(parents=True, exist_ok=True)

    def environment(self, server: S3Server | None = None) -> dict[str, str]:
        own = {"HOME": str(self.home)}
        for name in ("CONFIG", "DATA", "STATE", "CACHE"):
            own[f"XDG_{name}_HOME"] = str(self.home / name.lower())
        runtime = self.home / "runtime"
        runtime.mkdir(mode=0o700, exist_ok=True)
        own["XDG_RUNTIME_DIR"] = str(runtime)
        return (server.environment if server else clean_environment()) | own

    def run(
        self,
        *arguments: str | bytes | os.PathLike,
        server: S3Server | None = None,
        environment: dict[str, str] | None = None,
        seconds_max: float = RUN_SECONDS_MAX,
        stdin: bytes = b"",
    ) -> Run:
        """Runs `godwit ARGUMENT...`. With `server`, its credentials stand in the environment."""
        command = [*self.prefix, os.fsdecode(self.binary), *map(os.fsdecode, arguments)]
        ended = subprocess.run(
            command,
            env=self.environment(server) | (environment or {}),
            cwd=self.home,
            **({"input": stdin} if stdin else {"stdin": subprocess.DEVNULL}),
            capture_output=True,
            timeout=seconds_max,
        )
        return Run(command, ended.returncode, os.fsdecode(ended.stdout), os.fsdecode(ended.stderr))

    def copy(self, source, destination, *options: str, server: S3Server | None = None, **rest) -> Run:
        """`godwit copy -o jsonl`, at the server's endpoint if one is given."""
        endpoint = ["--endpoint-url", server.endpoint] if server else []
        return self.run(
            "copy", source, destination, "-o", "jsonl", *endpoint, *options, server=server, **rest
        )
