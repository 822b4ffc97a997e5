"""Runs the clients of a case in turn, and makes a row of what each cost."""

import json
import shlex
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import cases, pairs, trace
from .clients import Client
from .double import Double
from .measure import SMALL_SECONDS_MAX, Cost, own_cpu_s, run_measured
from .report import Row, number, times_better

TRACED_TIMES = 10
EVIDENCE = {
    "attested": "attested by the store",
    "read_back": "read back from the medium",
    "read_back_cached": "read back from cache",
    "server_copy": "copied inside the store",
    "none": "none",
}


@dataclass(frozen=True)
class Run:
    """One client once."""

    command: list[str]
    figure: float
    cost: Cost
    server_cpu_s: float
    requests: int
    connections: int


def shown(argument: str) -> str:
    """As it stands in a report: files of this machine by their names alone."""
    return Path(argument).name if argument.startswith("/") else argument


def accepted_connections(server: Double) -> int:
    return server.stats()["connections"]["accepted"]


def run_once(case: cases.Case, client: Client, place: cases.Place, server: Double | None) -> Run:
    """Raises Wrong when the client did not do all that it was to do."""
    job = case.prepare(place, server, client)
    objects = case.objects_for(client)
    try:
        for each in job.servers:
            each.reset()
        accepted = sum(map(accepted_connections, job.servers))
        server_s = sum(own_cpu_s(each.process.pid) for each in job.servers)
        command = case.command(client, job)
        cost = run_measured(command, client.environment(job), place.cpu)
        if cost.exit_code != 0:
            raise cases.Wrong(cases.failure_of(cost))
        server_s = sum(own_cpu_s(each.process.pid) for each in job.servers) - server_s
        accepted = sum(map(accepted_connections, job.servers)) - accepted
        counts = [count["requests"] for each in job.servers for count in each.stats()["operations"].values()]
        case.check(job, objects, cost)
        return Run(command, case.figure(cost, objects), cost, server_s, sum(counts), accepted)
    finally:
        case.clean(job)


def self_test(kind: type[cases.Case], client: Client, place: cases.Place) -> bool | None:
    """Whether the client notices one spoiled object of a small version of the case."""
    case = kind(cases.Sizes.tiny(1))
    try:
        job = case.prepare(place, case.start_server(place), client)
        case.spoil(job)
        cost = run_measured(case.command(client, job), client.environment(job), seconds_max=SMALL_SECONDS_MAX)
        noticed = case.notices(client, cost, job)
        case.clean(job)
        # A peer that goes on trying has said nothing, neither this nor that.
        if cost.timed_out and client.program_name == "godwit":
            raise cases.Wrong(cases.failure_of(cost))
        return None if cost.timed_out else noticed
    finally:
        case.finish()
        case.stop()


def traced(case: cases.Case, client: Client, place: cases.Place) -> tuple[int, Counter[str]]:
    """Objects and system calls of one run of a small version of the case."""
    counted = place.data / "system-calls"
    try:
        job = case.prepare(place, case.start_server(place), client)
        for server in job.servers:
            server.reset()
        command = trace.strace(counted) + case.command(client, job)
        cost = run_measured(command, client.environment(job))
        if cost.exit_code != 0:
            raise cases.Wrong(f"under strace: {cases.failure_of(cost)}")
        case.check(job, case.objects_for(client), cost)
        case.clean(job)
        return case.objects_for(client), trace.system_calls(counted)
    finally:
        case.finish()
        case.stop()


def trace_into(row: Row, kind: type[cases.Case], client: Client, place: cases.Place) -> None:
    """What an object takes: twice as many objects less so many, so that what a start takes is gone."""
    objects, calls = traced(kind(cases.Sizes.tiny(TRACED_TIMES)), client, place)
    if not kind.per_object_calls:
        row.syncs_per_object = trace.of_names(calls, trace.SYNCS) / objects
        return
    more_objects, more_calls = traced(kind(cases.Sizes.tiny(2 * TRACED_TIMES)), client, place)
    more_calls.subtract(calls)
    row.system_calls_per_object = more_calls.total() / (more_objects - objects)
    row.syncs_per_object = trace.of_names(more_calls, trace.SYNCS) / (more_objects - objects)


def evidence_of(cost: Cost) -> str:
    """What ours says at its end, where it copied something."""
    try:
        counts = json.loads(cost.output.splitlines()[-1]).get("evidence", {})
    except (ValueError, IndexError, AttributeError):
        return ""
    return ", ".join(f"{count:,} {EVIDENCE.get(level, level)}" for level, count in counts.items())


