"""What there is in an environment's cluster besides itself: the pods of others, the sync tool, who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmstack.kubernetes.pods import Object
from llmstack.review.rollout.placement import Fixed
from llmstack.review.rollout.workload import Workload
from llmstack.sync.changes import OwnerChange


@dataclass(frozen=True, slots=True)
class Brought:
    """An object that stands in the cluster's folder itself, where llmstack did not write it."""

    path: str
    before: Object | None
    after: Object


@dataclass(frozen=True, slots=True)
class PoolConflict:
    """Two declarations of GPU pools in one cluster that cannot both be right."""

    pool: str
    resource: str
    message: str


@dataclass(frozen=True, slots=True)
class Surroundings:
    """The cluster of one environment, as the review of that environment needs it."""

    environment: str = ""
    ahead: tuple[Workload, ...] = ()
    """Workloads of other environments that change, of those that come before this one by name."""
    behind: tuple[Workload, ...] = ()
    fixed: Fixed = field(default_factory=dict)
    """Pods of other environments that stay."""
    objects: tuple[tuple[str, Object], ...] = ()
    """What other environments run after the change, and their PriorityClasses, each with its environment."""
    sync: tuple[OwnerChange, ...] = ()
    """What becomes of the environment's units, and of the cluster's folder."""
    brought: tuple[Brought, ...] = ()
    conflicts: tuple[PoolConflict, ...] = ()
    goes: bool = False
    """Whether the environment is there no longer."""
    renamed_to: str | None = None
    """The new environment of the same cluster that has the same objects."""

    @property
    def others(self) -> frozenset[str]:
        """`Kind/environment/name` of the workloads of other environments."""
        return frozenset(workload.key for workload in (*self.ahead, *self.behind))

    @property
    def pruned(self) -> Mapping[tuple[str, str, str], OwnerChange]:
        """By kind, namespace and name: the objects that a sync tool deletes."""
        return {identity[1:]: change for change in self.sync for identity in change.gone}
