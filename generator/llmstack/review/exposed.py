"""Pods that NetworkPolicies kept to themselves, and keep no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.kubernetes.network_policies import Direction, Endpoint, Policies, is_open
from llmstack.kubernetes.pods import Object, identity_of, pod_labels, pod_templates, told
from llmstack.review.change import ObjectChange

_SAID: tuple[tuple[Direction, str], ...] = (
    ("Ingress", "takes calls from everywhere"),
    ("Egress", "may call everything"),
)


def exposed_pods(
    changes: Sequence[ObjectChange], before: Sequence[Object], after: Sequence[Object]
) -> Iterator[tuple[str, str]]:
    """Yield `Kind/name` of each workload that stays, and whose pods were kept by the NetworkPolicies of before from
    some callers or from calling some, and are by those of after from none; with what that is, as a sentence."""
    policies = [[each for each in side if each.get("kind") == "NetworkPolicy"] for side in (before, after)]
    altered = {change.identity for change in changes}
    spaces = {space for kind, space, _ in altered if kind == "NetworkPolicy"}
    now = {identity_of(each): each for each in policies[1]}
    spaces |= {key[1] for each in policies[0] if now.get(key := identity_of(each)) != each}
    sides = [Policies(each) for each in policies]
    was = {identity_of(each): each for each in before} if policies[0] else {}
    for obj in after if policies[0] else ():
        identity = identity_of(obj)
        if identity in was and (identity in altered or identity[1] in spaces):
            ends = _ends(was[identity]), _ends(obj)
            for direction, said in _SAID:
                closed = [
                    not all(is_open(side, end, direction) for end in its) for side, its in zip(sides, ends, strict=True)
                ]
                if closed[0] and not closed[1]:
                    yield told(identity), f"no NetworkPolicy keeps its pods any more: each {said}"


def _ends(obj: Object) -> list[Endpoint]:
    """The pods of an object, as NetworkPolicies see them."""
    return [Endpoint(identity_of(obj)[1], pod_labels(template)) for _, template in pod_templates(dict(obj))]
