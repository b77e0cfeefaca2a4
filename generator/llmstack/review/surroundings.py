"""What there is in an environment's cluster besides itself: the pods of others, the sync tool, who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field

from llmstack.kubernetes.beyond_quotas import Beyond
from llmstack.kubernetes.pods import Identity, Object
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.queue import Queue
from llmstack.review.rollout.workload import Workload
from llmstack.review.shared_objects import Twin
from llmstack.review.ways_in.shared_hosts import Claim
from llmstack.sync import manifests
from llmstack.sync.policies import Tool, is_kept
from llmstack.sync.side import OwnerChange


class Brought(Struct, frozen=True):
    """An object that stands in the cluster's folder itself, where llmstack did not write it."""

    path: str
    before: Object | None
    after: Object


class Untold(Struct, frozen=True):
    """A unit that could not be built as it was before the change: what its objects were is not known."""

    unit: str
    reason: str
    objects: tuple[Object, ...]
    """What it builds to now."""


class PoolConflict(Struct, frozen=True):
    """Two declarations of GPU pools in one cluster that cannot both be right."""

    pool: str
    resource: str
    message: str
    is_new: bool = False
    """Whether the declarations before the change did not have it."""


class Neighbours(Struct, frozen=True):
    """What the other environments of a cluster have in its pools."""

    ahead: tuple[Workload, ...] = ()
    """Workloads that change, of those that come before this one by name."""
    behind: tuple[Workload, ...] = ()
    fixed: Fixed = field(default_factory=dict)
    """Pods that stay."""
    uncounted: tuple[Object, ...] = ()
    """What runs pods that no manifest counts: Jobs, what has one on each node."""


class Surroundings(Struct, frozen=True):
    """The cluster of one environment, as the review of that environment needs it."""

    environment: str = ""
    neighbours: Neighbours = field(default_factory=Neighbours)
    """The other environments, their scalers at their least."""
    most: Neighbours | None = None
    """The same with their scalers at their most; None where that is their least."""
    fewest: Neighbours | None = None
    """The same with what their scalers let sleep at zero; None where that is their least."""
    objects: tuple[tuple[str, Object], ...] = ()
    """What other environments run after the change, and their PriorityClasses, each with its environment."""
    ran: tuple[Object, ...] = ()
    """Of an environment that is new: what the others ran before the change, those too that go."""
    sync: tuple[OwnerChange, ...] = ()
    """What becomes of the environment's units, and of the cluster's folder."""
    brought: tuple[Brought, ...] = ()
    queue: Queue = field(default_factory=Queue)
    """The units that the sync tool works on a few at a time."""
    hurried: tuple[tuple[Object, float], ...] = ()
    """What is in units whose owner waits less long than before until it is healthy, and for how many seconds."""
    stopped: frozenset[str] = frozenset()
    """The environment's units of which nothing is applied."""
    keeping: frozenset[str] = frozenset()
    """Those whose owner deletes nothing that leaves them."""
    going: Mapping[str, Tool] = field(default_factory=dict)
    """Those whose owner goes with what it applied, each with its tool."""
    synced_by_argo: frozenset[str] = frozenset()
    """Those that Argo CD applies."""
    client_side: frozenset[str] = frozenset()
    """Those that it does not apply on the server's side."""
    forcing: frozenset[str] = frozenset()
    """Those whose owner makes anew what the API refuses to change."""
    ignoring: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    """By unit: rules of its owner on fields that it leaves as they are (`sync/ignored.py`)."""
    unseen: frozenset[str] = frozenset()
    """The environment's units whose owner follows from now on what this repository does not hold."""
    lost: frozenset[manifests.Identity] = frozenset()
    """Objects that the sync tool deletes, and that no unit applies again."""
    loose: tuple[tuple[Object, ...], tuple[Object, ...]] = ((), ())
    """What stands in the cluster's folder itself, in no unit, and bounds what the environment runs: before and
    after."""
    conflicts: tuple[PoolConflict, ...] = ()
    claims: tuple[Claim, ...] = ()
    """The hosts that its other environments claim."""
    twins: tuple[Twin, ...] = ()
    """Objects that the environment changes, and that others of the cluster state too."""
    untold: tuple[Untold, ...] = ()
    """The environment's units of which nobody can tell what they were."""
    linked: tuple[str, ...] = ()
    """Symbolic links that the change brings to what people build on, where Flux builds it."""
    default_class: str | None = None
    """The cluster's default StorageClass, where facts know it."""
    beyond: Mapping[Identity, Beyond] = field(default_factory=dict)
    """Objects that come, or count for more, and exceed a ResourceQuota of the environment."""
    undefined: frozenset[str] = frozenset()
    """API groups of objects that come, which neither the cluster nor the change defines."""
    goes: bool = False
    """Whether the environment is there no longer."""
    leaves: bool = False
    """Whether this is the cluster that the environment leaves for another one."""
    has_values: bool = True
    """Whether values made the objects: advice names their keys, else the fields of the objects."""
    renamed_to: str | None = None
    """The new environment of the same cluster that has the same objects."""

    def is_kept(self, unit: str, obj: Object) -> bool:
        """Whether an object that leaves its unit stays in the cluster by its annotation."""
        tool = self.going.get(unit)
        return is_kept(obj, tool, with_owner=tool is not None)

    @property
    def others(self) -> frozenset[Identity]:
        """The workloads of other environments, as they are named here: their environment before their name."""
        there = (self.neighbours, *(() if self.most is None else (self.most,)))
        return frozenset(workload.identity for each in there for workload in (*each.ahead, *each.behind))

    @property
    def pruned(self) -> Mapping[tuple[str, str, str], OwnerChange]:
        """By kind, namespace and name: the objects that a sync tool deletes."""
        return {identity[1:]: change for change in self.sync for identity in change.gone}
