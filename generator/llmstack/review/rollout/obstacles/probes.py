"""Probes that ask where nothing listens, or what is not answered: the pod never becomes ready, or starts for ever.

vLLM and the router listen on one port, `--port` (vllm/entrypoints/openai/cli_args.py; production-stack,
src/vllm_router/parsers/parser.py); a name stands for the port of the container that has it (kubelet, pkg/probe/util.go,
ResolveContainerPort). vLLM with an API key answers 401 to what is below /v1 and brings none
(vllm/entrypoints/openai/api_server.py, `AuthenticationMiddleware`), and to the kubelet an answer below 200 or from 400
on is a failure (Kubernetes documentation, "Configure Liveness, Readiness and Startup Probes").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, maps, pod_specs, value_at
from llmstack.kubernetes.served import find_served
from llmstack.review.arguments import engine_flags
from llmstack.review.rollout.obstacles.case import Case, Obstacle, spec_of, template_in
from llmstack.review.ways_in.backends import Backends, asked_key

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_HANDLERS = ("httpGet", "tcpSocket")
_ANSWERED = ("/health", "/ping", "/load", "/version", "/metrics", "/v1/models", "/docs", "/redoc", "/openapi.json")
"""What vLLM answers to GET in every release that is known here, as far as they go back (0.6; /ping from 0.8)."""


def find(case: Case) -> Iterator[Obstacle]:
    """The first probe of the container that serves, which asks another port than that, and the first that asks what
    vLLM does not answer with success; what was so before runs."""
    asked = _astray(case.obj)
    if asked is not None and (case.obj_before is None or _astray(case.obj_before) is None):
        probe, port, listens = asked
        message = f"{probe} asks port {port}, and what serves in the pod listens on {listens} (`--port`)"
        yield Obstacle(f"{message}: no new pod becomes ready", "Give probe and `--port` the same port.", "sometimes")
    found = next(_unanswered(case.obj), None)
    if found is not None and (case.obj_before is None or next(_unanswered(case.obj_before), None) is None):
        yield found


def _astray(obj: Object) -> tuple[str, int, int] | None:
    """The probe, the port that it asks, and the one that is listened on; None where they agree or nobody says."""
    backend = next(iter(Backends().among([obj]).values()), None)
    template = template_in(obj)
    if backend is None or template is None or "--port" not in backend.flags:
        return None
    for container in maps(spec_of(template).get("containers")):
        ports = {str(each.get("name")): each.get("containerPort") for each in maps(container.get("ports"))}
        if backend.container != container.get("name"):
            continue
        for probe in _PROBES:
            port = _port(container.get(probe), ports)
            if port is not None and port != backend.listens:
                return probe, port, backend.listens
    return None


def _port(probe: Any, named: Mapping[str, Any]) -> int | None:
    """The number of the port that a probe asks; None where it asks none, or one that has no number here."""
    for handler in _HANDLERS:
        port = value_at(probe, handler, "port")
        if port is not None:
            number = named.get(str(port), port)
            return number if isinstance(number, int) else None
    return None


def _unanswered(obj: Object) -> Iterator[Obstacle]:
    """The probes of engines that vLLM refuses, or may not know the path of."""
    for _, spec in pod_specs(dict(obj)):
        for served in find_served(spec):
            container, flags = spec["containers"][served.route[-1]], engine_flags(served.arguments)
            if served.unread or "--middleware" in flags:
                continue  # some arguments are not known, or code of somebody else answers before vLLM
            for probe in _PROBES:
                asked = value_at(container, probe, "httpGet")
                if isinstance(asked, Mapping):
                    yield from _refused(probe, asked, flags, has_key=asked_key(container, flags) is not None)


def _refused(probe: str, asked: Mapping[str, Any], flags: Mapping[str, str], *, has_key: bool) -> Iterator[Obstacle]:
    """What is wrong with the path that a probe of an engine asks."""
    path = str(asked.get("path") or "/").partition("?")[0].removeprefix(flags.get("--root-path", ""))
    if path.startswith("/v1") and has_key and not _brings_key(asked):
        message = f"{probe} asks `{path}` without the API key, and vLLM answers 401: no new pod becomes ready"
        yield Obstacle(message, "Ask `/health`, which wants no key.", "sometimes")
    elif path.rstrip("/") not in _ANSWERED:
        message = f"{probe} asks `{path}`, and whether this vLLM answers there is not known: without, no pod gets ready"
        yield Obstacle(message, "Ask `/health`, which every vLLM answers.", "unknown")


def _brings_key(asked: Mapping[str, Any]) -> bool:
    return any(str(each.get("name")).lower() == "authorization" for each in maps(asked.get("httpHeaders")))
