"""The result of a review, as plain frozen data: what every report and the JSON contract are made from.

Durations are seconds, GPU figures are counts of the named resource, paths are dotted with list items by their key:
`spec.template.spec.containers[vllm].args[--max-model-len]`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Literal

from llmstack.finding import Finding, Severity
from llmstack.kubernetes.pods import Identity, told
from llmstack.kubernetes.schema import Problem
from llmstack.review.cost import Cost, Unserved
from llmstack.review.engine_change import EngineChange
from llmstack.review.removed import Removed
from llmstack.review.wave import Wave
from llmstack.review.ways_in.way import WayIn
from llmstack.sync.side import OwnerChange

Action = Literal["add", "change", "remove"]
Why = Literal["restart", "scale", "new"]
Phase = Literal["ready", "waiting", "loading", "terminating"]


@dataclass(frozen=True, slots=True)
class Change:
    """One field that differs; None where the field is not there on that side."""

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object that is added, changed or removed between the two trees.

    `restarts` is true on workloads whose stored pod template changes; `causes` are the paths that do it.
    `before` and `after` are the whole objects, for rendered differences.
    """

    api_version: str
    kind: str
    namespace: str
    name: str
    unit: str
    action: Action
    changes: tuple[Change, ...]
    restarts: bool
    causes: tuple[str, ...]
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    unread: tuple[Problem, ...] = ()
    """What the API server cannot read of the object after, and `after` is without."""

    @property
    def key(self) -> str:
        """`Kind/name`, as it is told."""
        return told(self.identity)

    @property
    def identity(self) -> Identity:
        """Kind, namespace and name, by which it is told from others of its name."""
        return self.kind, self.namespace, self.name

    @property
    def full_identity(self) -> tuple[str, str, str, str]:
        """The same with the API group before it (`compare.identify`)."""
        return self.api_version.rpartition("/")[0], *self.identity


Basis = Literal["exact", "bound", "assumed"]
"""Whether a figure is what will be, the end of an interval, or rests on what nobody said."""


Figure = Literal["seconds", "peak", "minReady"]


@dataclass(frozen=True, slots=True)
class Failure:
    """What is left when the new pods of a rollout never become ready."""

    ready_left: int
    gpus_held: int
    seconds_back: int | None = None
    """At most until the replicas of before are ready again once the change is taken back; None where the load time is
    not known, there was nothing before, or somebody has to lend a hand."""


@dataclass(frozen=True, slots=True)
class Rollout:
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

    @property
    def identity(self) -> Identity:
        """Kind, namespace and name, by which it is told from others of its name."""
        return self.kind, self.namespace, self.name


@dataclass(frozen=True, slots=True)
class PodPhase:
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


@dataclass(frozen=True, slots=True)
class Demand:
    """What a pool is asked for from a second on, by the clock of the timeline."""

    second: float
    bound: int
    """GPUs of pods that load or serve."""
    waiting: int = 0
    """GPUs that pods wait for."""
    terminating: int = 0
    """GPUs that pods which terminate still hold; no part of the peak."""


@dataclass(frozen=True, slots=True)
class GpuPool:
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


@dataclass(frozen=True, slots=True)
class Risk:
    """Something that may go wrong, with what to do about it."""

    id: str
    """One of `RISKS` in risks/table.py."""
    severity: Severity
    object: str
    """`Kind/name`."""
    message: str
    advice: str
    place: str | None = None
    """`values/prod.yaml:12`: where the repository states what it is about, for those that know the files to say."""
    acknowledged: bool = False
    amount: int | None = None
    """How much of it there is, in the unit that its page names; None where it is no amount, or not known."""
    accepted: str = ""
    """What the acknowledgement says: its reason, its last day, the amount that it covers."""
    model: str | None = None
    """The model that its object serves."""
    path: str = ""
    """The field of its object that it is about, as changes spell it; the empty string for the whole."""
    file: str = ""
    """The file of clusters/ that states its object, where no unit of an environment has it."""


@dataclass(frozen=True, slots=True)
class Sources:
    """What is known of a cluster beside the values, and of which day."""

    file: str | None
    """Of facts/, where there is one."""
    day: date | None
    """On which the nodes in it were seen."""
    observed: date | None = None
    """Of the newest moment that `--observed` shows, which has the last word."""


