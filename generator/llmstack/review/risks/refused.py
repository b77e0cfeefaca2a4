"""The API server refuses the object as it stands.

Why it matters: nothing of the object is applied, and with Flux nothing of its whole unit, nor of those that wait for
it (`dependsOn`). What runs goes on as it was, and later commits do not reach it either.

How it is judged: by what it cannot even read: fields that a kind does not have, and values of another type than a
field's (`replicas: "3"`), by the schemas of the newest Kubernetes that is known; and by what it asks beyond the schema
of a kind: a selector selects the pods of its own
template, `maxSurge` and `maxUnavailable` are not both 0, a probe has one handler, a volume one source, GPUs are whole
and their limit is their request, a scaler's minimum is at most its maximum (k8s.io/kubernetes, pkg/apis/*/validation;
KEDA's webhook); by a ResourceQuota (`count/services`, `services.loadbalancers`, `persistentvolumeclaims`, `pods` of a
Pod) that the objects of its namespace here exceed, those among them that the same unit prunes only afterwards
(pkg/quota/v1/evaluator); by a LimitRange that a claim is beyond (plugin/pkg/admission/limitranger); and by the
CustomResourceDefinitions that facts know of the cluster, where they do. What only the cluster knows, another tenant's
objects or a webhook, is not judged.

Fix: correct the field, or raise the quota in a commit before.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity, show_route
from llmstack.kubernetes.definitions import group_of
from llmstack.review.change import ObjectChange
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("refused", Severity.ERROR)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Objects that come or change, and that the API server does not take: as they stand, as one too many of their kind,
    or as of a kind that it does not know."""
    for change in assessment.changes:
        problems = (*change.unread, *change.refusals)
        if problems:
            path = show_route(problems[0].route)
            said = "; ".join(dict.fromkeys(problem.message for problem in problems))
            message = f"the API server refuses it: {said}"
            yield RISK.at(change.key, message, f"Correct `{path}`.", path=path)
        for message, advice in (*_of_quota(assessment, change), *_of_group(assessment, change)):
            yield RISK.at(change.key, message, advice)


def _of_quota(assessment: Assessment, change: ObjectChange) -> Iterator[tuple[str, str]]:
    over = assessment.near.beyond.get(change.identity)
    if over is not None and over.limit:
        yield (
            f"LimitRange `{over.quota}` allows {over.limit}: the API server refuses it",
            "Raise the limit in a commit before.",
        )
    elif over is not None:
        said = "the API server refuses it" if over.alone else "of those that come, the API server refuses the last"
        message = f"ResourceQuota `{over.quota}` leaves no room for it (`{over.name}`): {said}"
        yield message, "Raise the quota in a commit before."


def _of_group(assessment: Assessment, change: ObjectChange) -> Iterator[tuple[str, str]]:
    group = group_of(change.after) if change.after is not None else ""
    if group in assessment.near.undefined:
        message = (
            f"the cluster has no CustomResourceDefinition of `{group}`, as its facts say, and nothing here brings one: "
            f"the API server knows no {change.kind} (`no matches for kind`)"
        )
        yield message, "Install its operator in a commit before, or learn the facts again where they are old."
