"""The router is deployed, and there is no engine that it could find.

With `serviceDiscovery: k8s` the router looks for this release's engines. There are none when `enableEngine`
is false, or no model is enabled: it answers every request with an error. An environment that is meant to have
engines most likely misses its `modelSpec`.

Fix: add a model, or set `routerSpec.enableRouter: false`; a router in front of engines elsewhere takes
`serviceDiscovery: static`.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Route, Severity

ID, SEVERITY = "router-without-engines", Severity.WARNING


def run(subject: Subject) -> Iterator[Finding]:
    stack = subject.stack
    if not stack.router_spec.enable_router or stack.router_spec.service_discovery == "static" or stack.models:
        return
    if not stack.engine.enable_engine:
        route: Route = ("servingEngineSpec", "enableEngine")
        reason = "servingEngineSpec.enableEngine is false"
    else:
        route = ("servingEngineSpec", "modelSpec")
        reason = "every model is disabled" if stack.engine.model_spec else "modelSpec is empty"
    help = "add a model, or set routerSpec.enableRouter: false"
    yield Finding(ID, SEVERITY, f"the router has no engine to find: {reason}", route, help=help)
