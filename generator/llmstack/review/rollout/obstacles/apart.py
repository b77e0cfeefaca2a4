"""Pods that cannot share a node: by a required anti-affinity, or by a port of the host.

kubernetes.io, "Assigning Pods to Nodes", inter-pod affinity and anti-affinity; the scheduler keeps a new pod away from
those whose own rule is against it too (pkg/scheduler/framework/plugins/interpodaffinity). Of pods with one port of the
host a node takes one (plugins/nodeports).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from llmstack.kubernetes.selectors import selects
from llmstack.review.rollout.obstacles.case import Case, Obstacle, Pods
from llmstack.review.wording import plural

HOSTNAME = "kubernetes.io/hostname"
_REVISION = "pod-template-hash"


def find(case: Case) -> Iterator[Obstacle]:
    """Whether the pool has nodes enough for pods that must each have one."""
    own = _own(case)
    others = [each for each in _candidates(case, own) if each.identity != own.identity]
    why = _conflict(own, own) or next((said for each in others if (said := _conflict(own, each))), None)
    if why is None or not (case.makes_beside or case.is_restart):
        yield from _elsewhere(case, own)
        return
    alone = _conflict(own, own) is not None
    needed = own.number if alone else 1
    if case.nodes is None:
        if needed + len([each for each in others if _conflict(own, each)]) > 1 and case.makes_beside:
            yield _uncounted(case, why)
        return
    beside = [each for each in others if _conflict(own, each)]
    least, most = _nodes_of(beside, case), sum(each.number for each in beside)
    if needed + least > len(case.nodes):
        yield _short(case, why, needed + least)
    elif needed + most > len(case.nodes) and case.makes_beside:
        yield Obstacle(
            f"{why} keeps the pods from nodes with others: {needed} nodes are needed beside those of {most} other "
            f"pods, and pool `{case.pool.name if case.pool else ''}` has {len(case.nodes)}",
            case.gentler(),
            "sometimes",
        )


def is_alone(case: Case) -> bool:
    """Whether no other workload's pods take GPUs of the pool."""
    own = case.workload
    pool = own.new.pool if own.new is not None else None
    return not any(each.gpus and each.pool == pool and each.identity != own.identity for each in case.scene.pods)


def ceil_div(number: int, size: int) -> int:
    return -(-number // size)


def _own(case: Case) -> Pods:
    """The workload's pods at a time; a rule for pods of one revision does not count old and new together, and neither
    does a port that the old ones do not take."""
    template = case.workload.new
    own = Pods(
        case.workload.identity,
        case.labels,
        case.pod,
        case.most,
        template.total if template is not None else 0,
        template.pool if template is not None else None,
    )
    revised = any(_REVISION in (term.get("matchLabelKeys") or ()) for term in own.terms)
    former = replace(own, spec=case.pod_before)
    apart = not own.terms and not own.host_ports & former.host_ports
    return replace(own, number=case.workload.after) if revised or apart else own


def _candidates(case: Case, own: Pods) -> Sequence[Pods]:
    """The pods that may be on the same nodes, and that either side's rules speak of."""
    found = case.scene.pods if own.terms or own.host_ports else case.scene.keeping_apart
    return [each for each in found if own.pool in (None, each.pool)]


def _conflict(one: Pods, other: Pods) -> str | None:
    """Why pods cannot be on one node; None where they can."""
    if _hits(one, other) or _hits(other, one):
        return "anti-affinity"
    return "a port of the host" if one.host_ports & other.host_ports else None


def _hits(one: Pods, other: Pods, key: str = HOSTNAME) -> bool:
    """Whether a rule of one keeps it from nodes (or what else `key` names) with the other."""
    return any(
        term.get("topologyKey") == key
        and term.get("labelSelector") is not None
        and other.identity[1] in (term.get("namespaces") or one.identity[1:2])
        and selects(term["labelSelector"], other.labels)
        for term in one.terms
    )


def _nodes_of(pods: list[Pods], case: Case) -> int:
    """The fewest nodes that other pods can be on."""
    size = max(case.nodes or (1,))
    each = [one.number if _conflict(one, one) else max(1, ceil_div(one.number * one.gpus, size)) for one in pods]
    apart = all(_conflict(one, other) for one in pods for other in pods if one is not other)
    return sum(each) if apart else max(each, default=0)


def _short(case: Case, why: str, needed: int) -> Obstacle:
    nodes = len(case.nodes or ())
    message = (
        f"{why} allows one of the pods on a node: {needed} are needed at a time, and pool "
        f"`{case.pool.name if case.pool else ''}` has {plural(nodes, 'node')}"
    )
    fits = case.workload.held_up and needed - 1 <= nodes < needed
    return Obstacle(
        message, case.gentler() if fits else "Run fewer replicas, or make the rule a preferred one.", "always"
    )


def _uncounted(case: Case, why: str) -> Obstacle:
    message = f"{why} allows one of the pods on a node, and how many nodes there are is not known"
    advice = f"Declare the pool with `count` and `perNode`. {case.make_room()}"
    return Obstacle(message, advice, "unknown", likely=False)


def _elsewhere(case: Case, own: Pods) -> Iterator[Obstacle]:
    """A rule for zones, or other parts of the cluster, of which nobody says how many there are."""
    for term in own.terms:
        key = str(term.get("topologyKey"))
        if key != HOSTNAME and own.number > 1 and case.makes_beside and _hits(own, own, key):
            message = f"anti-affinity allows one of the pods in each `{key}`, and how many there are is not known"
            yield Obstacle(message, case.make_room(), "unknown", likely=False)
