"""Nodes: pods that one of them must hold all, that must be apart, that need an even spread, or a node of a label that
no pool has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import value_at
from llmstack.review.rollout.known_nodes import refusals, refused_anywhere
from llmstack.review.rollout.obstacles.apart import is_alone
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.rollout.obstacles.neighbours import HOSTNAME
from llmstack.review.rollout.placement import pools_allowed
from llmstack.review.wording import plural

_DEFAULT_SCHEDULER = "default-scheduler"


def find(case: Case) -> Iterator[Obstacle]:
    """What of a workload's pods the nodes may not take."""
    yield from _pinned(case)
    known = list(_known(case))
    yield from known
    yield from _spread(case)
    if not known:
        yield from _nowhere(case)
        yield from _untolerated(case)
    yield from _unscheduled(case)


def _known(case: Case) -> Iterator[Obstacle]:
    """Nodes that facts know, and that take no such pod, or not so many."""
    new = case.workload.new
    if new is None or not (case.is_restart or case.workload.after > case.workload.before):
        return
    if not new.total and (refused := refused_anywhere(case.pod, case.scene.facts.cluster)) is not None:
        yield Obstacle(*refused, "always")
    for message, advice in refusals(case.pod, case.pool, max(new.gpus, default=0), case.most):
        yield Obstacle(message, advice, "always")


