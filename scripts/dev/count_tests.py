"""Counts the test cases of one `./dev test` and prints the closing line.

usage: count_tests.py RESULTS

RESULTS holds what the runners left: ctest.xml, programs/*.xml (one file a GoogleTest program) and
pytest.xml, each in JUnit form, and RUNNER.exit with each runner's exit status. Failures and skips are
listed; then comes `N passed, N failed, N skipped`. Exits 0 when something passed and nothing failed.
"""

import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field
from pathlib import Path

# A failure's text is cut here; the logs hold all of it.
FAILURE_LINES_MAX = 40


@dataclass
class Tally:
    passed: int = 0
    failures: list[tuple[str, str]] = field(default_factory=list)
    skips: list[tuple[str, str]] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.passed += other.passed
        self.failures += other.failures
        self.skips += other.skips


def reason(element: ElementTree.Element) -> str:
    """The text says what the message attribute says, and more; ctest has the attribute alone."""
    return element.text or element.get("message") or ""


def tally_case(case: ElementTree.Element, name: str) -> Tally:
    """One <testcase>: GoogleTest, ctest and pytest differ only in how they mark what did not run."""
    tally = Tally()
    bad = [part for part in case if part.tag in ("failure", "error")]
    skipped = case.find("skipped")
    if bad:
        output = case.findtext("system-out") or ""
        tally.failures.append((name, "\n".join(reason(part) for part in bad) + "\n" + output))
    elif skipped is not None or case.get("result") == "skipped":
        tally.skips.append((name, reason(skipped) if skipped is not None else ""))
    elif case.get("status") not in ("notrun", "disabled"):
        tally.passed += 1
    return tally


def cases(path: Path) -> list[ElementTree.Element] | None:
    """The test cases of a JUnit file; None when there is no whole file (its writer died)."""
    try:
        return list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return None


def tally_program(path: Path) -> Tally | None:
    found = cases(path)
    if found is None:
        return None
    tally = Tally()
    for case in found:
        tally.add(tally_case(case, f"{case.get('classname')}.{case.get('name')}"))
    return tally


def results_of(programs: Path, name: str) -> Path:
    """The file of the program that a ctest test of this name runs: `a_test`, or `a_test` for `a`."""
    path = programs / f"{name}.xml"
    return path if path.exists() else programs / f"{name}_test.xml"


def tally_programs(results: Path) -> Tally:
    """What ctest ran: by test case where the program told its cases, else one program is one test."""
    total = Tally()
    unclaimed = set((results / "programs").glob("*.xml"))
    for case in cases(results / "ctest.xml") or []:
        name = case.get("name", "?")
        path = results_of(results / "programs", name)
        unclaimed.discard(path)
        as_program = tally_case(case, name)
        by_case = tally_program(path)
        if by_case is None:
            total.add(as_program)
            continue
        total.add(by_case)
        # It died after its cases, or in one of them.
        if as_program.failures and not by_case.failures:
            total.failures += as_program.failures
    for path in sorted(unclaimed):
        total.add(tally_program(path) or Tally())
    return total


def tally_runner(results: Path, runner: str, tally: Tally) -> Tally:
    """Adds a failure when the runner itself failed though no test did: then it did not run them."""
    try:
        status = (results / f"{runner}.exit").read_text().strip()
    except OSError:
        status = "no exit status"
    if status != "0" and not tally.failures:
        tally.failures.append((runner, f"{runner} did not run its tests to the end: {status}"))
    return tally


def show(title: str, found: list[tuple[str, str]], lines_max: int) -> None:
    for name, text in found:
        print(f"  {title} {name}")
        for line in text.strip().splitlines()[-lines_max:]:
            print(f"         {line}")


def main() -> int:
    results = Path(sys.argv[1])
    total = tally_runner(results, "ctest", tally_programs(results))
    end_to_end = tally_program(results / "pytest.xml") or Tally()
    total.add(tally_runner(results, "pytest", end_to_end))
    show("FAIL", total.failures, FAILURE_LINES_MAX)
    show("SKIP", total.skips, 1)
    print(f"{total.passed} passed, {len(total.failures)} failed, {len(total.skips)} skipped")
    return 0 if total.passed and not total.failures else 1


if __name__ == "__main__":
    sys.exit(main())
