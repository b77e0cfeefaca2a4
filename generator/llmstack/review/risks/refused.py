"""The API server refuses the object as it stands.

Why it matters: nothing of the object is applied, and with Flux nothing of its whole unit, nor of those that wait for
it (`dependsOn`). What runs goes on as it was, and later commits do not reach it either.

How it is judged: by what the API server asks beyond the schema of a kind: a selector selects the pods of its own
template, `maxSurge` and `maxUnavailable` are not both 0, a probe has one handler, a volume one source, GPUs are whole
and their limit is their request, a scaler's minimum is at most its maximum (k8s.io/kubernetes, pkg/apis/*/validation;
KEDA's webhook); and by a ResourceQuota that counts objects (`count/services`, `services.loadbalancers`) and that the
objects of its namespace here exceed (pkg/quota/v1/evaluator). What only the cluster knows, another tenant's objects or
a webhook, is not judged.

Fix: correct the field, or raise the quota in a commit before.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity, show_route
from llmstack.kubernetes.quotas import counted_beyond
from llmstack.kubernetes.refused import refusals
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("refused", Severity.ERROR)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Objects that come or change, and are not what the API server takes, or one too many of their kind."""
    for change in assessment.changes:
        problems = refusals(change.after)
        if problems:
            path = show_route(problems[0].route)
            said = "; ".join(dict.fromkeys(problem.message for problem in problems))
            message = f"the API server refuses it: {said}"
            yield RISK.at(assessment, change.key, message, f"Correct `{path}`.", path=path)
    counted = counted_beyond(assessment.before, assessment.after)
    for change in assessment.changes:
        if change.after is not None and (over := counted.get(change.identity)) is not None:
            quota, name = over
            message = f"ResourceQuota `{quota}` allows fewer objects of its kind (`{name}`): the API server refuses it"
            yield RISK.at(assessment, change.key, message, "Raise the quota in a commit before.")
