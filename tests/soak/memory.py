"""One long copy of very many small objects, and what the process holds while it runs: README.md tells what was seen.

From a computed bucket of the S3 double to one that keeps no bodies, so that the programs and not the disk are measured."""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "e2e"))

from godwit import Godwit  # noqa: E402
from s3double import Double  # noqa: E402

OBJECT_BYTES = 64
SAMPLE_SECONDS = 1
# Connections and pools grow for as long as more of them help: that is no slope.
WARM_UP_SHARE = 0.5


@dataclass
class Sample:
    seconds: float
    objects: int
    resident_mib: float
    descriptors: int
    threads: int


def look(pid: int, began: float, objects: int) -> Sample:
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return Sample(
        time.monotonic() - began,
        objects,
        int(status["VmRSS"].split()[0]) / 1024,
        len(os.listdir(f"/proc/{pid}/fd")),
        int(status["Threads"]),
    )


def slope(samples: list[Sample], of) -> float:
    """MiB for each of what `of` gives, by least squares."""
    xs, ys = [of(sample) for sample in samples], [sample.resident_mib for sample in samples]
    x_mean, y_mean = sum(xs) / len(xs), sum(ys) / len(ys)
    spread = sum((x - x_mean) ** 2 for x in xs)
    return sum((x - x_mean) * (y - y_mean) for x, y in zip(xs, ys)) / spread


def run(folder: Path, objects: int) -> list[Sample]:
    source = Double(folder / "source", "--synthetic", f"many:{objects}:{OBJECT_BYTES}", "--no-audit")
    destination = Double(folder / "destination", "--discard", "--etag", "opaque", "--no-audit")
    godwit = Godwit(folder / "home")
    ends = ["--source-endpoint-url", source.endpoint, "--destination-endpoint-url", destination.endpoint]
    command = [str(godwit.binary), "copy", "s3://many/", "s3://one/copy", "-o", "jsonl", *ends]
    process = subprocess.Popen(command, env=godwit.environment(source), stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    began, samples = time.monotonic(), []
    for line in process.stdout:
        event = json.loads(line)
        if event["type"] == "progress" and (not samples or time.monotonic() - began > samples[-1].seconds + SAMPLE_SECONDS / 2):
            samples.append(look(process.pid, began, event["done"]))
    assert process.wait() == 0 and event["verified"] == objects, event
    source.stop()
    destination.stop()
    return samples


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("objects", type=int, nargs="?", default=1_000_000)
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="godwit-soak-") as folder:
        samples = run(Path(folder), chosen.objects)
    for sample in samples[:: max(1, len(samples) // 20)]:
        print(f"{sample.seconds:7.0f} s  {sample.objects:10,} objects  {sample.resident_mib:7.1f} MiB  "
              f"{sample.descriptors} descriptors  {sample.threads} threads")
    warm = samples[int(len(samples) * WARM_UP_SHARE) :]
    by_object, by_second = slope(warm, lambda sample: sample.objects), slope(warm, lambda sample: sample.seconds)
    print(f"slope of the second half: {by_object * 1e6:.2f} MiB for a million objects, {by_second * 3600:.1f} MiB an hour")


if __name__ == "__main__":
    main()
