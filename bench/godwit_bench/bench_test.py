"""What the benchmark makes of its figures: gates, pairs, merged reports. Nothing is measured here."""

import contextlib
import os
import select
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from godwit_bench import cases, gates, measure, pairs, report, rounds, trace
from godwit_bench.clients import Client, clean_environment

TABLE = """# Gates

| gate | goal | dev today | dev limit | release today | release limit |
|---|---|---|---|---|---|
| `put instructions` |  | 111,975 | 118,694 | 106,656 | 113,056 |
| `put calls` | 8 | 12.48 | 17.78 | 11.74 | 18.79 |
"""


class Gates(unittest.TestCase):
    def judge(self, **figures: float) -> list[str]:
        named = {f"put {name}": figure for name, figure in figures.items()}
        return gates.judged(named, gates.Table(TABLE).gates("dev"))

    def test_a_figure_at_its_limit_passes(self):
        self.assertEqual(self.judge(instructions=118_694, calls=17.78), [])

    def test_a_figure_above_its_limit_fails_with_both_and_the_one_before(self):
        [wrong] = self.judge(instructions=118_695, calls=1)
        for part in ("put instructions", "118,695", "118,694", "111,975"):
            self.assertIn(part, wrong)

    def test_a_figure_without_a_limit_fails(self):
        self.assertEqual(len(self.judge(nonsense=1)), 1)

    def test_no_number_is_no_pass(self):
        self.assertEqual(len(self.judge(calls=float("nan"))), 1)

    def test_each_preset_has_its_own_limits(self):
        self.assertEqual(gates.Table(TABLE).gates("release")["put instructions"].limit, 113_056)
        self.assertEqual(gates.Table(TABLE).gates("dev")["put calls"].goal, "8")

    def test_tightening_lowers_a_limit_and_never_raises_one(self):
        text = gates.Table(TABLE).tightened("dev", {"put instructions": 100_000, "put calls": 30.0})
        after = gates.Table(text).gates("dev")
        self.assertEqual(after["put instructions"].limit, 106_001)
        self.assertEqual((after["put calls"].figure, after["put calls"].limit), (30.0, 17.78))
        self.assertEqual(gates.Table(text).gates("release"), gates.Table(TABLE).gates("release"))

    def test_what_a_start_takes_cancels(self):
        self.assertEqual(gates.an_object(lambda objects: 5_000_000 + 7.5 * objects), 7.5)

    def test_nothing_counted_is_a_mistake_and_no_figure(self):
        with self.assertRaises(cases.Wrong):
            gates.an_object(lambda objects: 0)

    def test_the_table_has_a_limit_for_every_case_and_every_kind(self):
        text = (Path(__file__).resolve().parents[1] / "GATES.md").read_text()
        for preset in ("dev", "release"):
            found = gates.Table(text).gates(preset)
            for case in gates.COUNTED:
                for kind in ("instructions", "calls", "steady calls"):
                    self.assertLess(found[f"{case} {kind}"].limit, 1e6)


class Pairs(unittest.TestCase):
    def test_of_21_ratios_the_interval_is_from_the_seventh_to_the_fifteenth(self):
        self.assertEqual(pairs.interval([float(n) for n in range(21, 0, -1)]), (7.0, 15.0))

    def test_four_ratios_are_too_few(self):
        self.assertIsNone(pairs.interval([1.0] * 4))
        self.assertEqual(pairs.judged("peer", [1.0] * 4, 1.0)["verdict"], "too few pairs to say")

    def test_a_goal_inside_the_interval_stays_open(self):
        ratios = [0.9 + n / 100 for n in range(21)]
        self.assertEqual(pairs.judged("peer", ratios, 1.0)["verdict"], "open")
        self.assertEqual(pairs.judged("peer", ratios, 0.95)["verdict"], "reached")
        self.assertEqual(pairs.judged("peer", ratios, 1.05)["verdict"], "missed")


def row(case: str, client: str, median: float = 10.0, problem: str = "") -> dict:
    measured = {"date": "today", "revision": "abc", "machine": "m", "load_before": 0.0, "arguments": case}
    known = report.Row(case, "title", "us", "lower", client, "1", "cmd", "", 1, 1, "tmpfs", measured, problem=problem)
    return known.as_json() | ({} if problem else {"median": median, "figures": [median], "wall_s": 1.0, "rss_bytes_max": 1, "server_cpu_s": 0.0})


