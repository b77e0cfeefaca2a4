"""What keeps a new pod from starting beside GPUs: volumes, nodes, other pods, classes, quotas."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.access_modes import mounts_in_one_pod, mounts_on_one_node
from llmstack.kubernetes.pods import Object, pod_labels, pod_templates, value_at
from llmstack.kubernetes.quotas import amounts_in, defaults_of, pods_of, selects, used
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.known_nodes import refusals
from llmstack.review.rollout.nodes import node_sizes
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.workload import Workload

HOSTNAME = "kubernetes.io/hostname"
BUILT_IN = frozenset(("system-cluster-critical", "system-node-critical"))
"""PriorityClasses that every cluster has (Kubernetes documentation, "Pod Priority and Preemption")."""
_GENTLE = "Set maxSurge 0 and maxUnavailable 1 (a replica less is ready meanwhile)."


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why a rollout may wait for ever; `certain`: it does, whatever the cluster is like."""

    message: str
    advice: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Case:
    """A workload after the change, its pod, and the whole that it is in."""

    workload: Workload
    obj: Object
    template: Mapping[str, Any]
    pool: Pool | None

    @property
    def pod(self) -> Mapping[str, Any]:
        spec: Mapping[str, Any] = self.template.get("spec") or {}
        return spec

    @property
    def most(self) -> int:
        """The pods that the rollout cannot do without at one time."""
        surge = 1 if self.workload.held_up else 0
        return self.workload.after + surge

    @property
    def nodes(self) -> list[int] | None:
        """The GPUs of each node that the pods may be on; None where that is not known."""
        if self.pool is None or (self.pool.per_node is None and self.pool.count > 1):
            return None
        return node_sizes(self.pool)


def find_obstacles(workloads: Sequence[Workload], after: Sequence[Object], facts: Facts) -> dict[str, list[Obstacle]]:
    """Return what stands in the way of each workload's new pods, by `Kind/name`; nothing where nothing is known to."""
    moving = {
        (each.kind, each.namespace, each.name): each for each in workloads if each.after and each.move != "remove"
    }
    pools: dict[PoolKey, Pool] = {(pool.name, pool.resource): pool for pool in facts.pools}
    found: dict[str, list[Obstacle]] = {}
    cases = []
    for obj in after:
        workload = moving.get((str(obj.get("kind")), str(value_at(obj, "metadata", "namespace") or ""), _name(obj)))
        template = next((each for _, each in pod_templates(dict(obj))), None) if workload is not None else None
        if workload is not None and template is not None:
            pool = pools.get(workload.new.pool) if workload.new is not None and workload.new.pool is not None else None
            cases.append(_Case(workload, obj, template, pool))
    for case in cases:
        for rule in (_volumes, _pinned, _known_nodes, _apart, _priority):
            found.setdefault(case.workload.key, []).extend(rule(case, after))
    for key, obstacle in _quotas(cases, after):
        found.setdefault(key, []).append(obstacle)
    return {key: obstacles for key, obstacles in found.items() if obstacles}


def _name(obj: Object) -> str:
    return str(value_at(obj, "metadata", "name"))


def _volumes(case: _Case, after: Sequence[Object]) -> Iterator[Obstacle]:
    """A claim that one node mounts, and pods that may be on two (Kubernetes documentation, "Persistent Volumes", access
    modes; the attach controller reports Multi-Attach)."""
    if case.most < 2 or (case.workload.before == case.workload.after and not case.workload.held_up):
        return
    claims = {
        str(value_at(volume, "persistentVolumeClaim", "claimName"))
        for volume in case.pod.get("volumes") or ()
        if value_at(volume, "persistentVolumeClaim", "claimName")
    }
    for obj in after:
        if obj.get("kind") != "PersistentVolumeClaim" or _name(obj) not in claims:
            continue
        if str(value_at(obj, "metadata", "namespace") or "") != case.workload.namespace:
            continue
        modes = value_at(obj, "spec", "accessModes") or ()
        one_node = case.nodes is not None and len(case.nodes) == 1
        if mounts_in_one_pod(modes) or (mounts_on_one_node(modes) and not one_node):
            yield _held_volume(case, _name(obj), certain=mounts_in_one_pod(modes))


def _held_volume(case: _Case, claim: str, *, certain: bool) -> Obstacle:
    mode = "ReadWriteOncePod, so one pod mounts it" if certain else "ReadWriteOnce, so the pods of one node mount it"
    if case.workload.held_up:
        where = "" if certain else " on another node"
        stays = "and the old one stays until it is ready"
        message = f"claim `{claim}` is {mode}: a new pod{where} waits in ContainerCreating, {stays}"
        return Obstacle(message, _GENTLE, certain)
    where = "" if certain else " on another node"
    message = f"claim `{claim}` is {mode}: a further replica{where} waits in ContainerCreating"
    return Obstacle(message, "Run one replica, or use a claim that is ReadWriteMany or ReadOnlyMany.", certain)


def _pinned(case: _Case, after: Sequence[Object]) -> Iterator[Obstacle]:
    """Pods that one node must hold all (`nodeName`, or its name in the selector).

    With `nodeName` the scheduler is passed by, and the kubelet rejects what does not fit (OutOf…,
    pkg/kubelet/lifecycle/predicate.go): the ReplicaSet makes another, for ever.
    """
    node = case.pod.get("nodeName") or value_at(case.pod, "nodeSelector", HOSTNAME)
    template = case.workload.new
    if not node or template is None or not template.total or case.pool is None:
        return
    room = case.pool.per_node or case.pool.count
    needed = case.most * template.total
    if needed > room:
        fate = "the kubelet rejects the pod, again and again" if case.pod.get("nodeName") else "the pod stays Pending"
        message = f"all pods are on node `{node}`, which has {room} GPUs, and {needed} are needed at a time: {fate}"
        fits = case.workload.after * template.total <= room
        yield Obstacle(message, _GENTLE if fits else "Take the name of the node away, or run fewer replicas.", True)


