"""All that is known of one environment's change, as the risks see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.kubernetes.replicas import replicas_of
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.applied import Applied
from llmstack.review.change import ObjectChange
from llmstack.review.engine_change import EngineChange
from llmstack.review.facts import Facts
from llmstack.review.forecast import GpuPool, Rollout
from llmstack.review.removed import Removed
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.obstacles.case import Obstacle, Scene
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.play import Played
from llmstack.review.rollout.workload import Workload
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.backends import Backends
from llmstack.review.ways_in.breaks import Break
from llmstack.sync.side import OwnerChange


class Assessment(Struct, frozen=True):
    """The changes, the rollouts they cause, and how these go. Pairs are before and after."""

    applied: Applied
    facts: tuple[Facts, Facts]
    near: Surroundings
    """The rest of the environment's cluster."""
    engines: tuple[EngineChange, ...]
    """Models whose engine changes, and what becomes of it."""
    least: Played
    """How it goes with scalers at their least."""
    most: Played | None
    """And at their most, where that is more."""
    rested: Played
    """And with what they let sleep at zero."""
    rollouts: tuple[Rollout, ...]
    gpus: tuple[GpuPool, ...]
    obstacles: Mapping[Identity, Sequence[Obstacle]]
    """What keeps new pods from starting."""
    scene: Scene
    """All that new pods may meet, for advice that is tried."""
    latent: Mapping[Identity, Sequence[Obstacle]]
    """What keeps the next pods from starting of workloads that stay as they are."""
    blind: Mapping[PoolKey, Verdict]
    """Verdicts that priorities change, as they were without."""
    removed: tuple[Removed, ...]
    breaks: tuple[Break, ...]
    """Ways in that are gone for a while or for good."""
    backends: Backends
    """What answers behind the Services of both sides, read once."""

    @property
    def changes(self) -> tuple[ObjectChange, ...]:
        """Those that arrive, and those that the API refuses."""
        return self.applied.changes

    @property
    def before(self) -> Sequence[Object]:
        return self.applied.before

    @property
    def after(self) -> Sequence[Object]:
        return self.applied.after

    @property
    def made_anew(self) -> Mapping[Identity, tuple[Object, OwnerChange]]:
        """Workloads of before that an owner deletes as it loses them, and that another one applies again."""
        pruned, there = self.near.pruned, {identity_of(each) for each in self.after} if self.near.pruned else set()
        found = ((identity_of(each), each) for each in self.before)
        return {
            key: (each, pruned[key])
            for key, each in found
            if key in pruned and key in there and is_lasting(key[0]) and replicas_of(each, self.least.owned[0])
        }

    @property
    def workloads(self) -> tuple[Workload, ...]:
        """Those whose pods change, of all environments of the cluster."""
        return self.least.workloads
