"""Plants each bug of bugs.toml, and demands that the tests which are named there fail.

usage: sabotage.py --targets             what CMake has to build for it
       sabotage.py BUILD_DIR [NAME...]   runs; without names all bugs

Each test is first run without a bug, and must pass: one that always fails, is skipped or is not there catches nothing.
Prints `bug | caught by` and exits 1 when a bug was not caught.
"""

import os
import subprocess
import sys
import tomllib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
SECONDS_MAX = 60
# What tests/e2e starts.
END_TO_END_TARGETS = ("godwit", "s3double", "odd_mount")


def read_table() -> dict[str, list[str]]:
    return tomllib.loads((HERE / "bugs.toml").read_text())["caught_by"]


def targets(table: dict[str, list[str]]) -> list[str]:
    programs = {test.split(":")[0] for tests in table.values() for test in tests}
    compiled = sorted(program for program in programs if not program.endswith(".py"))
    return compiled + list(END_TO_END_TARGETS if len(compiled) < len(programs) else ())


def find_program(build: Path, program: str) -> Path:
    found = [path for path in build.glob(f"*/*/{program}") if path.is_file()]
    if len(found) != 1:
        sys.exit(f"sabotage: {program} is not built in {build}")
    return found[0]


def command_for(build: Path, test: str) -> list[str]:
    program, name = test.split(":")
    if program.endswith(".py"):
        python = ROOT / "build/venv/bin/python"
        return [str(python), "-B", "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", f"tests/e2e/{program}::{name}"]
    return [str(find_program(build, program)), f"--gtest_filter={name}", "--gtest_brief=0", "--gtest_color=no"]


def run(build: Path, test: str, bug: str | None) -> tuple[str, str]:
    """`passed`, `failed`, `skipped`, `not there` or `hung`, and what the test wrote."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "GTEST_"))}
    environment.pop("GODWIT_SABOTAGE", None)
    environment["GODWIT_BINARY"] = str(build / "src/app/godwit")
    if bug:
        environment["GODWIT_SABOTAGE"] = bug
    try:
        done = subprocess.run(command_for(build, test), cwd=ROOT, env=environment, stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=SECONDS_MAX)  # fmt: skip
    except subprocess.TimeoutExpired:
        return "hung", f"no end within {SECONDS_MAX} s"
    text = done.stdout.decode(errors="replace")
    return verdict(test, done.returncode, text), text


def verdict(test: str, status: int, text: str) -> str:
    if "[  SKIPPED ] 1 test" in text or " skipped in " in text:
        return "skipped"
    end_to_end = test.split(":")[0].endswith(".py")
    ran = status in (0, 1) if end_to_end else "[ RUN      ]" in text
    if not ran:
        return "not there"
    return "passed" if status == 0 else "failed"


def complaint(bug: str, test: str, clean: tuple[str, str], planted: tuple[str, str]) -> str:
    """Why `test` does not count for `bug`; empty when it caught it."""
    if clean[0] != "passed":
        return f"{bug}: {test} is no proof: without the bug it is {clean[0]}\n{clean[1]}"
    if planted[0] != "failed":
        return f"{bug}: NOT CAUGHT by {test}, which is {planted[0]}\n"
    return ""


def main(arguments: list[str]) -> int:
    table = read_table()
    if arguments == ["--targets"]:
        print(*targets(table))
        return 0
    build = Path(arguments[0]).resolve()
    chosen = arguments[1:] or list(table)
    if unknown := [name for name in chosen if name not in table]:
        sys.exit(f"sabotage: there is no bug {unknown[0]} in tests/sabotage/bugs.toml")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        clean = {test: pool.submit(run, build, test, None) for bug in chosen for test in table[bug]}
        planted = {(bug, test): pool.submit(run, build, test, bug) for bug in chosen for test in table[bug]}
    complaints = []
    for (bug, test), outcome in planted.items():
        text = complaint(bug, test, clean[test].result(), outcome.result())
        print(f"{bug} | {'-' if text else test}")
        complaints += [text] if text else []
    print(f"\n{len(chosen)} bugs planted, {len(complaints)} tests did not catch theirs", *complaints, sep="\n")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