class Measurement:
    """All clients of one case. Whatever goes wrong stands in the row of the client; nothing of it is raised."""

    def __init__(self, kind: type[cases.Case], sizes: cases.Sizes, place: cases.Place, say: Callable[[str], None]):
        self.case = kind(sizes)
        self.kind = kind
        self.place = place
        self.say = say
        self.rows: dict[str, Row] = {}

    def measure(self, clients: list[Client], rounds: int, pair_count: int, measured: dict) -> list[Row]:
        able = [client for client in clients if client.program_name in self.case.programs]
        for client in able:
            self.rows[client.name] = self.new_row(client, measured)
        try:
            server = self.case.start_server(self.place)
            self.rounds(able, server, rounds)
            if self.case.pair_goal is not None and pair_count:
                self.pairs(able, server, pair_count)
        except Exception as problem:  # of the case itself, and so of all its clients
            for row in self.rows.values():
                row.problem = row.problem or f"{type(problem).__name__}: {problem}"
        finally:
            self.case.finish()
            self.case.stop()
        for client in able:
            self.attempt(client, "self-test", lambda: self.note_self_test(client))
            if client.scale == 1:  # what is given fewer objects is slow enough without strace
                self.attempt(client, "system calls", lambda: self.count_calls(client))
        return list(self.rows.values())

    def count_calls(self, client: Client) -> None:
        row = self.rows[client.name]
        trace_into(row, self.kind, client, self.place)
        calls = f"{number(row.system_calls_per_object)} system calls, " if self.kind.per_object_calls else ""
        self.say(f"  {self.case.name} {client.name}: {calls}{number(row.syncs_per_object)} syncs an object")

    def attempt(self, client: Client, what: str, action: Callable[[], None]) -> None:
        """Unless the client has failed already. Interruptions pass."""
        row = self.rows[client.name]
        if row.problem:
            return
        try:
            action()
        except Exception as problem:
            told = str(problem) if isinstance(problem, cases.Wrong) else f"{type(problem).__name__}: {problem}"
            row.problem = f"{what}: {told}"
            self.say(f"  {self.case.name} {client.name}: FAILED: {row.problem.splitlines()[0]}")

    def new_row(self, client: Client, measured: dict) -> Row:
        case = self.case
        return Row(
            case.name, case.title, case.unit, case.better, client.name, client.version(), "", client.verifies,
            case.objects_for(client), case.object_bytes, case.file_systems(self.place), measured,
        )

    def rounds(self, clients: list[Client], server: Double | None, rounds: int) -> None:
        # Interleaved: whatever else the machine does in a minute, it does to all of them.
        for turn in range(rounds):
            for client in clients:
                if not client.rounds_max or turn < client.rounds_max:
                    self.attempt(client, f"round {turn + 1}", lambda: self.one_round(client, server, f"{turn + 1}/{rounds}"))

    def one_round(self, client: Client, server: Double | None, turn: str) -> None:
        row = self.rows[client.name]
        run = run_once(self.case, client, self.place, server)
        row.command = shlex.join(map(shown, run.command))
        row.figures.append(run.figure)
        row.costs.append(run.cost)
        row.server_cpu_s.append(run.server_cpu_s)
        row.requests_per_object = run.requests / row.objects
        row.connections = run.connections
        if client.program_name == "godwit":
            row.evidence = evidence_of(run.cost)
            row.note = self.case.note(run.cost, row.objects)
        self.say(f"  {self.case.name} {turn} {client.name}: {number(run.figure)} {self.case.unit}")

    def pairs(self, clients: list[Client], server: Double | None, count: int) -> None:
        """We and the best of the others in turn; who begins changes from pair to pair."""
        figures = {client.name: self.rows[client.name] for client in clients if self.rows[client.name].figures}
        if "godwit" not in figures or len(figures) < 2 or any(row.problem for row in figures.values()):
            return
        best = (min if self.case.better == "lower" else max)(
            (client for client in clients if client.program_name != "godwit" and client.name in figures),
            key=lambda client: figures[client.name].median,
        )
        ours = next(client for client in clients if client.program_name == "godwit")
        ratios: list[float] = []

        def one_pair(turn: int) -> None:
            order = (ours, best) if turn % 2 == 0 else (best, ours)
            run = {client.name: run_once(self.case, client, self.place, server).figure for client in order}
            ratios.append(times_better(self.case.better, run[ours.name], run[best.name]))
            self.say(f"  {self.case.name} pair {turn + 1}/{count} with {best.name}: {ratios[-1]:.2f}x")

        for turn in range(count):
            self.attempt(ours, f"pair {turn + 1} with {best.name}", lambda: one_pair(turn))
        if len(ratios) == count:
            self.rows[ours.name].pairs = pairs.judged(best.name, ratios, self.case.pair_goal)

    def note_self_test(self, client: Client) -> None:
        row = self.rows[client.name]
        row.notices_corruption = self_test(self.kind, client, self.place)
        noticed = {True: "notices", False: "does not notice", None: "is not asked about"}[row.notices_corruption]
        self.say(f"  {self.case.name} {client.name} {noticed} one spoiled object")
