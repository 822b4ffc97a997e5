"""Goals that are near to 1: rounds cannot judge them, because a machine's speed drifts more within a minute than the
difference is. Pairs can: we and the best peer one right after the other, many times, and each pair gives one ratio."""

import math
import statistics

CONFIDENCE = 0.9


def interval(ratios: list[float]) -> tuple[float, float] | None:
    """Where the median of all such ratios is with a confidence of 90 % or more: two of the ordered ratios, which
    supposes nothing of how they are distributed. None when there are too few."""
    ordered, count = sorted(ratios), len(ratios)
    below, tail = 0, 1 / 2**count  # chance that at most `below` of the ratios are under the median
    while 2 * (tail + math.comb(count, below + 1) / 2**count) <= 1 - CONFIDENCE:
        below += 1
        tail += math.comb(count, below) / 2**count
    return (ordered[below], ordered[-1 - below]) if 2 * tail <= 1 - CONFIDENCE else None


def judged(peer: str, ratios: list[float], goal: float) -> dict:
    """`ratios`: how many times better than the peer each pair showed us."""
    low_high = interval(ratios)
    if low_high is None:
        verdict = "too few pairs to say"
    elif low_high[0] >= goal:
        verdict = "reached"
    elif low_high[1] < goal:
        verdict = "missed"
    else:
        verdict = "open"
    return {"peer": peer, "ratios": ratios, "interval": low_high, "goal": goal, "verdict": verdict}


def told(pairs: dict) -> str:
    median = statistics.median(pairs["ratios"])
    within = "" if pairs["interval"] is None else " ({:.2f}x to {:.2f}x with 90 % confidence)".format(*pairs["interval"])
    return (
        f"in {len(pairs['ratios'])} interleaved pairs with {pairs['peer']}: {median:.2f}x{within}; "
        f"the goal of {pairs['goal']:.2f}x is {pairs['verdict']}"
    )
