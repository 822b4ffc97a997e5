"""The lint rules over the whole repository. usage: python3 scripts/lint [--fill-catalogue] [ROOT]

Prints what it finds, one line each, and the figures of function lengths; exits 1 when it found
anything. It reads sources only and needs nothing but Python 3. --fill-catalogue writes the tests of each row into
docs/fault-catalogue.md and does nothing else.
"""

import subprocess
import sys
from pathlib import Path

import banned
import catalogue
import coroutines
import layering
import sabotage
import sizes
from cpp import Source, mark_test_only
from finding import Finding, read_exceptions, without_exceptions

HERE = Path(__file__).resolve().parent
FOLDERS = ("src", "tests", "bench")


def list_files(root: Path, *patterns: str) -> list[str]:
    """Files that git knows or would add."""
    command = ["git", "-C", str(root), "ls-files", "-co", "--exclude-standard", "-z", "--", *patterns]
    output = subprocess.run(command, check=True, capture_output=True).stdout.decode()
    return sorted({path for path in output.split("\0") if path and (root / path).is_file()})


def read_sources(root: Path) -> list[Source]:
    patterns = [f"{folder}/*.{suffix}" for folder in FOLDERS for suffix in ("h", "cc")]
    sources = [Source.read(root, path) for path in list_files(root, *patterns)]
    mark_test_only(sources)
    return sources


def read_numbered_tests(root: Path) -> list[catalogue.Test]:
    paths = list_files(root, "src/*_test.cc", "tests/*_test.cc", "tests/*_tests.cc", "tests/*.py")
    return [test for path in paths for test in catalogue.tests_of(path, (root / path).read_text())]


def check_all(root: Path, sources: list[Source]) -> list[Finding]:
    layers = layering.read_layers(HERE / "layers.txt")
    findings = []
    for source in sources:
        findings += layering.check_source(source, layers)
        findings += coroutines.check(source)
        findings += banned.check(source)
    for path in list_files(root, "src/*/CMakeLists.txt"):
        findings += layering.check_cmake(path, (root / path).read_text(), layers)
    findings += layering.check_beast_count(sources)
    findings += catalogue.check((root / catalogue.DOCUMENT).read_text(), read_numbered_tests(root))
    findings += sabotage.check((root / sabotage.HEADER).read_text(), (root / sabotage.TABLE).read_text(), sources)
    findings += sizes.check(sources, read_exceptions(HERE / "long_functions.txt"))
    return sorted(without_exceptions(findings, read_exceptions(HERE / "exceptions.txt")))


def main() -> int:
    arguments = [argument for argument in sys.argv[1:] if argument != "--fill-catalogue"]
    root = Path(arguments[0]) if arguments else HERE.parent.parent
    if "--fill-catalogue" in sys.argv:
        document = root / catalogue.DOCUMENT
        document.write_text(catalogue.filled(document.read_text(), read_numbered_tests(root)))
        return 0
    sources = read_sources(root)
    findings = check_all(root, sources)
    for finding in findings:
        print(finding)
    print(sizes.summary(sources))
    print(f"{len(sources)} files, {len(findings)} findings")
    return 1 if findings or not sources else 0


if __name__ == "__main__":
    sys.exit(main())
