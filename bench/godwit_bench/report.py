"""The figures as a table, as bench/RESULTS.md and as JSON."""

import json
import os
import platform
import statistics
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

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
    figures: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    requests_per_object: float = 0.0
    connections: int = 0
    server_cpu_s: list[float] = field(default_factory=list)
    notices_corruption: bool | None = None
    problem: str = ""  # why there is no figure

    @property
    def median(self) -> float:
        return statistics.median(self.figures)

    def as_json(self) -> dict:
        known = {
            name: getattr(self, name)
            for name in (
                "case", "unit", "better", "client", "version", "command", "verifies", "objects", "object_bytes",
                "notices_corruption", "problem",
            )
        }
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
            "requests_per_object": self.requests_per_object,
            "connections": self.connections,
            "server_cpu_s": statistics.median(self.server_cpu_s) if self.server_cpu_s else 0.0,
        }


def machine() -> dict:
    def read(path: str) -> str:
        return Path(path).read_text()

    model = next((line.split(":", 1)[1].strip() for line in read("/proc/cpuinfo").splitlines() if "model name" in line), "?")
    memory_kib = int(next(line.split()[1] for line in read("/proc/meminfo").splitlines() if line.startswith("MemTotal")))
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "memory_gib": round(memory_kib / (1 << 20), 1),
        "kernel": platform.release(),
        "system": next((l.split("=", 1)[1].strip('"') for l in read("/etc/os-release").splitlines() if l.startswith("PRETTY_NAME")), "?"),
        "load_before": os.getloadavg()[0],
    }


def revision(root: Path) -> str:
    def git(*arguments: str) -> str:
        return subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, text=True).stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no")
    return (git("rev-parse", "--short=12", "HEAD") or "?") + (" with changes" if changed else "")


def spread(row: Row) -> str:
    if len(row.figures) < 2:
        return "n=1"
    return f"{number(min(row.figures))}-{number(max(row.figures))}, n={len(row.figures)}"


def number(value: float) -> str:
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:,.0f}"


def ratio_to_ours(row: Row, rows: list[Row]) -> str:
    ours = next((other for other in rows if other.client == "godwit" and other.figures), None)
    if ours is None or ours is row:
        return ""
    worse = row.median / ours.median if row.better == "lower" else ours.median / row.median
    return f"{worse:.1f}x"


NOTICED = {None: "", True: "yes", False: "**no**"}


def case_table(rows: list[Row]) -> list[str]:
    lines = [
        f"| client | {rows[0].unit} ({rows[0].better} is better) | min-max | godwit is better by | wall s | RSS MiB "
        "| requests an object | server CPU s | notices one spoiled object |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        if row.problem:
            lines.append(f"| {row.client} | no figure: {row.problem.splitlines()[0][:120]} | | | | | | | |")
            continue
        data = row.as_json()
        lines.append(
            f"| {row.client} | {number(row.median)} | {spread(row)} | {ratio_to_ours(row, rows)} | {number(data['wall_s'])} "
            f"| {data['rss_bytes_max'] / (1 << 20):.0f} | {row.requests_per_object:.2f} | {number(data['server_cpu_s'])} "
            f"| {NOTICED[row.notices_corruption]} |"
        )
    return lines


def by_case(rows: list[Row]) -> list[list[Row]]:
    names = list(dict.fromkeys(row.case for row in rows))
    return [[row for row in rows if row.case == name] for name in names]


def markdown(rows: list[Row], about: dict, arguments: str, notes: list[str]) -> str:
    host = about["machine"]
    lines = [
        "# Benchmark results",
        "",
        "Written by `./dev bench`; [README.md](README.md) tells what is measured and how to read it.",
        "",
        f"- Command: `./dev bench {arguments}`".rstrip() if not arguments else f"- Command: `./dev bench {arguments}`",
        f"- Date: {about['date']}, revision {about['revision']}",
        f"- Machine: {host['cpu']}, {host['cores']} cores, {host['memory_gib']} GiB, {host['system']}, kernel {host['kernel']}, "
        f"load {host['load_before']:.1f} before",
        *[f"- {note}" for note in notes],
        "",
    ]
    for case in by_case(rows):
        first = case[0]
        lines += [f"## {first.case}: {first.title}", ""]
        lines += [f"{first.objects:,} objects of {first.object_bytes:,} bytes.", ""]
        lines += case_table(case) + [""]
    lines += ["## Clients", "", "| client | version | proves | command of one run |", "|---|---|---|---|"]
    seen = set()
    for row in rows:
        if row.client in seen:
            continue
        seen.add(row.client)
        lines.append(f"| {row.client} | {row.version} | {row.verifies} | `{row.command}` |")
    return "\n".join(lines) + "\n"


def as_json(rows: list[Row], about: dict) -> str:
    return json.dumps(about | {"rows": [row.as_json() for row in rows]}, indent=1) + "\n"


def compare(rows: list[Row], before: dict) -> list[str]:
    """Ours against the figures of another revision."""
    old = {(row["case"], row["client"]): row for row in before["rows"] if "median" in row}
    lines = [f"{'case':<16}{'before':>12}{'now':>12}{'change':>10}"]
    for row in rows:
        was = old.get((row.case, "godwit"))
        if row.client != "godwit" or not row.figures or was is None:
            continue
        change = (row.median / was["median"] - 1) * 100
        lines.append(f"{row.case:<16}{number(was['median']):>12}{number(row.median):>12}{change:>+9.1f}%")
    return lines
