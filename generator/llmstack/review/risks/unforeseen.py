"""What keeps a review from telling how it goes: a side that is not known, who answers for pods, what is replaced."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.pods import identity_of, maps, told
from llmstack.kubernetes.untyped import sequence
from llmstack.review.risks.assessment import Assessment
from llmstack.sync.policies import is_replaced

Unforeseen = tuple[str, str, str]
"""What it is about, what is not known, and what to do."""


def unforeseen(assessment: Assessment) -> Iterator[Unforeseen]:
    """Yield all of it."""
    yield from _untold(assessment)
    yield from _linked(assessment)
    yield from _admitting(assessment)
    yield from _replaced(assessment)
    yield from _beside_closed(assessment)


def _admitting(assessment: Assessment) -> Iterator[Unforeseen]:
    """Webhooks of clusters/ that are asked about pods, or about what makes them: their answer is not known here."""
    for each in assessment.near.brought:
        if each.after.get("kind") not in _WEBHOOKS or each.after == each.before:
            continue
        rules = (rule for hook in maps(each.after.get("webhooks")) for rule in maps(hook.get("rules")))
        if any(_MAKE_PODS.intersection(map(str, sequence(rule.get("resources")))) for rule in rules):
            message = (
                f"the API server asks it about pods, or what makes them (in {each.path}): whether the next ones are "
                "let in, and as what, cannot be judged"
            )
            advice = "See who answers it, and that `failurePolicy` and its selectors leave these namespaces out."
            yield told(identity_of(each.after)), message, advice


_WEBHOOKS = ("MutatingWebhookConfiguration", "ValidatingWebhookConfiguration")
_MAKE_PODS = frozenset(("*", "*/*", "pods", "pods/*", "deployments", "replicasets", "statefulsets"))


def _replaced(assessment: Assessment) -> Iterator[Unforeseen]:
    """Workloads that have a scaler, and that Argo CD begins to write as a whole: what the scaler set is gone each time,
    and a manifest without replicas asks for one."""
    for change in assessment.changes:
        begins = change.before is not None and change.after is not None and not is_replaced(change.before)
        if (
            begins
            and change.unit in assessment.near.synced_by_argo
            and change.identity in assessment.least.owned[1]
            and is_replaced(change.after or {})
        ):
            message = (
                "Argo CD writes the whole object at each sync (`Replace=true`), and its scaler's number of replicas is "
                "lost until the scaler looks again: what goes meanwhile is not judged"
            )
            yield change.key, message, "Take `Replace=true` away: it is applied without that."


def _beside_closed(assessment: Assessment) -> Iterator[Unforeseen]:
    """Pods that come in a pool of which some nodes take no more: whether those that run are on these decides whether
    there is room (`contention.find_verdicts`)."""
    unknown = {(row.pool, row.resource) for row in assessment.gpus if row.deadlock is None}
    for pool in (each for each in assessment.facts[1].pools if each.closed):
        key = (pool.name, pool.resource)
        coming = [each for each in assessment.least.own if each.new is not None and each.new.pool == key and each.after]
        makes = any(each.move == "restart" or each.after > each.before for each in coming)
        if key in unknown and makes:
            message = (
                f"new pods find {pool.told}: which of the pods that run are on nodes that take none is not known, so "
                "whether there is room for the new ones cannot be judged"
            )
            advice = "Uncordon the nodes first, or see by `kubectl get pods -o wide` who is on them."
            yield f"Pool/{pool.name}", message, advice


def _linked(assessment: Assessment) -> Iterator[Unforeseen]:
    """Files that Flux does not have: its artifacts hold regular files and folders alone (fluxcd/pkg, artifact,
    storage/archive.go, `Archive`)."""
    for path in assessment.near.linked:
        message = (
            "it is a symbolic link, and Flux leaves links out of what it builds from: what needs it is not built, and "
            "its unit stays as it is in the cluster, whatever this review says of it"
        )
        yield f"File/{path}", message, "Put a regular file, or folder, in its place."


def _untold(assessment: Assessment) -> Iterator[Unforeseen]:
    """Units of which it is not known what they were before the change."""
    for each in assessment.near.untold:
        message = (
            f"what it was before this change cannot be built here ({each.reason}): what the change makes of what runs "
            "cannot be told"
        )
        yield f"Unit/{each.unit}", message, "Compare with what runs: `llmstack diff --before` reads kubectl's output."
