"""The router is deployed, and there is no engine that it could find.

With `serviceDiscovery: k8s` the router looks for this release's engines. There are none when `enableEngine`
is false, or no model is enabled: it answers every request with an error. An environment that is meant to have
engines most likely misses its `modelSpec`.

How it looks is derived: the labels that all engines share, the port they listen on, and a Role for what it watches.
Found among `extraArgs` are a `--k8s-label-selector` that no engine has, a `--k8s-port` on which no engine listens, and
`--k8s-service-discovery-type service-name`, because the Role lets the router read Services only with
`k8sServiceDiscoveryType`.

Fix: add a model, or set `routerSpec.enableRouter: false`; a router in front of engines elsewhere takes
`serviceDiscovery: static`. Leave arguments of discovery out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from llmstack.checks.router_flags import extra_values
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.model.stack import Stack
from llmstack.objects import labels

RULE = Declaration("router-without-engines", Severity.WARNING)

_EQUALS = re.compile(r"\s*([\w./-]+)\s*==?\s*([\w.-]*)\s*")
"""One requirement of a selector that asks for a value; others are not judged."""

Told = Mapping[str, tuple[str, int]]


def run(subject: Subject) -> Iterator[Problem]:
    stack = subject.stack
    if not stack.router_spec.enable_router or stack.router_spec.service_discovery == "static":
        return
    if stack.models:
        told = extra_values(stack.router_spec)
        if "--service-discovery" not in told:
            yield from _told(stack, told)
        return
    if not stack.engine.enable_engine:
        route: Route = ("servingEngineSpec", "enableEngine")
        reason = "servingEngineSpec.enableEngine is false"
    else:
        route = ("servingEngineSpec", "modelSpec")
        reason = "every model is disabled" if stack.engine.model_spec else "modelSpec is empty"
    help = "add a model, or set routerSpec.enableRouter: false"
    yield Problem(f"the router has no engine to find: {reason}", route, help=help)


def _told(stack: Stack, told: Told) -> Iterator[Problem]:
    """What extra arguments make the router look for, where that is not what there is."""
    at: Route = ("routerSpec", "extraArgs")
    text, index = told.get("--k8s-label-selector", ("", 0))
    if text and not _selects(stack, text):
        message = f"`--k8s-label-selector {text}` selects no engine of this environment"
        yield Problem(message, (*at, index), help="leave it out: the labels of the engines are derived")
    text, index = told.get("--k8s-port", ("", 0))
    port = str(stack.engine.container_port or 8000)
    elsewhere = {"--k8s-label-selector", "--k8s-namespace"} & told.keys()
    if text and text != port and not elsewhere:
        message = f"`--k8s-port {text}` is set, but the engines listen on {port}"
        yield Problem(message, (*at, index), help="leave it out: it follows servingEngineSpec.containerPort")
    text, index = told.get("--k8s-service-discovery-type", ("", 0))
    if text == "service-name" and stack.router_spec.k8s_service_discovery_type != "service-name":
        message = "the router is told to watch Services, but its Role lets it read only pods"
        help = "set `routerSpec.k8sServiceDiscoveryType: service-name` instead"
        yield Problem(message, (*at, index), help=help)


def _selects(stack: Stack, selector: str) -> bool:
    """Whether some engine has the labels of a selector; true where it asks for more than values."""
    wanted = [_EQUALS.fullmatch(part) for part in selector.split(",")]
    if not all(wanted):
        return True
    pairs = {(found[1], found[2]) for found in wanted if found}
    return any(pairs <= labels.engine_labels(stack, model, model.pod_labels).items() for model in stack.models)
