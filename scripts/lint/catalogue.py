"""The fault catalogue (docs/fault-catalogue.md) and the tests that bear its numbers name each other.

A test that covers a row begins with its number: `TEST(Walk, A5_takes_...)`, `def test_a5_takes_...`, or with
several: `C23_C28_...`. The catalogue's column of tests is made from these names:

    python3 scripts/lint --fill-catalogue      writes the column anew

and the lint finds a column that says otherwise, a number that is no row's, a row that is missing, and a row
that has neither a test nor a word about why not.
"""

import re
from dataclasses import dataclass

from finding import Finding

RULE = "catalogue"
DOCUMENT = "docs/fault-catalogue.md"
# The first and the last row of each group. I1 to I18 are invariants, which ARCHITECTURE.md lists.
GROUPS = {
    "A": (1, 12), "B": (13, 22), "C": (23, 33), "D": (34, 43), "E": (44, 60), "F": (61, 68),
    "G": (69, 73), "H": (74, 82), "I": (83, 92), "J": (93, 103), "K": (104, 110), "L": (111, 114),
}  # fmt: skip
ROWS = [f"{group}{number}" for group, (first, last) in GROUPS.items() for number in range(first, last + 1)]
INVARIANTS = {f"I{number}" for number in range(1, 19)}

NUMBERS = r"((?:[A-L]\d{1,3}_)+)"
CPP_TEST = re.compile(r"^(?:TYPED_)?(?:RC_GTEST_\w*PROP|TEST(?:_F|_P)?)\(\s*(\w+)\s*,\s*(\w+)", re.MULTILINE)
PYTHON_TEST = re.compile(r"^(?:    )?def (test_\w+)\(", re.MULTILINE)
ROW = re.compile(r"^\| (?P<row>[A-L]\d+)(?P<mark> ●)? \| (?P<fault>.*?) \|(?P<tests>.*?)\|(?P<gap>.*)\|$")


@dataclass(frozen=True, order=True)
class Test:
    """`program` is what one starts: a GoogleTest program, or a file of pytest."""

    program: str
    name: str
    path: str
    line: int
    rows: tuple[str, ...]


def program_of(path: str) -> str:
    folder, name = path.split("/")[-2:]
    if path.endswith(".py"):
        return name
    if folder == "conformance":
        return "s3_hostile_test" if name.startswith("s3_hostile") else "conformance"
    return f"{folder}_test"


def tests_of(path: str, text: str) -> list[Test]:
    """The tests of one file that bear numbers."""
    python = path.endswith(".py")
    tests = []
    for match in (PYTHON_TEST if python else CPP_TEST).finditer(text):
        words = match[1].removeprefix("test_").upper() if python else match[2]
        numbers = re.match(NUMBERS, words)
        if not numbers:
            continue
        name = match[1] if python else f"{match[1]}.{match[2]}"
        line = text.count("\n", 0, match.start()) + 1
        tests.append(Test(program_of(path), name, path, line, tuple(numbers[1].rstrip("_").split("_"))))
    return tests


def column_of(row: str, tests: list[Test]) -> str:
    """The cell that names the tests of one row."""
    programs: dict[str, list[str]] = {}
    for test in sorted(tests):
        if row in test.rows:
            programs.setdefault(test.program, []).append(f"`{test.name}`")
    return "<br>".join(f"{program}: {', '.join(names)}" for program, names in programs.items())


def rewritten(line: str, tests: list[Test]) -> str:
    """A row of the table with its column of tests as it should be; any other line as it is."""
    match = ROW.match(line)
    if not match:
        return line
    cells = [match["row"] + (match["mark"] or ""), match["fault"], column_of(match["row"], tests), match["gap"].strip()]
    return "|" + "|".join(f" {cell} " if cell else " " for cell in cells) + "|"


def check(document: str, tests: list[Test]) -> list[Finding]:
    findings = []
    seen = []
    for number, line in enumerate(document.splitlines(), 1):
        match = ROW.match(line)
        if not match:
            continue
        seen.append(match["row"])
        if rewritten(line, tests) != line:
            message = f"the tests of {match['row']} are others: python3 scripts/lint --fill-catalogue"
            findings.append(Finding(DOCUMENT, number, RULE, message))
        if not column_of(match["row"], tests) and not match["gap"].strip():
            message = f"{match['row']} has no test, and no word about why"
            findings.append(Finding(DOCUMENT, number, RULE, message))
    if seen != ROWS:
        wrong = sorted(set(ROWS) ^ set(seen)) or sorted({row for row in seen if seen.count(row) > 1}) or "order"
        findings.append(Finding(DOCUMENT, 1, RULE, f"not the rows of the catalogue, each once and in order: {wrong}"))
    for test in tests:
        for row in test.rows:
            if row not in ROWS and row not in INVARIANTS:
                findings.append(Finding(test.path, test.line, RULE, f"{test.name}: {row} is no row of the catalogue"))
    return findings


def filled(document: str, tests: list[Test]) -> str:
    return "".join(f"{rewritten(line, tests)}\n" for line in document.splitlines())
