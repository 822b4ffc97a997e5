"""What a rule reports, and what may stay all the same."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    rule: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.rule}: {self.message}"


def read_exceptions(path: Path) -> dict[str, str]:
    """Lines of `path subject: reason`, as {"path subject": reason}; the reason is not optional."""
    exceptions = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        name, colon, reason = line.partition(": ")
        if not colon or not reason.strip() or len(name.split()) != 2:
            raise ValueError(f"{path}:{number}: want `path subject: reason`, got `{line}`")
        exceptions[name] = reason.strip()
    return exceptions


def without_exceptions(findings: list[Finding], exceptions: dict[str, str]) -> list[Finding]:
    """Drops findings of `path rule` pairs that are excepted; an exception without use is a finding."""
    left = [finding for finding in findings if f"{finding.path} {finding.rule}" not in exceptions]
    used = {f"{finding.path} {finding.rule}" for finding in findings}
    for name in sorted(set(exceptions) - used):
        path, rule = name.split()
        left.append(Finding(path, 1, rule, "is not broken here any more: take it out of exceptions.txt"))
    return left
