"""Each entry of hostile_rules.py in each of its chains, with the real program against the double (catalogue groups D and E).

Almost all of the time is spent waiting for attempts that are spaced out, so that many trials run at once: each test waits
for its own. A thread has a double of its own, because the rules of a server are one list.
"""

import itertools
import os
import threading
from collections import Counter
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from hostile_rules import ENTRIES
from hostile_runs import SECRET, Trial
from s3double import Double

ENTRIES_MIN = 150
AT_ONCE = int(os.environ.get("GODWIT_HOSTILE_AT_ONCE", "24"))
TRIALS = [pytest.param(entry, chain, id=f"{entry.name}-{chain}") for entry in ENTRIES for chain in entry.chains]


class Trials:
    """Runs what was selected, in the background."""

    def __init__(self, directory, wanted: list[tuple]):
        self.directory = directory
        self.thread = threading.local()
        self.numbers = itertools.count()
        self.doubles: list[Double] = []
        self.pool = ThreadPoolExecutor(AT_ONCE)
        self.futures: dict[str, Future] = {
            f"{entry.name}-{chain}": self.pool.submit(self.judge, entry, chain) for entry, chain in wanted
        }

    def judge(self, entry, chain: str) -> list[str]:
        number = next(self.numbers)
        if not hasattr(self.thread, "double"):
            self.thread.double = Double(self.directory / f"double-{number}", "--anonymous", secret=SECRET)
            self.doubles.append(self.thread.double)
        return Trial(self.thread.double, self.directory / f"trial-{number}", number, entry, chain).judge()

    def stop(self) -> None:
        self.pool.shutdown(cancel_futures=True)
        for double in self.doubles:
            double.stop()


@pytest.fixture(scope="module")
def trials(request, tmp_path_factory):
    selected = [item.callspec.params for item in request.session.items if item.originalname == "test_hostile_rule"]
    running = Trials(tmp_path_factory.mktemp("hostile"), [(each["entry"], each["chain"]) for each in selected])
    yield running
    running.stop()


def test_there_are_enough_rules(capsys):
    names = Counter(entry.name for entry in ENTRIES)
    rows = Counter(entry.name.split("_")[0] for entry in ENTRIES)
    with capsys.disabled():
        print(f"\n{len(ENTRIES)} hostile rules, {len(TRIALS)} runs over their chains; by row: {dict(sorted(rows.items()))}")
    assert names.total() == len(names) >= ENTRIES_MIN


@pytest.mark.parametrize("entry, chain", TRIALS)
def test_hostile_rule(trials, entry, chain):
    complaints = trials.futures[f"{entry.name}-{chain}"].result()
    assert not complaints, "\n".join(complaints)
