"""The router looks for engines where there are none of this environment.

`k8sNamespace` and `k8sLabelSelector` say where the router looks and by which labels; the chart ignored both. Engines
are in `gitops.namespace` and carry the labels that `llmstack render` shows; the router's Role is in its own namespace
alone, so that elsewhere it may read nothing.

Fix: leave them out, or set `gitops.namespace` to where the stack is.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.objects.labels import engine_labels

RULE = Declaration("router-elsewhere", Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    stack, router = subject.stack, subject.stack.router_spec
    if not router.enable_router or router.service_discovery == "static" or not stack.models:
        return
    if router.k8s_namespace and router.k8s_namespace != stack.gitops.namespace:
        message = f"the router looks for engines in `{router.k8s_namespace}`; they are in `{stack.gitops.namespace}`"
        help = f"set `gitops.namespace: {router.k8s_namespace}`, or leave `k8sNamespace` out"
        yield Problem(message, ("routerSpec", "k8sNamespace"), help)
    terms = [term.partition("=") for term in (router.k8s_label_selector or "").split(",") if "=" in term]
    wanted = {key.strip(): value.lstrip("=").strip() for key, _, value in terms if not key.endswith("!")}
    missed = [
        model.name
        for model in stack.models
        if not wanted.items() <= engine_labels(stack, model, model.pod_labels).items()
    ]
    if wanted and missed:
        message = f"the router does not find {', '.join(f'`{name}`' for name in missed)}: `k8sLabelSelector` is another"
        yield Problem(message, ("routerSpec", "k8sLabelSelector"), "leave it out: the router finds all engines then")
