"""What rollouts and pools are said to do. Durations are seconds, GPU figures are counts of the named resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct, field

from llmstack.kubernetes.pods import Identity

Why = Literal["restart", "scale", "new"]
Phase = Literal["ready", "waiting", "loading", "terminating"]
Basis = Literal["exact", "bound", "assumed"]
"""Whether a figure is what will be, the end of an interval, or rests on what nobody said."""
Figure = Literal["seconds", "peak", "minReady"]


class Failure(Struct, frozen=True):
    """What is left when the new pods of a rollout never become ready."""

    ready_left: int
    gpus_held: int
    seconds_back: int | None = None
    """At most until the replicas of before are ready again once the change is taken back; None where the load time is
    not known, there was nothing before, or somebody has to lend a hand."""


class Rollout(Struct, frozen=True):
    """One workload whose pods change. `seconds` is None when it never ends or the load time is unknown;
    then `seconds_min` and `seconds_max` bound it where something is known."""

    kind: str
    name: str
    model: str | None
    why: Why
    replicas: int | None
    """None where there is one to a node, and nobody says how many nodes; then so are surge, unavailable and ready."""
    gpus_per_replica: int
    resource: str
    pool: str | None
    max_surge: int | None
    max_unavailable: int | None
    min_ready: int | None
    seconds: int | None
    seconds_min: int | None
    seconds_max: int | None
    seconds_max_without: tuple[str, ...] = ()
    """What `seconds_max` leaves out: where the load time is not known it is by the probes, which count from the start
    of the container and end the first try."""
    replicas_min: int | None = None
    replicas_max: int | None = None
    """`replicas` where nothing scales them."""
    if_it_fails: Failure | None = None
    basis: Mapping[Figure, Basis] = field(default_factory=dict)
    namespace: str = ""
    former: str | None = None
    """Whose place it takes, where it is new and another one goes for it: a model, else `Kind/name`."""
    is_race: bool = False
    """Whether it finishes where its pods come first, and else never: one of several, of which one never does."""

    @property
    def identity(self) -> Identity:
        """Kind, namespace and name, by which it is told from others of its name."""
        return self.kind, self.namespace, self.name


class PodPhase(Struct, frozen=True):
    """A stretch of one pod's life in the predicted rollout, for the timeline."""

    workload: Identity
    pod: str
    revision: Literal["old", "new"]
    phase: Phase
    start: float
    end: float
    gpus: int
    pool: str | None
    resource: str = ""


class Demand(Struct, frozen=True):
    """What a pool is asked for from a second on, by the clock of the timeline."""

    second: float
    bound: int
    """GPUs of pods that load or serve."""
    waiting: int = 0
    """GPUs that pods wait for."""
    terminating: int = 0
    """GPUs that pods which terminate still hold; no part of the peak."""


class GpuPool(Struct, frozen=True):
    """GPUs of one pool before, after and at the peak; None where no capacity is declared."""

    pool: str | None
    resource: str
    capacity: int | None
    before: int
    after: int
    peak: int
    deadlock: bool | None
    certain: bool | None
    demand: tuple[Demand, ...] = ()
    """Over time, in the likeliest order; none where no pod of it changes, or they are too many to be told apart."""
    before_max: int | None = None
    """This and the two below: with all scalers at their most, where that is more than their least."""
    after_max: int | None = None
    peak_max: int | None = None
    uncounted: bool = False
    """Whether pods take GPUs of it beside these of which no manifest says how many there are, or when: Jobs that were
    there before, CronJobs, DaemonSets, those of custom resources."""
