"""Hosts of other components that a person typed somewhere in the values.

LMCache's settings are those of lmcache/v1/config.py, old names among its aliases.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from llmstack.checks.services import DEFAULT_PORTS, read_address
from llmstack.checks.subject import Subject
from llmstack.checks.transfer_arguments import transfer_peers
from llmstack.finding import Route
from llmstack.kubernetes.pods import containers, pod_specs
from llmstack.model.models import Model

Peer = Literal["receiver", "itself", "router", "cache-server", "engine"]
"""What a host is of; `itself` where a pod is told on which of its own addresses to listen."""

VARIABLES: Mapping[str, tuple[Peer, str | None]] = {
    "LMCACHE_REMOTE_URL": ("cache-server", None),
    "LMCACHE_CONTROLLER_URL": ("router", None),
    "LMCACHE_CONTROLLER_PULL_URL": ("router", None),
    "LMCACHE_CONTROLLER_REPLY_URL": ("router", None),
    "LMCACHE_NIXL_RECEIVER_HOST": ("receiver", "LMCACHE_NIXL_RECEIVER_PORT"),
    "LMCACHE_NIXL_PEER_HOST": ("receiver", "LMCACHE_NIXL_PEER_INIT_PORT"),
    "LMCACHE_NIXL_PROXY_HOST": ("receiver", "LMCACHE_NIXL_PROXY_PORT"),
    "LMCACHE_PD_PEER_HOST": ("receiver", "LMCACHE_PD_PEER_INIT_PORT"),
    "LMCACHE_PD_PROXY_HOST": ("receiver", "LMCACHE_PD_PROXY_PORT"),
    "LMCACHE_P2P_HOST": ("engine", None),
}
"""Variables that hold a host or an address: what it is of, and the variable of its port where that is another."""

_OURS = re.compile(
    r"(?<![\w.)}/-])(?:(?P<scheme>[a-z]+)://)?"
    r"(?P<host>[a-z0-9][a-z0-9-]*-(?:engine|router|cache-server)-service(?![a-z0-9-])(?:\.[a-z0-9-]+)*)(?::(?P<port>\d{1,5}))?"
)
"""A name of the chart's form in a text, and what stands around it."""

Typed = tuple[Route, str, int | None, Peer | None]
"""Where a host is typed, the host, the port, and what it should be of; None: judged by the form of its name."""


def typed_hosts(subject: Subject) -> Iterator[Typed]:
    """Yield every host that a person wrote: what is known to be one first, then what looks like a name of ours."""
    stack = subject.stack
    for at, model in subject.models():
        yield from _engine(at, model)
    if stack.models:
        yield from _environment(("servingEngineSpec", "env"), stack.engine.env)
        for key, text in (stack.engine.configs or {}).items():
            yield from _found(("servingEngineSpec", "configs", key), text)
    router = stack.router_spec
    if router.enable_router:
        yield from _environment(("routerSpec", "env"), router.env)
        yield from _texts(("routerSpec", "extraArgs"), router.extra_args)
        if router.service_discovery == "static":
            yield from _found(("routerSpec", "staticBackends"), router.static_backends)
    yield from _extra(subject)


def _engine(at: Route, model: Model) -> Iterator[Typed]:
    cache = model.lmcache_config
    if cache.transfers and cache.nixl_peer_host:
        peer: Peer = "itself" if cache.nixl_role == "receiver" else "receiver"
        yield (*at, "lmcacheConfig", "nixlPeerHost"), cache.nixl_peer_host, None, peer
    if cache.enabled and cache.p2p_host:
        yield (*at, "lmcacheConfig", "p2pHost"), cache.p2p_host, None, "engine"
    yield from _environment((*at, "env"), model.env)
    for key, arguments in (
        (("vllmConfig", "extraArgs"), model.vllm_config.extra_args),
        (("extraArgs",), model.extra_args),
    ):
        for index, host, port in transfer_peers(arguments or ()):
            yield (*at, *key, index), host, port, "engine"
        yield from _texts((*at, *key), arguments)
    head = model.ray_spec.head_node if model.ray_spec else None
    for where, inits in (
        ((*at, "initContainer"), model.init_container),
        ((*at, "raySpec", "headNode", "initContainer"), head.init_container if head else None),
    ):
        for number, init in enumerate(inits or []):
            yield from _container((*where, number), {"command": init.command, "args": init.args, "env": init.env})


def _environment(at: Route, entries: Sequence[Mapping[str, Any]] | None) -> Iterator[Typed]:
    given = {entry.get("name"): entry.get("value") for entry in entries or ()}
    for number, entry in enumerate(entries or ()):
        value, route = entry.get("value"), (*at, number, "value")
        if not isinstance(value, str):
            continue
        peer, beside = VARIABLES.get(str(entry.get("name")), (None, None))
        address = read_address(value) if peer else None
        if address is not None and address.scheme in ("", "lm", "tcp"):
            port = given.get(beside)
            stated = int(port) if isinstance(port, str) and port.isdecimal() else address.port
            yield route, address.host, stated, peer
        yield from _found(route, value)


def _texts(at: Route, texts: Sequence[Any] | None) -> Iterator[Typed]:
    for number, text in enumerate(texts or ()):
        yield from _found((*at, number), text)


def _found(route: Route, text: Any) -> Iterator[Typed]:
    if isinstance(text, str) and "-service" in text:
        for match in _OURS.finditer(text):
            port = match["port"]
            yield route, match["host"], int(port) if port else DEFAULT_PORTS.get(match["scheme"] or ""), None


def _extra(subject: Subject) -> Iterator[Typed]:
    """Yield what containers and routes of extraObjects in this namespace are told."""
    for route, object in subject.extra_objects():
        metadata = object.get("metadata")
        namespace = metadata.get("namespace") if isinstance(metadata, dict) else None
        if namespace not in (None, subject.stack.gitops.namespace):
            continue
        for at, spec in pod_specs(object):
            for kind, number, container in containers(spec):
                yield from _container((*route, *at, kind, number), container)
        if object.get("kind") in ("Ingress", "HTTPRoute"):
            yield from _backends((*route, "spec"), object.get("spec"))


def _container(at: Route, container: Mapping[str, Any]) -> Iterator[Typed]:
    for key in ("command", "args"):
        texts = container.get(key)
        yield from _texts((*at, key), texts if isinstance(texts, list) else None)
    entries = container.get("env")
    yield from _environment(
        (*at, "env"), [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else None
    )


def _backends(at: Route, spec: Any) -> Iterator[Typed]:
    """Yield the Services that an Ingress or an HTTPRoute leads to: `name` beside a port, at any depth."""
    if isinstance(spec, dict):
        name, port = spec.get("name"), spec.get("port")
        number = port.get("number") if isinstance(port, dict) else port
        if isinstance(name, str) and port is not None and _OURS.fullmatch(name):
            yield (*at, "name"), name, number if isinstance(number, int) else None, None
        for key, value in spec.items():
            yield from _backends((*at, key), value)
    elif isinstance(spec, list):
        for number, value in enumerate(spec):
            yield from _backends((*at, number), value)
