"""How long functions are: short in the middle, bounded at the end.

Counted over src/ without tests, from the line where a declaration starts to its last brace. The long
ones that have a reason stand in long_functions.txt, which may not name what is no longer long.
"""

from cpp import Source
from finding import Finding

RULE = "size"
MEDIAN_LINES_MAX = 8
P95_LINES_MAX = 50
LINES_MAX = 100
FILE_LINES_MAX = 700


def percentile(ordered: list[int], fraction: float) -> int:
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))] if ordered else 0


def lengths(sources: list[Source]) -> list[int]:
    return sorted(function.lines for source in sources if not source.is_test for function in source.functions)


def check(sources: list[Source], exceptions: dict[str, str]) -> list[Finding]:
    return check_each(sources, exceptions) + check_statistics(lengths(sources)) + check_files(sources)


def check_each(sources: list[Source], exceptions: dict[str, str]) -> list[Finding]:
    findings = []
    unused = set(exceptions)
    for source in sources:
        for function in source.functions:
            name = f"{source.path} {function.name}"
            if function.lines <= LINES_MAX:
                continue
            unused.discard(name)
            if name not in exceptions:
                message = f"`{function.name}` has {function.lines} lines, {LINES_MAX} are the most"
                findings.append(Finding(source.path, function.first_line, RULE, message))
    for name in sorted(unused):
        path, function = name.split()
        findings.append(
            Finding(path, 1, RULE, f"`{function}` is not long: take it out of long_functions.txt")
        )
    return findings


def check_statistics(ordered: list[int]) -> list[Finding]:
    findings = []
    for name, value, limit in (
        ("median", percentile(ordered, 0.5), MEDIAN_LINES_MAX),
        ("p95", percentile(ordered, 0.95), P95_LINES_MAX),
    ):
        if value > limit:
            findings.append(
                Finding("src", 1, RULE, f"{name} of function lines is {value}, {limit} is the most")
            )
    return findings


def check_files(sources: list[Source]) -> list[Finding]:
    findings = []
    for source in sources:
        count = source.text.count("\n")
        if count > FILE_LINES_MAX and not source.is_test:
            findings.append(
                Finding(
                    source.path, 1, RULE, f"{count} lines: more than one idea ({FILE_LINES_MAX} are the most)"
                )
            )
    return findings


def summary(sources: list[Source]) -> str:
    ordered = lengths(sources)
    longest = ordered[-1] if ordered else 0
    return (
        f"functions: {len(ordered)}, lines median {percentile(ordered, 0.5)}, "
        f"p95 {percentile(ordered, 0.95)}, longest {longest}"
    )
