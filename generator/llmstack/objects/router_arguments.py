"""The router's arguments, and the ports of the LMCache controller in it.

Every flag is one of the router's own parser (src/vllm_router/parsers/parser.py); a test holds this against
the catalogue of its flags.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.flags.router import FLAGS, router_has
from llmstack.model.flag import passed
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects import labels

Flags = Iterator[tuple[str, object]]

BY_SERVICE = "service-name"
CONTROLLER_LOGICS = frozenset(("kvaware", "loadaware"))
"""Routing logics that ask an LMCache controller in the router."""

ENGINE_PORT, CONTROLLER_PORT = 8000, 9000
"""Defaults of --k8s-port and --lmcache-controller-port."""


def arguments(stack: Stack) -> list[str]:
    """Arguments of the router, extraArgs last. What is not set is left to the router."""
    router = stack.router_spec
    stated: list[tuple[str, object]] = [
        ("--host", "0.0.0.0"),
        ("--port", router.container_port or 8000),
        *_typed(stack),
        *_controller(stack),
    ]
    if router.otel.endpoint:
        stated.append(("--otel-endpoint", router.otel.endpoint))
        stated.append(("--otel-service-name", router.otel.service_name))
    flags = [text for flag, value in stated if value not in (None, "") for text in (flag, str(value))]
    secure = ["--otel-secure"] if router.otel.endpoint and router.otel.secure else []
    return [*flags, *secure, *(router.extra_args or [])]


def _typed(stack: Stack) -> Flags:
    """The flags of single keys, and behind two of them what is derived of several."""
    for flag, value in passed(stack.router_spec):
        yield flag.name, value or None
        if flag.name == "--service-discovery":
            yield from _discovery(stack)
        if flag.name == "--session-key":
            yield from _disaggregated(stack)


def _discovery(stack: Stack) -> Flags:
    """How the router finds engines: by the labels all of this release share, on the port they listen on."""
    router = stack.router_spec
    if router.service_discovery == "static":
        yield "--static-backends", router.static_backends
        yield "--static-models", router.static_models
        return
    yield "--k8s-namespace", router.k8s_namespace or stack.gitops.namespace
    kind = router.k8s_service_discovery_type
    if kind == BY_SERVICE or router_has(router.tag, FLAGS["--k8s-service-discovery-type"]) != "no":
        yield "--k8s-service-discovery-type", kind
    if (port := discovery_port(stack)) != ENGINE_PORT:
        yield "--k8s-port", port
    yield "--k8s-label-selector", router.k8s_label_selector or _engine_labels(stack)


def discovery_port(stack: Stack) -> int:
    """The port on which the router asks an engine: that of its Service where it goes by Services' names, else the
    container's."""
    container = stack.engine.container_port or ENGINE_PORT
    by_service = stack.router_spec.k8s_service_discovery_type == BY_SERVICE
    return (stack.engine.service_port or container) if by_service else container


def _engine_labels(stack: Stack) -> str:
    selects = labels.discovers(stack)
    return ",".join(f"{key}={value}" for key, value in sorted(selects.items()))


def _disaggregated(stack: Stack) -> Flags:
    """Which engines prefill and which decode: those that send and those that receive KV cache, unless
    extraArgs say it."""
    if not (stack.router_spec.routing_logic or "").startswith("disaggregated_prefill"):
        return
    told = {arg.partition("=")[0].replace("_", "-") for arg in stack.router_spec.extra_args or []}
    for flag, role in (("--prefill-model-labels", "sender"), ("--decode-model-labels", "receiver")):
        models = [model for model in stack.models if _transfers_as(model, role)]
        if flag not in told:
            yield flag, ",".join(labels.engine_labels(stack, model, model.pod_labels)["model"] for model in models)


def _transfers_as(model: Model, role: str) -> bool:
    return model.lmcache_config.transfers and model.lmcache_config.nixl_role == role


def controller_port(stack: Stack) -> int:
    """Port of the LMCache controller: what the router says, else what the models say, else LMCache's 9000."""
    ports = (model.lmcache_config.controller_port for model in _controlled(stack))
    return stack.router_spec.lmcache_controller_port or next((p for p in ports if p), CONTROLLER_PORT)


def reply_port(stack: Stack) -> int | None:
    """Port on which the controller answers: what the router says, else what the models say, else none."""
    ports = (model.lmcache_config.controller_reply_port for model in _controlled(stack))
    return stack.router_spec.lmcache_controller_reply_port or next((p for p in ports if p), None)


def _controlled(stack: Stack) -> list[Model]:
    return [model for model in stack.models if model.lmcache_config.enable_controller]


def _controller(stack: Stack) -> Flags:
    router = stack.router_spec
    kvaware = router.routing_logic in CONTROLLER_LOGICS
    if router.lmcache_controller_port or (kvaware and controller_port(stack) != CONTROLLER_PORT):
        yield "--lmcache-controller-port", controller_port(stack)
    has_reply = router_has(router.tag, FLAGS["--lmcache-controller-reply-port"]) != "no"
    if router.lmcache_controller_reply_port or (kvaware and has_reply):
        yield "--lmcache-controller-reply-port", reply_port(stack)
    yield "--lmcache-controller-heartbeat-port", router.lmcache_controller_heartbeat_port


def lmcache_ports(stack: Stack) -> Iterator[tuple[str, int]]:
    """Ports of the LMCache controller that engines are told of, by name: the Service has them too.

    The chart opens 9000 always. A router that listens there itself, and whose controller nobody asks for, does not
    open it a second time.
    """
    router, port = stack.router_spec, controller_port(stack)
    asked = router.lmcache_controller_port or router.routing_logic in CONTROLLER_LOGICS or _controlled(stack)
    if asked or port != (router.container_port or ENGINE_PORT):
        yield "lmcache-port", port
    if reply := reply_port(stack):
        yield "lmcache-reply", reply
    if beat := router.lmcache_controller_heartbeat_port:
        yield "lmcache-beat", beat