@dataclass(frozen=True, slots=True)
class ClusterReview:
    """What changes in one cluster: pools that environments share, and who applies what."""

    environments: tuple[str, ...]
    gpus: tuple[GpuPool, ...]
    seconds: int | None
    """Until the last environment is done; None when one never is, or that is unknown."""
    sync: tuple[OwnerChange, ...] = ()
    risks: tuple[Risk, ...] = ()
    """Those of sync and of shared pools, each told once."""
    advice: tuple[str, ...] = ()
    """The safe order of commits, step by step."""
    foreign: tuple[str, ...] = ()
    """Changed files of the cluster's folder that llmstack did not write."""
    cost: Cost | None = None
    """None where no pool has a price."""
    waves: tuple[Wave, ...] = ()
    """Commits, in order, that get there where the change at once cannot finish or runs short at its peak."""
    facts: Sources | None = None
    """What is learned of the cluster, where rollouts in it are judged by that."""


@dataclass(frozen=True, slots=True)
class EnvironmentReview:
    """All that changes in one environment."""

    objects: tuple[ObjectChange, ...]
    rollouts: tuple[Rollout, ...]
    gpus: tuple[GpuPool, ...]
    risks: tuple[Risk, ...]
    timeline: tuple[PodPhase, ...] = ()
    seconds: int | None = 0
    """How long the whole change takes; None when it never ends or is unknown."""
    findings: tuple[Finding, ...] = ()
    """`stale-tree` and whatever else kept part of it from being read."""
    engines: tuple[EngineChange, ...] = ()
    """Models whose engine changes."""
    removed: tuple[Removed, ...] = ()
    """Workloads that go with nothing in their place."""
    unserved: tuple[Unserved, ...] = ()
    """What its rollouts hold without serving, by model and pool."""
    waves: tuple[Wave, ...] = ()
    """An order of commits that gets there where the whole cannot, or runs short: of all environments of its cluster."""
    ways: tuple[WayIn, ...] = ()
    """The ways in that are broken, for a while or for good."""


@dataclass(frozen=True, slots=True)
class RuleChange:
    """One rule that the change itself alters: what an environment acknowledges, declares, turns off, ignores, or what
    is learned."""

    kind: Literal["acknowledgement", "capacity", "check", "ignore", "facts"]
    environment: str
    """Empty for what holds for all of them."""
    text: str
    """What the change does, without its subject: `acknowledges gpu-deadlock at Deployment/x`."""
    place: str | None = None


@dataclass(frozen=True, slots=True)
class Review:
    """A comparison of two revisions, by environment."""

    from_revision: str
    to_revision: str
    """A commit's id, or `worktree`."""
    environments: Mapping[str, EnvironmentReview]
    clusters: Mapping[str, ClusterReview] = field(default_factory=dict)
    """By name; an environment that names no cluster is one of its own, `env:<name>`."""
    is_generated: bool = False
    """Whether the later side is what `gen` would write there, and not the files that are."""
    rules: tuple[RuleChange, ...] = ()
    """What the change does to the rules that reviews go by."""
    rules_from: str | None = None
    """The commit whose capacity, acknowledgements and facts this review goes by; None for those of the change."""
    only: str | None = None
    """The one environment that is told of; None for all."""

    def narrowed(self, environment: str) -> Review:
        """The review with what it says of one environment and of its clusters; both were judged with all the others."""
        return replace(
            self,
            environments={name: each for name, each in self.environments.items() if name == environment},
            clusters={home: each for home, each in self.clusters.items() if environment in each.environments},
            rules=tuple(rule for rule in self.rules if rule.environment in ("", environment)),
            only=environment,
        )

    def all_risks(self) -> Iterator[tuple[str, Risk]]:
        """Yield each risk once, with its environment, or the cluster in which none of them stands."""
        for name, environment in sorted(self.environments.items()):
            yield from ((name, risk) for risk in environment.risks)
        for name, cluster in sorted(self.clusters.items()):
            yield from ((name, risk) for risk in cluster.risks if not cluster.environments)

    def fails(self, level: str) -> bool:
        """Whether a risk of this severity, or a worse one, stands that nobody acknowledged.

        `level` is `error`, `warning` or `never`.
        """
        severities = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING)}.get(level, ())
        return any(risk.severity in severities and not risk.acknowledged for _, risk in self.all_risks())
