"""All that stands in the way of the pods of a change."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity, identity_of
from llmstack.review.facts import Pool
from llmstack.review.rollout.obstacles import (
    admission,
    apart,
    devices,
    nodes,
    probes,
    quotas,
    references,
    starting,
    together,
    unstated,
    volumes,
)
from llmstack.review.rollout.obstacles.case import Case, Obstacle, Scene, template_in
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.workload import Workload

RULES: tuple[Callable[[Case], Iterator[Obstacle]], ...] = (
    volumes.find,
    nodes.find,
    apart.find,
    together.find,
    admission.find,
    quotas.find,
    references.find,
    devices.find,
    unstated.find,
    probes.find,
    starting.find,
)


COUNTING: Collection[Callable[[Case], Iterator[Obstacle]]] = (volumes.find, nodes.find, apart.find, together.find)
"""Those that ask how many pods there are, of which a scaler may give more. (That of quotas does so itself.)"""


def find_obstacles(
    workloads: Sequence[Workload], scene: Scene, most: Sequence[Workload] = ()
) -> dict[Identity, list[Obstacle]]:
    """Return what stands in the way of each workload's new pods; nothing where nothing is known to. `most` are the
    workloads with scalers at their most: what they alone meet, the others may."""
    found: dict[Identity, list[Obstacle]] = {}
    scaled = {each.identity: each for each in most if each.replicas > scene.owned.get(each.identity, each.replicas)}
    for case in _cases(workloads, scene):
        raised = scaled.get(case.workload.identity)
        obstacles = [obstacle for rule in RULES for obstacle in _met(rule, case, raised)]
        if obstacles:
            found.setdefault(case.workload.identity, []).extend(obstacles)
    return found


def _met(rule: Callable[[Case], Iterator[Obstacle]], case: Case, raised: Workload | None) -> list[Obstacle]:
    """What a workload meets of a rule: where that is nothing, what it does with its scaler at the most."""
    found = list(rule(case))
    if found or raised is None or rule not in COUNTING:
        return found
    return [_at_most(obstacle) for obstacle in rule(replace(case, workload=raised))]


def _at_most(obstacle: Obstacle) -> Obstacle:
    return replace(
        obstacle,
        message=f"with its scaler at the most, {obstacle.message}",
        hangs="unknown" if obstacle.hangs == "unknown" else "sometimes",
        likely=obstacle.hangs != "unknown",
        room=None,
    )


def find_late(workloads: Sequence[Workload], scene: Scene) -> frozenset[Identity]:
    """Return the workloads whose new pods wait for quotas or volumes as others go, for how long nobody says."""
    cases = tuple(_cases(workloads, scene))
    return frozenset(volumes.late(cases)) | (quotas.late(cases, scene) if scene.quotas else frozenset())


def _cases(workloads: Sequence[Workload], scene: Scene) -> Iterator[Case]:
    moving = {each.identity: each for each in workloads if each.after and each.move != "remove"}
    was = {identity_of(obj): obj for obj in scene.before if identity_of(obj) in moving}
    pools: dict[PoolKey, Pool] = {(pool.name, pool.resource): pool for pool in scene.facts.pools}
    for obj in scene.after:
        workload = moving.get(identity_of(obj))
        template = template_in(obj) if workload is not None else None
        if workload is not None and template is not None:
            pool = pools.get(workload.new.pool) if workload.new is not None and workload.new.pool is not None else None
            yield Case(workload, obj, template, pool, scene, was.get(workload.identity))
