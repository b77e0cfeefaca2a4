"""One workload in a run: its pods, what was counted of them, and how it fared."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from llmstack.review.rollout.cluster import Pod, Revision
from llmstack.review.rollout.controller import Counts
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.workload import Workload


class Outcome(Struct, frozen=True):
    """How one workload fared. Times in seconds."""

    finish: float | None
    """None: never."""
    least: int
    """Available replicas at the worst moment."""
    longest_step: float
    """The longest stretch without progress, as a Deployment's progress deadline counts it."""
    longest_wait: float
    """The longest time that one of its pods waited for GPUs."""
    down_for: float | None
    """How long no replica was available, all such stretches together; None: to the end."""
    old_until: float | None = None
    """When the last replica of before went; None: never. Where replicas stay and only their number changes, they count
    as new from the start."""
    new_from: float | None = None
    """When the first replica of after was available; None: never."""
    start: float = 0.0
    """When its change was applied: the sync tool works on a few units at a time."""
    by_chance: bool = False
    """Whether one of its pods found room, or waited, by where others are, which is not known."""
    unserved: Mapping[PoolKey, float] = field(default_factory=dict)
    """GPU-seconds that its pods held while they loaded or terminated, by pool; of a rollout that finishes alone."""


class Rolling:
    """The pods of one workload, available (`up`) or not (`down`); terminating ones are only counted."""

    def __init__(self, workload: Workload, position: int) -> None:
        self.workload = workload
        self.position = position
        self.up: dict[Revision, list[Pod]] = {"old": [], "new": []}
        self.down: dict[Revision, list[Pod]] = {"old": [], "new": []}
        self.ordinals: dict[Revision, int] = {"old": 0, "new": 0}
        self.terminating = 0
        self.unready = min(workload.unready, workload.before)
        self.least = workload.before - self.unready
        self.progressed = 0.0
        self.longest_step = 0.0
        self.longest_wait = 0.0
        self.down_for = 0.0
        self.down_since: float | None = None
        self.old_until: float | None = None
        self.new_from: float | None = None
        self.finish: float | None = None
        self.begun: float | None = None

    def counts(self) -> Counts:
        return Counts(len(self.up["old"]), len(self.down["old"]), len(self.up["new"]), len(self.down["new"]))

    def pods(self) -> list[Pod]:
        return [pod for side in (self.up, self.down) for pods in side.values() for pod in pods]

    def pools(self) -> list[PoolKey]:
        templates = (self.workload.old, self.workload.new)
        return [template.pool for template in templates if template is not None and template.pool is not None]

    def take_over(self) -> None:
        """The replica set stays when only the number of replicas changes: what runs is already new."""
        for side in (self.up, self.down):
            side["new"], side["old"] = side["old"], []
        self.ordinals["new"] = self.ordinals["old"]
        for pod in self.pods():
            pod.revision = "new"

    def progress(self, now: float) -> None:
        self.longest_step = max(self.longest_step, now - self.progressed)
        self.progressed = now

    def note(self, now: float) -> None:
        """Take down what is available, and whether that is all."""
        available = len(self.up["old"]) + len(self.up["new"])
        self.least = min(self.least, available)
        if not available and self.down_since is None:
            self.down_since = now
        elif available and self.down_since is not None:
            self.down_for += now - self.down_since
            self.down_since = None
        if not self.up["old"] and self.old_until is None:
            self.old_until = now
        if self.up["new"] and self.new_from is None:
            self.new_from = now
        if self.finish is None and self.counts() == Counts(0, 0, self.workload.after, 0):
            self.finish = now

    def outcome(self) -> Outcome:
        workload = self.workload
        least = 0 if workload.move == "new" else min(self.least, workload.after)
        if workload.falls_to is not None:
            least = min(least, workload.falls_to)
        down_for = self.down_for if self.down_since is None else None
        return Outcome(
            self.finish,
            least,
            self.longest_step,
            self.longest_wait,
            down_for,
            self.old_until,
            self.new_from,
            self.begun or 0.0,
        )