def _pinned(case: Case) -> Iterator[Obstacle]:
    """Pods that one node must hold all.

    With `nodeName` the scheduler is passed by, and the kubelet rejects what does not fit (OutOf…,
    pkg/kubelet/lifecycle/predicate.go): the ReplicaSet makes another, for ever.
    """
    node, template = node_of(case.pod), case.workload.new
    comes = case.makes_beside or case.is_restart
    if node is None or template is None or not template.total or case.pool is None or not comes:
        return
    room, others = case.pool.per_node or case.pool.count, _others_on(case, node)
    needed = case.most * template.total + others
    if needed > room:
        fate = "the kubelet rejects the pod, again and again" if case.pod.get("nodeName") else "the pod stays Pending"
        message = (
            f"all pods are on node `{node}`, which has {plural(room, 'GPU')}, and {needed} are needed at a time: {fate}"
        )
        fits = needed - (case.most - case.workload.replicas) * template.total <= room
        advice = case.gentler() if fits else "Take the name of the node away, or run fewer replicas."
        yield Obstacle(message, advice, "always", room=max(0, room - others) // template.total)
    elif node_of(case.pod_before) != node and needed + _perhaps_on(case) > room:
        message = (
            f"all pods are on node `{node}` from now on, and pods of other workloads that run there may leave it too "
            f"few of its {plural(room, 'GPU')}"
        )
        yield Obstacle(message, "See that the node is free for them before the merge.", "sometimes")


def _perhaps_on(case: Case) -> int:
    """GPUs of the pods of other workloads in the pool that no rule keeps to another node."""
    pool = case.workload.new.pool if case.workload.new is not None else None
    others = (each for each in case.scene.pods if each.identity != case.workload.identity and each.pool == pool)
    return sum(each.number * each.gpus for each in others if node_of(each.spec) is None)


def _others_on(case: Case, node: str) -> int:
    """GPUs of the pods of other workloads that the same node must hold."""
    return sum(each.number * each.gpus for each in case.other_pods() if node_of(each.spec) == node)


def node_of(pod: Mapping[str, Any]) -> str | None:
    """The one node that a pod may run on: by `nodeName`, by the selector, or by an affinity that has no other term."""
    name = pod.get("nodeName") or value_at(pod, "nodeSelector", HOSTNAME)
    terms = value_at(
        pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"
    )
    if not name and isinstance(terms, list) and len(terms) == 1:
        wanted = [*(terms[0].get("matchExpressions") or ()), *(terms[0].get("matchFields") or ())]
        for each in wanted:
            if each.get("key") in (HOSTNAME, "metadata.name") and each.get("operator") == "In":
                name = each["values"][0] if len(each.get("values") or ()) == 1 else name
    return str(name) if name else None


def _spread(case: Case) -> Iterator[Obstacle]:
    """A spread that must be even, where a pod is made before one of its own has made room.

    (kubernetes.io, "Pod Topology Spread Constraints".) On the nodes of a pool that the pods have for themselves the
    scheduler can always keep it even. How many zones there are, and what else is on the nodes, is not known.
    """
    moved = case.is_restart and _nodes_asked(case.pod) != _nodes_asked(case.pod_before)
    for each in case.pod.get("topologySpreadConstraints") or ():
        if each.get("whenUnsatisfiable") != "DoNotSchedule" or case.most < 2 or not (case.makes_beside or moved):
            continue
        key = str(each.get("topologyKey"))
        if key == HOSTNAME and case.nodes is not None and is_alone(case):
            per_node = -(-case.most // (len(case.nodes) or 1))
            if case.workload.new is None or per_node * case.workload.new.total <= min(case.nodes, default=0):
                continue
        message = (
            f"the pods must be spread evenly over `{key}` (DoNotSchedule), and what is free in each is not known: a "
            "new pod waits where the one that may take it has no room"
        )
        yield Obstacle(message, case.make_room(), "unknown", likely=False)


def _nodes_asked(pod: Mapping[str, Any]) -> tuple[Any, ...]:
    return pod.get("nodeName"), pod.get("nodeSelector") or None, value_at(pod, "affinity", "nodeAffinity")


def _nowhere(case: Case) -> Iterator[Obstacle]:
    """Pods that begin to ask for nodes which no declared pool has, or only a part of theirs."""
    template = case.workload.new
    if template is None or template.pool is None or _nodes_asked(case.pod) == _nodes_asked(case.pod_before):
        return
    pools = [pool for pool in case.scene.facts.pools if pool.resource == template.pool[1]]
    if template.pool[0] is None and pools and not pools_allowed(case.pod, pools):
        names = ", ".join(f"`{pool.name}`" for pool in pools)
        message = f"none of the declared pools ({names}) has the nodes that the pods ask for: they stay Pending"
        advice = "Correct the node selector or affinity, or declare the pool in gitops.capacity."
        yield Obstacle(f"{message} unless there are others", advice, "unknown")
    elif case.pool is not None and case.was is not None:
        before = case.pod_before.get("nodeSelector") or {}
        asked = (case.pod.get("nodeSelector") or {}).items() - before.items() - case.pool.node_selector.items()
        labels = ", ".join(sorted(f"`{key}={value}`" for key, value in asked if key != HOSTNAME))
        if labels:
            message = f"the pods begin to ask for nodes with {labels}, and how many of pool `{case.pool.name}` have it"
            advice = "Declare these nodes as a pool of their own in gitops.capacity."
            yield Obstacle(f"{message} is not known", advice, "unknown", likely=False)


def _untolerated(case: Case) -> Iterator[Obstacle]:
    """A toleration that is taken away: nodes with that taint take no new pod (kubernetes.io, "Taints and
    Tolerations")."""
    if case.was is None or not case.is_restart:
        return
    kept = case.pod.get("tolerations") or ()
    gone = [each for each in case.pod_before.get("tolerations") or () if not any(_covers(one, each) for one in kept)]
    for each in gone:
        if each.get("effect") != "PreferNoSchedule":
            taint = "=".join(str(each[field]) for field in ("key", "value") if each.get(field)) or "any taint"
            message = f"the toleration of `{taint}` is taken away: a node with that taint takes no new pod"
            advice = "Keep the toleration, unless no node that the pods need has the taint."
            yield Obstacle(message, advice, "unknown", likely=False)


def _covers(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a toleration tolerates all that another one does."""
    if one.get("effect") and one.get("effect") != other.get("effect"):
        return False
    if one.get("operator") == "Exists":
        return not one.get("key") or one.get("key") == other.get("key")
    same = all(one.get(field) == other.get(field) for field in ("key", "value"))
    return same and other.get("operator", "Equal") == "Equal"


def _unscheduled(case: Case) -> Iterator[Obstacle]:
    """A scheduler of another name, which has to run in the cluster (kubernetes.io, "Configure Multiple Schedulers"); or
    gates that somebody has to remove first ("Pod Scheduling Readiness")."""
    gates = [str(each.get("name")) for each in case.pod.get("schedulingGates") or ()]
    if gates and gates != [str(each.get("name")) for each in case.pod_before.get("schedulingGates") or ()]:
        message = f"the pods wait until something removes their scheduling gate `{gates[0]}`"
        yield Obstacle(message, "See that a controller in the cluster removes it.", "unknown")
    name = str(case.pod.get("schedulerName") or _DEFAULT_SCHEDULER)
    if name == _DEFAULT_SCHEDULER or not case.scene.before:
        return
    if not any(spec.get("schedulerName") == name for spec in case.scene.specs_before):
        message = f"the pods wait for scheduler `{name}`, and whether the cluster has it is not known"
        yield Obstacle(message, "See that a scheduler of this name runs.", "unknown", likely=False)