def _known_nodes(case: _Case, after: Sequence[Object]) -> Iterator[Obstacle]:
    """Nodes that facts know, and that take no such pod, or not so many."""
    gpus = max(case.workload.new.gpus, default=0) if case.workload.new is not None else 0
    if case.workload.move == "restart" or case.workload.after > case.workload.before:
        for message, advice in refusals(case.pod, case.pool, gpus, case.most):
            yield Obstacle(message, advice, True)


def _apart(case: _Case, after: Sequence[Object]) -> Iterator[Obstacle]:
    """Pods that must be on a node each: a required anti-affinity to their own labels, or a port of the host."""
    reason = "anti-affinity" if _keeps_apart(case) else "a port of the host" if _host_ports(case.pod) else None
    if reason is None or case.nodes is None or case.most <= len(case.nodes):
        return
    message = (
        f"{reason} allows one of the pods on a node: {case.most} are needed at a time, and pool "
        f"`{case.pool.name if case.pool else ''}` has {len(case.nodes)} nodes"
    )
    fits = case.workload.after <= len(case.nodes)
    yield Obstacle(message, _GENTLE if fits else "Run fewer replicas, or make the rule a preferred one.", True)


def _keeps_apart(case: _Case) -> bool:
    terms = value_at(case.pod, "affinity", "podAntiAffinity", "requiredDuringSchedulingIgnoredDuringExecution") or ()
    labels = pod_labels(dict(case.template)).items()
    return any(
        term.get("topologyKey") == HOSTNAME
        and term.get("labelSelector")
        and not term["labelSelector"].get("matchExpressions")
        and (term["labelSelector"].get("matchLabels") or {}).items() <= labels
        for term in terms
    )


def _host_ports(pod: Mapping[str, Any]) -> bool:
    ports = [port for container in pod.get("containers") or () for port in container.get("ports") or ()]
    return any(port.get("hostPort") for port in ports) or (pod.get("hostNetwork") is True and bool(ports))


def _priority(case: _Case, after: Sequence[Object]) -> Iterator[Obstacle]:
    """A PriorityClass that nobody here makes: the admission plugin Priority refuses the pod
    (plugin/pkg/admission/priority/admission.go)."""
    name = case.pod.get("priorityClassName")
    if not name or name in BUILT_IN or case.workload.move == "scale":
        return
    if any(obj.get("kind") == "PriorityClass" and _name(obj) == name for obj in after):
        return
    message = f"PriorityClass `{name}` is made by nothing here: unless the cluster has it, every new pod is refused"
    yield Obstacle(message, "Add the PriorityClass to `extraObjects`, or see that the cluster has it.", False)


def _quotas(cases: Sequence[_Case], after: Sequence[Object]) -> Iterator[tuple[str, Obstacle]]:
    """Pods that a ResourceQuota among the objects refuses: those of the goal, or the one that a rollout needs before it
    releases any (pkg/quota/v1/evaluator/core/pods.go)."""
    for quota in after:
        if quota.get("kind") != "ResourceQuota":
            continue
        namespace = value_at(quota, "metadata", "namespace")
        inside = [obj for obj in after if value_at(obj, "metadata", "namespace") == namespace]
        for case in cases:
            if case.workload.namespace == str(namespace or ""):
                yield from ((case.workload.key, obstacle) for obstacle in _refused_by(quota, case, inside))


def _refused_by(quota: Object, case: _Case, inside: Sequence[Object]) -> Iterator[Obstacle]:
    """The first limit of a quota that a workload's pods meet, `inside` the objects of the namespace."""
    defaults = defaults_of(inside)
    if not selects(quota, case.pod, defaults):
        return
    hard = amounts_in(value_at(quota, "spec", "hard"))
    totals = _totals(quota, inside)
    extra = 1 if case.workload.held_up else 0
    for name, amount in used(case.pod, defaults).items():
        if name in hard and amount and totals[name] + extra * amount > hard[name]:
            yield _over_quota(quota, name, totals[name] <= hard[name])
            return


def _totals(quota: Object, inside: Sequence[Object]) -> defaultdict[str, Fraction]:
    """What all pods of a namespace that a quota selects count for, by its names."""
    defaults = defaults_of(inside)
    totals: defaultdict[str, Fraction] = defaultdict(Fraction)
    for pods in pods_of(obj for obj in inside if is_counted(str(obj.get("kind"))) or "scaleTargetRef" in _spec(obj)):
        if selects(quota, pods.spec, defaults):
            for name, amount in used(pods.spec, defaults).items():
                totals[name] += amount * pods.number
    return totals


def _spec(obj: Object) -> Mapping[str, Any]:
    spec = obj.get("spec")
    return spec if isinstance(spec, Mapping) else {}


def _over_quota(quota: Object, name: str, fits: bool) -> Obstacle:
    what = "no room for one more pod before an old one goes" if fits else "less than all pods take"
    message = f"ResourceQuota `{_name(quota)}` leaves {what} (`{name}`): the API server refuses it"
    return Obstacle(message, _GENTLE if fits else "Raise the quota, or run fewer replicas.", True)
