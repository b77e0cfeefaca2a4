"""What a review knows besides the objects: capacity, load times and acknowledgements, from the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from fractions import Fraction

from msgspec import Struct, field

from llmstack.facts.cluster import EXISTS, ClusterFacts, NodeGroup
from llmstack.kubernetes.pods import Identity


class Pool(Struct, frozen=True):
    """GPUs that an environment may use: `count` of `resource`, on nodes of `per_node` that carry `node_selector`."""

    name: str
    resource: str
    count: int
    per_node: int | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    price: Fraction | None = None
    """Of one GPU for an hour."""
    nodes: tuple[int, ...] | None = None
    """GPUs on each node that takes pods, those of other tenants left out; None: as `count` and `per_node` say."""
    closed: tuple[int, ...] = ()
    """GPUs on each node that takes no further pods: what runs there stays."""
    groups: tuple[NodeGroup, ...] = ()
    """What facts know of its nodes."""
    whole: int | None = None
    """All its GPUs, those included that `count` leaves out; None where `count` is all."""
    learned: bool = False
    """Whether no values declare it."""
    mixed: bool = False
    """Whether its pods may not all run on the same nodes of it: who fits where cannot be judged."""

    @property
    def told(self) -> str:
        """How many GPUs it has for us, and why not more: `12 of 16 (4 are held by other tenants)`."""
        if self.whole is None or self.whole <= self.count:
            return str(self.count)
        held = sum(group.per_node * len(group.nodes) - sum(group.nodes) for group in self.groups)
        closed = sum(self.closed)
        barred = self.whole - self.count - held - closed
        reasons = (
            (held, "held by other tenants"),
            (closed, "on nodes that take no pods"),
            (barred, "on nodes that do not let its pods in"),
        )
        why = ", ".join(f"{number} {reason}" for number, reason in reasons if number > 0)
        return f"{self.count} of {self.whole} ({why})" if why else str(self.count)

    device_classes: frozenset[str] = frozenset()
    """The DeviceClasses by which pods claim these GPUs (DRA)."""

    @property
    def may_be_devices(self) -> bool:
        """Whether pods may claim its GPUs, instead of asking for the resource, as far as is known."""
        return bool(self.device_classes) or not self.groups or any(group.devices for group in self.groups)


class Acknowledgement(Struct, frozen=True):
    """A risk that somebody accepted: it stays visible and stops failing, up to and including `until`."""

    risk: str
    object: str
    """`Kind/name`, or a name alone."""
    until: date | None
    reason: str
    up_to: int | None = None
    """The amount that is accepted, in the risk's unit; None for any."""


class Stale(Struct, frozen=True):
    """Facts of a cluster that are older than they may be, in days."""

    cluster: str
    age: int
    most: int


class ForeseenLoad(Struct, frozen=True):
    """Seconds of a load that nobody measured: `least` for certain, since the weights must be read; `low` to `high`
    where published starts bear that out, else None."""

    least: int
    low: int | None = None
    high: int | None = None


class Present(Struct, frozen=True):
    """What runs of a workload at one moment: the replicas that are asked for, those of them that serve, those that are
    of its newest template, and the pods beyond them that hold their GPUs still: of a surge, or terminating."""

    replicas: int
    available: int
    updated: int
    beyond: int = 0


class Facts(Struct, frozen=True):
    """Facts of one environment at one revision.

    `load_seconds` and `pool_of` are by model name.
    """

    pools: tuple[Pool, ...] = ()
    load_seconds: Mapping[str, int] = field(default_factory=dict)
    foreseen_loads: Mapping[str, ForeseenLoad] = field(default_factory=dict)
    """By model name, where the load was not measured: what the size of the weights and published starts tell of it."""
    pool_of: Mapping[str, str] = field(default_factory=dict)
    loads_of: Mapping[str, int] = field(default_factory=dict)
    """Load times in seconds by the name of the workload, where no values name its model."""
    acknowledgements: tuple[Acknowledgement, ...] = ()
    sync_timeout_seconds: Mapping[str, int] = field(default_factory=dict)
    """By model name: the time the sync tool waits for the model's unit."""
    moved_from: Mapping[str, str] = field(default_factory=dict)
    """The former name of a model, by its name now."""
    currency: str | None = None
    """Of the pools' prices."""
    cluster: ClusterFacts | None = None
    """What is known of the environment's cluster besides."""
    stale: Stale | None = None
    """Where that is too old."""
    present: Mapping[Identity, Present] = field(default_factory=dict)
    """What runs now of the environment's workloads, where somebody looked."""
    claim_modes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Access modes of claims that are there already, by name, where the values say them."""
    existing: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of what the cluster has, as `gitops.existing` says."""
    device_claims: Mapping[tuple[str, str, str], Mapping[str, int] | None] = field(default_factory=dict)
    """The devices that each claim among the objects asks for (`kubernetes.devices.read_claims`)."""
    shared_claims: Mapping[Identity, tuple[tuple[str | None, str], int]] = field(default_factory=dict)
    """Of claims that pods share before a change and after it: the pool and its resource, and how many devices of it."""
    stated_version: str | None = None
    """Kubernetes' version as the values state it; None where they leave the default."""
    recipients: tuple[str, ...] = ()
    """Who can read the secrets of the repository, or gives them to the cluster: age recipients, a store, a
    certificate."""

    @property
    def kubernetes_version(self) -> str | None:
        """Kubernetes' version (`1.34`): as it was seen in the cluster, else as the values state it."""
        seen = self.cluster.versions.get("kubernetes") if self.cluster is not None else None
        return seen or self.stated_version

    @property
    def is_unsettled(self) -> bool:
        """Whether what is known of the cluster's nodes is too old, or without what others hold of them: then that there
        is room cannot be said."""
        return self.stale is not None or (self.cluster is not None and self.cluster.blind)

    def known_names(self, *kinds: str) -> frozenset[str] | None:
        """The names of all objects of some kinds that the cluster was seen to have; None where nobody looked."""
        exists = self.cluster.exists if self.cluster is not None else {}
        found = [exists[key] for key, kind in EXISTS.items() if kind in kinds and key in exists]
        return frozenset(name for names in found for name in names) if found else None


def names_of(model: str | None, moved_from: Mapping[str, str]) -> frozenset[str]:
    """The names that a model goes by: its own, and its former one where the values say that it was renamed; none of
    what serves no model."""
    return frozenset(filter(None, (model, moved_from.get(model or ""))))