class Report(unittest.TestCase):
    def test_a_case_that_was_measured_replaces_its_rows_and_no_others(self):
        old = [row("put", "godwit", 1), row("put", "gone"), row("get", "godwit", 2), row("no such case", "godwit")]
        rows = report.merged(old, [row("put", "godwit", 3)], ["get", "put"])
        self.assertEqual([(each["case"], each["client"], each["median"]) for each in rows],
                         [("get", "godwit", 2), ("put", "godwit", 3)])

    def test_a_failed_client_stands_in_the_table_with_its_reason(self):
        text = report.markdown([row("put", "godwit"), row("put", "peer", problem="exit code 7: a | b\nmore")])
        self.assertIn("| peer | no figure: exit code 7: a / b |", text)

    def test_a_change_is_shown_against_another_revision(self):
        lines = report.compare([row("put", "godwit", 12)], [row("put", "godwit", 10), row("put", "peer", 1)])
        self.assertIn("+20.0%", lines[-1])


class Trace(unittest.TestCase):
    def test_a_table_of_strace_is_read_with_and_without_errors(self):
        file = Path(self.enterContext(tempfile.TemporaryDirectory())) / "out"
        file.write_text(
            "% time     seconds  usecs/call     calls    errors syscall\n"
            "------ ----------- ----------- --------- --------- ----------------\n"
            " 60.00    0.000600           1       600        20 futex\n"
            " 40.00    0.000400           1       400           openat\n"
            "100.00    0.001000           1      1000        20 total\n"
        )
        self.assertEqual(trace.system_calls(file), {"futex": 600, "openat": 400})


def has_ended(pid: int) -> bool:
    """A process that was killed takes a moment to end."""
    try:
        process = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([process], [], [], 20)[0])
    finally:
        os.close(process)


class Measure(unittest.TestCase):
    def setUp(self):
        measure.use_build(Path("/nowhere"))
        measure.measure_child = Path("/usr/bin/env")  # runs a command too, and tells nothing of it

    def run_measured(self, *command: str, **options) -> measure.Cost:
        return measure.run_measured(list(command), clean_environment(), **options)

    def test_a_command_that_does_not_end_is_killed_with_its_children(self):
        with tempfile.TemporaryDirectory() as directory:
            pid_file = Path(directory) / "pid"
            script = f"tail -f /dev/null & echo $! >{pid_file}.new; mv {pid_file}.new {pid_file}; wait"
            cost = self.run_measured("sh", "-c", script, seconds_max=2)
            self.assertTrue(cost.timed_out)
            self.assertIn("was stopped", cases.failure_of(cost))
            self.assertTrue(has_ended(int(pid_file.read_text())))

    def test_lines_are_counted_of_all_that_was_said(self):
        self.assertEqual(self.run_measured("seq", "100000").lines, 100_000)

    def test_a_caller_with_many_open_files_can_measure(self):
        with contextlib.ExitStack() as opened:
            for _ in range(20):
                opened.enter_context(open("/dev/null"))
            self.assertEqual(self.run_measured("true").exit_code, 0)


class FailingClient(Client):
    name = program_name = "godwit"
    verifies = ""

    def version(self) -> str:
        return "1"


class OtherClient(FailingClient):
    name, program_name = "peer", "peer"


class OneFails(cases.Case):
    name, title, objects, object_bytes, programs = "fails", "one client fails", 100, 1, ("godwit", "peer")

    def start_server(self, place):
        return None

    def file_systems(self, place):
        return ""

    def prepare(self, place, server, client):
        raise OSError("no space") if client.name == "godwit" else KeyError(client.name)


class Failures(unittest.TestCase):
    def test_a_client_that_fails_stops_no_other(self):
        said: list[str] = []
        measurement = rounds.Measurement(OneFails, cases.Sizes(), None, said.append)
        rows = measurement.measure([FailingClient(), OtherClient()], 2, 0, {})
        self.assertEqual([each.problem for each in rows], ["round 1: OSError: no space", "round 1: KeyError: 'peer'"])
        self.assertEqual(len(said), 2)


if __name__ == "__main__":
    unittest.main()
