"""All that is known of one environment's change, as the risks see it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from llmstack.kubernetes.pods import Identity, Object
from llmstack.kubernetes.replicas import Scalers
from llmstack.review.applied import Held
from llmstack.review.engine_change import EngineChange
from llmstack.review.facts import Facts
from llmstack.review.removed import Removed
from llmstack.review.result import GpuPool, ObjectChange
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.obstacles.case import Obstacle
from llmstack.review.rollout.placement import Fixed, PoolKey
from llmstack.review.rollout.play import Played
from llmstack.review.rollout.times import Times
from llmstack.review.rollout.workload import Workload
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.breaks import Break


@dataclass(frozen=True, slots=True)
class Assessment:
    """The changes, the rollouts they cause, and how these go. Pairs are before and after."""

    changes: tuple[ObjectChange, ...]
    after: Sequence[Object]
    workloads: tuple[Workload, ...]
    times: Times
    verdicts: Mapping[PoolKey, Verdict]
    fixed: Fixed
    owned: tuple[Scalers, Scalers]
    facts: tuple[Facts, Facts]
    refused: frozenset[Identity]
    """The objects whose change the API refuses."""
    engines: tuple[EngineChange, ...] = ()
    """Models whose engine changes, and what becomes of it."""
    before: Sequence[Object] = ()
    breaks: tuple[Break, ...] = ()
    """Ways in that are gone for a while or for good."""
    obstacles: Mapping[Identity, Sequence[Obstacle]] = field(default_factory=dict)
    """What keeps new pods from starting."""
    most: Played | None = None
    """The same with scalers at their most, where that is more than their least."""
    near: Surroundings = field(default_factory=Surroundings)
    """The rest of the environment's cluster. `workloads` has those of its other environments too."""
    removed: tuple[Removed, ...] = ()
    gpus: tuple[GpuPool, ...] = ()
    held: tuple[tuple[ObjectChange, Held], ...] = ()
    """Changes that the sync tool does not apply, and why."""
    latent: Mapping[Identity, Sequence[Obstacle]] = field(default_factory=dict)
    """What keeps the next pods from starting of workloads that stay as they are."""
    leaving: Fixed = field(default_factory=dict)
    """Pods beyond all replicas that hold GPUs now, and leave sooner or later."""
    blind: Mapping[PoolKey, Verdict] = field(default_factory=dict)
    """Verdicts that priorities change, as they were without."""
