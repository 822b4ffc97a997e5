"""Figures that hold still on a busy machine, each with a limit that fails: instructions and system calls an object, and
memory at N and at 10 N objects. The limits are in bench/GATES.md."""

import argparse
import re
import shutil
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cases, measure, trace
from .clients import Client, Godwit, Job
from .data import remove
from .measure import Cost, run_measured

OBJECTS, OBJECTS_MORE = 1000, 3000
MEMORY_OBJECTS, MEMORY_OBJECTS_MORE = 40_000, 400_000
ROOM_BYTES_MIN = 1 << 30
# What --tighten leaves between a figure and its limit: what it differs by from run to run.
MARGINS = {"instructions": 1.06, "steady calls": 1.04, "calls": 1.6, "MiB": 1.15, "times": 1.15}


class PutUnsigned(cases.PutSmall):
    """The same PUT without a signature: what an object takes beyond signing."""

    name = "put-unsigned"
    server_options = ("--anonymous",)

    def command(self, client: Client, job: Job) -> list[str]:
        return super().command(client, job) + ["--anonymous"]


class AgainBetween(cases.Between):
    """What is there already, at both ends of one server."""

    name = "again-between"

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        if job.server.stats()["operations"].get("CopyObject", {}).get("requests", 0) != 0:
            raise cases.Wrong("objects were copied again")


# How many connections are opened without it is found by how long answers take, and so depends on who else is at work.
FIXED_CONCURRENCY = ("--concurrency", "64")
COUNTED = {"put": cases.PutSmall, "get": cases.GetSmall, "local": cases.Local, "again": cases.Again, "list": cases.List}


@dataclass(frozen=True)
class Scene:
    place: cases.Place
    client: Godwit
    preload: Path

    def run(self, case: cases.Case, prefix: list[str], options: tuple[str, ...] = ()) -> None:
        """Raises Wrong unless all of it was done."""
        try:
            job = case.prepare(self.place, case.start_server(self.place), self.client)
            for server in job.servers:
                server.reset()
            self.run_job(case, job, prefix, options)
            case.clean(job)
        finally:
            case.finish()
            case.stop()

    def run_job(self, case: cases.Case, job: Job, prefix: list[str], options: tuple[str, ...] = ()) -> Cost:
        cost = run_measured(prefix + case.command(self.client, job) + list(options), self.client.environment(job))
        if cost.exit_code != 0:
            raise cases.Wrong(f"{case.name}: {cases.failure_of(cost)}")
        case.check(job, case.objects, cost)
        return cost


def sizes(objects: int) -> cases.Sizes:
    return cases.Sizes(small=objects, again=objects, local=objects, listed=objects)


def an_object(count: Callable[[int], float]) -> float:
    """What one takes: many less few, so that what a start takes is gone. Nothing counted at all is a mistake."""
    few, many = count(OBJECTS), count(OBJECTS_MORE)
    if few <= 0:
        raise cases.Wrong("nothing was counted")
    return (many - few) / (OBJECTS_MORE - OBJECTS)


def instructions(scene: Scene) -> dict[str, float]:
    counted = scene.place.data / "callgrind.out"
    valgrind = ["env", f"LD_PRELOAD={scene.preload}", "valgrind", "--quiet", "--tool=callgrind"]
    valgrind += [f"--callgrind-out-file={counted}", f"--log-file={scene.place.data / 'valgrind.log'}"]

    def count(kind: type[cases.Case], objects: int) -> float:
        scene.run(kind(sizes(objects)), valgrind)
        return float(re.search(r"^totals: (\d+)$", counted.read_text(), re.MULTILINE)[1])

    kinds = COUNTED | {"put-unsigned": PutUnsigned}
    return {f"{name} instructions": an_object(lambda objects: count(kind, objects)) for name, kind in kinds.items()}


def system_calls(scene: Scene) -> dict[str, float]:
    counted = scene.place.data / "strace.out"
    figures = {}
    for name, kind in COUNTED.items():
        options = () if kind is cases.List else FIXED_CONCURRENCY
        runs = {}
        for objects in (OBJECTS, OBJECTS_MORE):
            scene.run(kind(sizes(objects)), trace.strace(counted), options)
            runs[objects] = trace.system_calls(counted)
        unsteady = {objects: trace.of_names(calls, trace.UNSTEADY) for objects, calls in runs.items()}
        figures[f"{name} steady calls"] = an_object(lambda objects: runs[objects].total() - unsteady[objects])
        figures[f"{name} calls"] = an_object(lambda objects: runs[objects].total())
    return figures


def memory_at(scene: Scene, objects: int) -> dict[str, int]:
    """Peaks in bytes."""
    copy, again = cases.Between(sizes(objects)), AgainBetween(sizes(objects))
    listing = cases.List(sizes(objects))
    try:
        job = copy.prepare(scene.place, copy.start_server(scene.place), scene.client)
        peaks = {"between": scene.run_job(copy, job, [], FIXED_CONCURRENCY).rss_bytes_max}
        job.server.reset()
        peaks["again"] = scene.run_job(again, job, [], FIXED_CONCURRENCY).rss_bytes_max
        copy.clean(job)
        job = listing.prepare(scene.place, listing.start_server(scene.place), scene.client)
        return peaks | {"list": scene.run_job(listing, job, []).rss_bytes_max}
    finally:
        copy.stop()
        listing.stop()


