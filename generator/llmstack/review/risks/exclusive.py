"""LeaderWorkerSets whose groups begin to want a part of the cluster each for itself."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.pods import Object, value_at
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.unforeseen import Unforeseen

_DOMAINS = ("exclusive-topology", "subgroup-exclusive-topology")


def exclusive(assessment: Assessment) -> Iterator[Unforeseen]:
    """Yield those whose annotation names another kind of domain than before (lws, pkg/webhooks/pod_webhook.go,
    `SetExclusiveAffinities`: a required affinity to the own group, and anti-affinity to all others)."""
    for change in assessment.changes:
        for name in _DOMAINS if change.kind == "LeaderWorkerSet" and change.after is not None else ():
            before, after = _domain(change.before, name), _domain(change.after, name)
            if after is not None and after != before:
                message = (
                    f"each group of its pods that is made from now on wants a `{after}` in which no other group is "
                    f"(`{name}`): whether there are as many with room for a whole group cannot be judged"
                )
                yield change.key, message, f"Count the values of the node label `{after}` (`kubectl get nodes -L`)."


def _domain(obj: Object | None, name: str) -> str | None:
    return value_at(obj, "metadata", "annotations", f"leaderworkerset.sigs.k8s.io/{name}") or None
