"""A container uses a device claim that its pod does not have.

`resources.claims` names entries of the pod's `resourceClaims` (dynamic resource allocation): the API refuses a pod
whose container names another (ValidatePodSpec, k8s.io/kubernetes pkg/apis/core/validation).

Fix: give the model `resourceClaims: [{name: gpu, resourceClaimTemplateName: …}]`; its container then uses all of
them, and `resources.claims` is needed for a choice only.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("unknown-claim", Severity.ERROR)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        known = {str(claim.get("name")) for claim in model.resource_claims or []}
        claims = (model.resources or {}).get("claims")
        for number, claim in enumerate(claims if isinstance(claims, list) else []):
            name = claim.get("name") if isinstance(claim, dict) else None
            if isinstance(name, str) and name not in known:
                message = f"`{name}` is no resourceClaim of the pod"
                listed = ", ".join(f"`{each}`" for each in sorted(known))
                add = f"add `resourceClaims: [{{name: {name}, resourceClaimTemplateName: …}}]` to the model"
                route = (*at, "resources", "claims", number, "name")
                yield Problem(message, route, f"the model has {listed}" if known else add)
