"""What is written down about each object."""

import json

from ..clients import Client, Job
from ..double import Double
from ..measure import Cost
from .case import Place, Wrong, fresh
from .local import Serverless


class State(Serverless):
    """Ledger row, index row and counters of an object, durable, without the copy itself: `ledger_cost` does to the
    state what an execution does. The figure is the CPU of its writers; what it takes to make up the objects is not."""

    name, title = "state", "recording an object: ledger row, index row, counters"
    programs = ("godwit",)
    ends = ("state", "state")
    object_bytes = 0

    @property
    def objects(self) -> int:
        return self.sizes.recorded

    def prepare(self, place: Place, server: Double | None, client: Client) -> Job:
        self.program = place.build / "bench/ledger_cost"
        self.recorded = self.objects
        state = fresh(place.state / "runs")
        state.mkdir()
        return Job(state, state, None, state)

    def command(self, client: Client, job: Job) -> list[str]:
        return [str(self.program), str(job.state), str(self.objects), str(self.recorded)]

    def told(self, cost: Cost) -> dict:
        return json.loads(cost.output.splitlines()[-1])

    def figure(self, cost: Cost, objects: int) -> float:
        return self.told(cost)["writer_cpu_us"] / objects

    def note(self, cost: Cost, objects: int) -> str:
        told = self.told(cost)
        return f"{told['disk_bytes'] / objects:.0f} bytes on disk an object, {told['commits']} commits"

    def check(self, job: Job, objects: int, cost: Cost) -> None:
        if self.told(cost)["counted"] != objects:
            raise Wrong(f"{self.told(cost)['counted']} of {objects} objects were counted at the end")

    def spoil(self, job: Job) -> None:
        # One object has no outcome at the end.
        self.recorded = self.objects - 1

    def notices(self, client: Client, cost: Cost, job: Job) -> bool:
        return cost.exit_code != 0 or self.fails_check(job, cost)

    def file_systems(self, place: Place) -> str:
        return super().file_systems(place).split(" to ")[0]
