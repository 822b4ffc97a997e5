"""The figures as a table, as bench/RESULTS.md and as JSON."""

import os
import platform
import statistics
import subprocess
from dataclasses import dataclass, field, fields
from pathlib import Path

from . import pairs
from .measure import Cost


@dataclass
class Row:
    """One client in one case, over all rounds."""

    case: str
    title: str
    unit: str
    better: str  # "lower" or "higher"
    client: str
    version: str
    command: str
    verifies: str
    objects: int
    object_bytes: int
    file_systems: str
    measured: dict  # date, revision, machine and the like: rows of several runs stand in one report
    figures: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    requests_per_object: float = 0.0
    connections: int = 0
    server_cpu_s: list[float] = field(default_factory=list)
    system_calls_per_object: float | None = None
    syncs_per_object: float | None = None
    evidence: str = ""  # what was proved of the objects of the last run, as ours says it
    note: str = ""
    pairs: dict | None = None  # judged against the best peer
    notices_corruption: bool | None = None
    problem: str = ""  # why there is no figure

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    def as_json(self) -> dict:
        measured = ("figures", "costs", "server_cpu_s")
        known = {item.name: getattr(self, item.name) for item in fields(self) if item.name not in measured}
        if not self.figures:
            return known
        return known | {
            "median": self.median,
            "figures": self.figures,
            "cpu_s": statistics.median(cost.cpu_s for cost in self.costs),
            "user_s": statistics.median(cost.user_s for cost in self.costs),
            "system_s": statistics.median(cost.system_s for cost in self.costs),
            "wall_s": statistics.median(cost.wall_s for cost in self.costs),
            "rss_bytes_max": max(cost.rss_bytes_max for cost in self.costs),
            "server_cpu_s": statistics.median(self.server_cpu_s) if self.server_cpu_s else 0.0,
        }


def machine() -> str:
    def read(path: str) -> str:
        return Path(path).read_text()

    model = next((line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines() if "model name" in line), "?")
    memory_kib = int(next(line.split()[1] for line in read("/proc/meminfo").splitlines() if line.startswith("MemTotal")))
    release = (line for line in read("/etc/os-release").splitlines() if line.startswith("PRETTY_NAME="))
    system = next((line.split("=", 1)[1].strip('"') for line in release), "?")
    return f"{model}, {os.cpu_count()} cores, {memory_kib / (1 << 20):.1f} GiB, {system}, kernel {platform.release()}"


def revision(root: Path) -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short=12", "HEAD") or "?") + (" with changes" if changed else "")


def number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


# From here on a row is what as_json() made of it, so that rows of an earlier run are no others.


def spread(row: dict) -> str:
    figures = row["figures"]
    return "n=1" if len(figures) < 2 else f"{number(min(figures))}-{number(max(figures))}, n={len(figures)}"


def times_better(better: str, ours: float, theirs: float) -> float:
    return theirs / ours if better == "lower" else ours / theirs


def ratio_to_ours(row: dict, rows: list[dict]) -> str:
    ours = next((other for other in rows if other["client"] == "godwit" and "median" in other), None)
    return "" if ours in (None, row) else f"{times_better(row['better'], ours['median'], row['median']):.1f}x"


NOTICED = {None: "", True: "yes", False: "**no**"}
COLUMNS = (
    "min-max", "godwit is better by", "wall s", "RSS MiB", "requests an object", "system calls an object",
    "syncs an object", "server CPU s", "notices one spoiled object",
)


def case_table(rows: list[dict]) -> list[str]:
    first = rows[0]
    lines = [
        f"| client | {first['unit']} ({first['better']} is better) | {' | '.join(COLUMNS)} |",
        "|---" * (2 + len(COLUMNS)) + "|",
    ]
    for row in rows:
        if row["problem"]:
            why = row["problem"].splitlines()[0][:160].replace("|", "/")
            lines.append(f"| {row['client']} | no figure: {why} |{' |' * len(COLUMNS)}")
            continue
        cells = [
            row["client"], number(row["median"]), spread(row), ratio_to_ours(row, rows), number(row["wall_s"]),
            f"{row['rss_bytes_max'] / (1 << 20):.0f}", number(row["requests_per_object"]),
            number(row.get("system_calls_per_object")), number(row.get("syncs_per_object")),
            number(row["server_cpu_s"]), NOTICED[row["notices_corruption"]],
        ]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def remarks(rows: list[dict]) -> list[str]:
    """What stands under a table."""
    lines = []
    for row in rows:
        if row.get("evidence"):
            lines.append(f"Proof of {row['client']}: {row['evidence']}.")
        if row.get("note"):
            lines.append(f"{row['client']}: {row['note']}.")
        if row.get("pairs"):
            lines.append(f"{row['client']}, {pairs.told(row['pairs'])}.")
    return lines


def by_case(rows: list[dict]) -> list[list[dict]]:
    names = list(dict.fromkeys(row["case"] for row in rows))
    return [[row for row in rows if row["case"] == name] for name in names]


def case_section(rows: list[dict]) -> list[str]:
    first, run = rows[0], rows[0]["measured"]
    size = f"{first['objects']:,} objects of {first['object_bytes']:,} bytes"
    where = f"; {first['file_systems']}" if first.get("file_systems") else ""
    return [
        f"## {first['case']}: {first['title']}",
        "",
        f"{size}{where}. `./dev bench {run['arguments']}`, {run['date']}, revision {run['revision']}, {run['machine']}, "
        f"load {run['load_before']:.1f} before.",
        "",
        *case_table(rows),
        "",
        *[text for line in remarks(rows) for text in (line, "")],
    ]


def markdown(rows: list[dict]) -> str:
    lines = [
        "# Benchmark results",
        "",
        "Written by `./dev bench --write`; [README.md](README.md) tells what is measured and how to read it.",
        "",
    ]
    for case in by_case(rows):
        lines += case_section(case)
    lines += ["## Clients", "", "| client | version | proves | command of one run |", "|---|---|---|---|"]
    clients = {row["client"]: row for row in reversed(rows)}
    for row in sorted(clients.values(), key=rows.index):
        lines.append(f"| {row['client']} | {row['version']} | {row['verifies']} | `{row['command']}` |")
    return "\n".join(lines) + "\n"


def merged(old: list[dict], new: list[dict], order: list[str]) -> list[dict]:
    """`new` in place of all that `old` has of the same cases, in `order`, which also says what cases there are. A case
    is replaced whole, because only rows of one run can be compared."""
    replaced = {row["case"] for row in new}
    rows = [row for row in old if row["case"] not in replaced] + new
    return [row for name in order for row in rows if row["case"] == name]


def compare(rows: list[dict], before: list[dict]) -> list[str]:
    """Ours against the figures of another revision."""
    old = {row["case"]: row for row in before if row["client"] == "godwit" and "median" in row}
    lines = [f"{'case':<16}{'before':>12}{'now':>12}{'change':>10}"]
    for row in rows:
        was = old.get(row["case"])
        if row["client"] != "godwit" or "median" not in row or was is None:
            continue
        change = (row["median"] / was["median"] - 1) * 100
        lines.append(f"{row['case']:<16}{number(was['median']):>12}{number(row['median']):>12}{change:>+9.1f}%")
    return lines
