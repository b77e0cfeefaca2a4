"""A workload goes, and nothing takes its place.

Why it matters: whoever calls the model gets an error from the next minute on. A bad merge of `modelSpec`, an `enabled:
false` too many, or a folder of clusters/ that is not there any more look small in Git.

How it is judged: a workload is in the manifests before the change and not after it, runs no replica any more, or is
deleted by the sync tool although the manifests still have it; and nothing takes its place: no workload of its name in
another namespace or of another kind, no other router or cache server for one that goes, and for a model none that has
its name, says that it was renamed from it (`gitops.movedFrom`), or begins to serve the same ids, or serves them with
more replicas, in the same part of a pair of prefill and decode. What served them before and stays as it is takes no
place: callers are answered, by fewer pods. An engine whose pods its own controller makes (KServe's, llm-d's) is a model
that is left; whose place it takes is not judged. A warning; an error where it is the router, all models of an
environment, a whole environment, or what a sync tool deletes. Its amount is the number of replicas that go.

Fix: put the entry back; or, where it is meant, acknowledge it at the object that is named here, in the commit before.
An environment that is gone is acknowledged in values/base.yaml, at `Environment/<name>`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.finding import Severity
from llmstack.kubernetes.pods import identity_of
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.foreign import starts_engines
from llmstack.review.removed import Removed
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.wording import plural

RISK = Declaration("removal", Severity.ERROR, milder=Severity.WARNING, unit="replicas")
NAMED = 6
"""Workloads that a message names before it counts."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """Workloads that go: all of an environment as one risk, else each by itself."""
    removed = assessment.removed
    if not removed:
        return
    whole = _whole(assessment)
    if whole is not None:
        amount = sum(each.replicas for each in removed)
        subject = f"Environment/{assessment.near.environment}"
        yield RISK.at(subject, whole, _advice(assessment), amount=amount, file=_pruned_by(assessment, removed[0]))
        return
    unjudged = any(starts_engines(object) for object in assessment.after)
    for each in removed:
        message, severe = _message(each, unjudged=unjudged)
        then = "see that the others suffice" if each.still_served else "tell those who call it"
        advice = f"Put it back if it is not meant; else {then}, and acknowledge the removal."
        subject, file = f"{each.kind}/{each.name}", _pruned_by(assessment, each)
        yield RISK.at(subject, message, advice, milder=not severe, amount=each.replicas, file=file)


def _pruned_by(assessment: Assessment, removed: Removed) -> str:
    """The file whose owner deletes it while the manifests keep it; the empty string where none does."""
    change = assessment.near.pruned.get(removed.identity) if removed.by else None
    return change.file if change is not None else ""


def _whole(assessment: Assessment) -> str | None:
    """What is said where an environment goes, or all of its models; None where some model is left."""
    near, removed = assessment.near, assessment.removed
    names = _names(removed)
    if near.goes:
        if near.renamed_to is not None:
            again = f"`{near.renamed_to}` brings objects of the same names, which load again from nothing"
            return f"the environment goes, with all that it runs, and {again}: {names}"
        return f"the environment goes, with all that it runs: {names}"
    gone = {each.identity for each in removed}
    left = [
        object
        for object in assessment.after
        if (is_lasting(str(object.get("kind"))) and model_of(object) is not None) or starts_engines(object)
        if identity_of(object) not in gone
    ]
    models = [each for each in removed if each.model is not None]
    if left or len(models) < 1 or not near.environment:
        return None
    tools = {each.by for each in removed if each.by}
    if tools:
        deleting = " and ".join(sorted(tools))
        return f"{deleting} deletes all models of the environment while the manifests keep them: {names}"
    if near.leaves:
        return f"the environment leaves its cluster, where all that it runs goes: {names}"
    rest = "" if len(removed) == len(models) else " and what is around them"
    return f"no model is left in the environment: {names} {'goes' if len(removed) == 1 else 'go'}{rest}"


def _message(removed: Removed, *, unjudged: bool) -> tuple[str, bool]:
    """What goes, and whether that is severe; `unjudged`: engines are there whose pods are their own controller's."""
    gpus = f" and {plural(removed.gpus, 'GPU')}" if removed.gpus else ""
    extent = f"{plural(removed.replicas, 'replica')}{gpus}"
    if removed.by:
        return f"{removed.by} deletes it with {extent} while the manifests keep it", True
    if removed.router:
        return f"the router goes with {extent}: the Service that clients call has nothing behind it", True
    what = f"model `{removed.model}` goes" if removed.model is not None else "it goes"
    rest = "nothing that can be judged takes its place" if unjudged else "nothing takes its place"
    if removed.still_served:
        ids = " and ".join(f"`{id}`" for id in removed.still_served)
        rest = f"what else serves {ids} stays as it is"
    return f"{what} with {extent}, and {rest}", False


def _names(removed: Sequence[Removed]) -> str:
    names = [f"`{each.model or each.name}`" for each in removed]
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more} more" if more > 0 else "")


def _advice(assessment: Assessment) -> str:
    near = assessment.near
    if near.renamed_to is not None:
        return "See the order of commits for the cluster: keep the objects first, then rename."
    if near.goes:
        where = "values/base.yaml"
        return f"If it is meant, acknowledge it in {where}, in the commit before, at Environment/{near.environment}."
    if any(each.by for each in assessment.removed):
        return "See the order of commits for the cluster: what goes is told to keep its objects first."
    if near.leaves:
        return "Have what comes in the other cluster serve first; if it is meant, acknowledge it in the commit before."
    if not near.has_values:
        return "If it is meant, acknowledge it in the file of --gitops, at Environment/stream."
    return (
        "Look at the merge: an empty modelSpec replaces the list. If it is meant, acknowledge it in the commit before."
    )
