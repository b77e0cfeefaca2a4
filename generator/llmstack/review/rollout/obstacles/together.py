"""Pods that must be with others, or spread over more places than there are.

kubernetes.io, "Assigning Pods to Nodes", inter-pod affinity: the first pod of a series that its own rule selects is let
in anywhere (pkg/scheduler/framework/plugins/interpodaffinity, filtering.go, satisfyPodAffinity); and "Pod Topology
Spread Constraints", `minDomains`: with fewer places than that, the fewest pods of one count as 0, so that none takes
more than `maxSkew`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import maps, value_at
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.selectors import selects
from llmstack.review.rollout.obstacles.case import Case, Hangs, Obstacle
from llmstack.review.rollout.obstacles.neighbours import HOSTNAME, is_for
from llmstack.review.wording import plural

_REVISION = "pod-template-hash"


def find(case: Case) -> Iterator[Obstacle]:
    """Whether there is a place beside the pods that a workload's pods must be with, and places enough."""
    if case.makes_beside or case.is_restart:
        for term in maps(
            value_at(case.pod, "affinity", "podAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
        ):
            yield from _beside(case, term)
        for rule in maps(case.pod.get("topologySpreadConstraints")):
            yield from _few_places(case, rule)


def _beside(case: Case, term: Mapping[str, Any]) -> Iterator[Obstacle]:
    selector = term.get("labelSelector")
    if selector is None:
        return
    near, own = case.scene.neighbours, case.workload.namespace
    if near.without(near.selected(term, own), case.workload.identity):
        return
    if not selects(selector, case.labels) or not is_for(term, own, own, {}):
        message = "the pods must be where certain others are (podAffinity), and nothing here runs such pods"
        yield Obstacle(f"{message}: without them they stay Pending", "Correct the labels of the rule.", "unknown")
    elif term.get("topologyKey") == HOSTNAME and case.nodes and case.workload.new is not None:
        needed, largest = case.most * case.workload.new.total, max(case.nodes)
        if needed > largest:
            message = f"podAffinity wants all pods on one node: they take {plural(needed, 'GPU')}, and the largest has"
            advice = "Let the rule be a preferred one, or run fewer replicas."
            room = largest // case.workload.new.total
            yield Obstacle(f"{message} {largest}", advice, "always", room=room)


def _few_places(case: Case, rule: Mapping[str, Any]) -> Iterator[Obstacle]:
    """A spread over more nodes than the pool has: the pods that it selects are counted on each."""
    least = whole(rule.get("minDomains"), 0)
    is_strict = rule.get("whenUnsatisfiable") == "DoNotSchedule" and rule.get("topologyKey") == HOSTNAME
    if not is_strict or case.nodes is None or least <= len(case.nodes):
        return
    if not selects(rule.get("labelSelector") or {}, case.labels):
        return
    revised = _REVISION in (rule.get("matchLabelKeys") or ())
    needed, room = case.workload.replicas if revised else case.most, whole(rule.get("maxSkew"), 1) * len(case.nodes)
    if needed > room:
        message = (
            f"the pods must be spread over {least} nodes (`minDomains`), and the pool has {len(case.nodes)}: of "
            f"{needed} pods {room} find a place"
        )
        hangs: Hangs = "always" if case.pool_is_asked else "sometimes"
        yield Obstacle(message, "Lower `minDomains`, or raise `maxSkew`.", hangs, room=None if revised else room)
