"""A way in is gone for good: an address, a served model id, or what pods need to start.

Why it matters: every pod is ready and every dashboard green, and callers get no answer: they go on calling the
address, the model or with the key of before.

How it is judged: hosts of Ingresses and HTTPRoutes, Services and their ports, the router's labels, port and key, and
the ids that engines serve are followed on both sides of the change. An error: requests came in by an address before
and reach no pod after; a model is served under another id; KEDA takes a model to zero, and every trigger reads what
its own pods report; engines begin to ask for an API key; a Secret or config map that pods read is deleted, or is in
another namespace than they; a host and path that come with the change are another object's of the cluster already, be
it of another environment (ingress-nginx refuses the second one, other controllers lead callers to one of the two);
NetworkPolicies do not let the router through to engines any more, or nobody to the router. A warning: it depends on
what the repository does not say (whether another Secret holds the same key, who calls), or concerns some requests only
(those longer than a smaller `--max-model-len`, or of callers that an Ingress's annotations or a Service's source
ranges no longer let in; longer ones than an HTTPRoute's `timeouts` allow). A LoraAdapter that goes, or that names
another model or adapter, is an error; the controller that loads them, or the monitor that a model's scaler gets its
metrics by, a warning. An address that led nowhere before is not judged.

Fix: keep the old beside the new until every caller has moved: a second Service, host, or `--served-model-name`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration

RISK = Declaration("unreachable", Severity.ERROR, milder=Severity.WARNING)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Ways in that are gone for good."""
    for each in assessment.breaks:
        if each.lasts is None:
            yield RISK.at(each.subject, each.message, each.advice, path=each.path, milder=each.milder)