def memory(scene: Scene) -> dict[str, float]:
    few, many = memory_at(scene, MEMORY_OBJECTS), memory_at(scene, MEMORY_OBJECTS_MORE)
    figures = {f"{name} MiB": peak / (1 << 20) for name, peak in many.items()}
    return figures | {f"{name} times": many[name] / few[name] for name in many}


KINDS = {"instructions": instructions, "system-calls": system_calls, "memory": memory}


# --- The table


@dataclass(frozen=True)
class Gate:
    name: str  # as the measurement names the figure
    goal: str
    figure: float
    limit: float


class Table:
    """A Markdown table: gate, goal, and figure and limit of each preset."""

    _ROW = re.compile(r"^\| `([a-z- A-Z]+)` \|(.*)\|$")

    def __init__(self, text: str):
        self.lines = text.splitlines()

    def _column(self, preset: str) -> int:
        header = next(line for line in self.lines if line.startswith("| gate "))
        return [cell.strip() for cell in header.split("|")].index(f"{preset} today")

    def gates(self, preset: str) -> dict[str, Gate]:
        column, found = self._column(preset), {}
        for line in self.lines:
            if self._ROW.match(line):
                cells = [cell.strip() for cell in line.split("|")]
                name, figure, limit = cells[1].strip("`"), cells[column], cells[column + 1]
                found[name] = Gate(name, cells[2], float(figure.replace(",", "")), float(limit.replace(",", "")))
        return found

    def tightened(self, preset: str, figures: dict[str, float]) -> str:
        """With today's figures, and limits that are lower where a figure allows it, and never higher."""
        column, gates, lines = self._column(preset), self.gates(preset), []
        for line in self.lines:
            row = self._ROW.match(line)
            if row and row[1] in figures:
                cells = line.split("|")
                figure = figures[row[1]]
                limit = min(gates[row[1]].limit, rounded_up(figure * margin_of(row[1])))
                cells[column], cells[column + 1] = f" {shown(figure)} ", f" {shown(limit)} "
                line = "|".join(cells)
            lines.append(line)
        return "\n".join(lines) + "\n"


def margin_of(name: str) -> float:
    return next(margin for unit, margin in sorted(MARGINS.items(), key=lambda item: -len(item[0])) if name.endswith(unit))


def rounded_up(value: float) -> float:
    return float(int(value) + 1) if value >= 1000 else (int(value * 100) + 1) / 100


def shown(value: float) -> str:
    return f"{value:,.0f}" if value >= 1000 else f"{value:.2f}"


def judged(figures: dict[str, float], gates: dict[str, Gate]) -> list[str]:
    """What is wrong, one line each: a figure above its limit, or one without any."""
    wrong = [f"{name}: {shown(figure)}, and no limit for it" for name, figure in figures.items() if name not in gates]
    return wrong + [
        f"{name}: {shown(figure)}, and the limit is {shown(gates[name].limit)} (it was {shown(gates[name].figure)})"
        for name, figure in figures.items()
        if name in gates and not figure <= gates[name].limit
    ]


# --- The command


def roomy_directory() -> Path:
    """In memory where there is room."""
    memory_disk = Path("/dev/shm")
    roomy = memory_disk.is_dir() and shutil.disk_usage(memory_disk).free >= ROOM_BYTES_MIN
    return Path(tempfile.mkdtemp(prefix="godwit-gates-", dir=memory_disk if roomy else None))


def make_scene(build: Path, data: Path) -> Scene:
    """The program goes without debug information, which valgrind 3.19 cannot read as clang writes it."""
    program = data / "godwit"
    shutil.copy(build / "src/app/godwit", program)
    measure.run_or_raise(["llvm-strip-19", "--strip-debug", str(program)])
    return Scene(cases.Place(build, data, data), Godwit(program), build / "bench/libopenat2_for_valgrind.so")


def main(root: Path, arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench/run gates", description=__doc__)
    parser.add_argument("kind", nargs="*", choices=[*KINDS, []], metavar="KIND", help=f"of {', '.join(KINDS)}; all without")
    parser.add_argument("--preset", default="dev", help="the build to measure: dev, as the tests do, or release")
    parser.add_argument("--tighten", action="store_true", help="write the figures, and limits that are lower, to GATES.md")
    chosen = parser.parse_args(arguments)
    build, table_file = root / "build" / chosen.preset, root / "bench/GATES.md"
    measure.use_build(build)
    gates = Table(table_file.read_text()).gates(chosen.preset)
    data = roomy_directory()
    wrong: list[str] = []
    try:
        scene = make_scene(build, data)
        for kind in chosen.kind or KINDS:
            figures = KINDS[kind](scene)
            for name, figure in figures.items():
                limit, goal = (shown(gates[name].limit), gates[name].goal) if name in gates else ("none", "none")
                print(f"{name:<28} {shown(figure):>10}   limit {limit:>9}   goal {goal or 'none'}", flush=True)
            wrong += judged(figures, gates)
            if chosen.tighten:
                table_file.write_text(Table(table_file.read_text()).tightened(chosen.preset, figures))
    finally:
        remove(data)
    for line in wrong:
        print(f"gates: FAILED: {line}", file=sys.stderr)
    return 1 if wrong else 0
