"""What no rollout meets now and the next one does: quotas, limits and classes that change under pods which stay.

Admission looks at a pod when it is made, and at no pod that runs (Kubernetes documentation, "Resource Quotas": what is
there already is not touched): what is taken away or tightened shows when a pod is replaced, by a rollout, an eviction,
or a node that goes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator

from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.kubernetes.replicas import model_of, replicas_of
from llmstack.kubernetes.workloads import is_counted, strategy_of
from llmstack.review.rollout.obstacles import admission, quotas
from llmstack.review.rollout.obstacles.case import Case, Obstacle, Scene, template_in
from llmstack.review.rollout.workload import Workload

KINDS = frozenset(("ResourceQuota", "LimitRange", "Namespace", "PriorityClass", "RuntimeClass", "ServiceAccount"))
"""What admission holds pods against."""
RULES: tuple[Callable[[Case], Iterator[Obstacle]], ...] = (admission.find, quotas.find)


def find_latent(scene: Scene, moving: Collection[Identity]) -> dict[Identity, list[Obstacle]]:
    """Return what stands in the way of the next pods of workloads that stay as they are: what did not before
    the change."""
    old, new = (
        {identity_of(obj): obj for obj in side if obj.get("kind") in KINDS} for side in (scene.before, scene.after)
    )
    touched = {key[1] for key in old.keys() | new.keys() if old.get(key) != new.get(key)}
    if not touched:
        return {}
    was = replace(scene, after=scene.before)
    before = {identity_of(obj): obj for obj in scene.before}
    found: dict[Identity, list[Obstacle]] = {}
    for obj in scene.after:
        identity = identity_of(obj)
        if identity in moving or identity not in before or not ({"", identity[1]} & touched):
            continue
        known = {each.message for each in _obstacles(before[identity], was)}
        latent = [each for each in _obstacles(obj, scene) if each.message not in known]
        if latent:
            found[identity] = latent
    return found


def _obstacles(obj: Object, scene: Scene) -> list[Obstacle]:
    """What a restart of a workload meets; nothing of what has no pods."""
    template = template_in(obj)
    replicas = replicas_of(obj, scene.owned) if is_counted(str(obj.get("kind"))) else 0
    if template is None or not replicas:
        return []
    surge, unavailable, recreate = strategy_of(obj, replicas)
    kind, namespace, name = identity_of(obj)
    workload = Workload(
        kind, name, model_of(obj), "restart", replicas, replicas, None, None, surge, unavailable, recreate,
        namespace=namespace,
    )  # fmt: skip
    case = Case(workload, obj, template, None, scene, obj)
    return [obstacle for rule in RULES for obstacle in rule(case)]
