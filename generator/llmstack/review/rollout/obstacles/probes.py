"""Probes that ask where nothing listens, by another scheme, or what is not answered: the pod never becomes ready, or
starts for ever.

vLLM and the router listen on one port, `--port` (vllm/entrypoints/openai/cli_args.py; production-stack,
src/vllm_router/parsers/parser.py); a name stands for the port of the container that has it (kubelet, pkg/probe/util.go,
ResolveContainerPort). vLLM with an API key answers 401 to what is below /v1 and brings none
(vllm/entrypoints/openai/api_server.py, `AuthenticationMiddleware`), and to the kubelet an answer below 200 or from 400
on is a failure (Kubernetes documentation, "Configure Liveness, Readiness and Startup Probes").
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.engine.settings import is_on
from llmstack.kubernetes.pods import Object, maps, pod_specs, value_at
from llmstack.kubernetes.served import find_served
from llmstack.review.arguments import engine_flags
from llmstack.review.rollout.obstacles.case import Case, Obstacle, spec_of, template_in
from llmstack.review.ways_in.backends import Backend, Backends, asked_key

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_OF_HTTPS = ("--ssl-certfile", "--ssl-keyfile")
_HANDLERS = ("httpGet", "tcpSocket")
_ANSWERED = ("/health", "/ping", "/load", "/version", "/metrics", "/v1/models", "/docs", "/redoc", "/openapi.json")
"""What vLLM answers to GET in every release that is known here, as far as they go back (0.6; /ping from 0.8)."""


def find(case: Case) -> Iterator[Obstacle]:
    """The first probe of the container that serves, which asks another port than that, and the first that asks what
    vLLM does not answer with success; what was so before runs."""
    asked = next(_astray(case.obj), None)
    if asked is not None and (case.obj_before is None or next(_astray(case.obj_before), None) is None):
        message, advice = asked
        yield Obstacle(f"{message}: no new pod becomes ready", advice, "sometimes")
    found = next(_unanswered(case.obj), None)
    if found is not None and (case.obj_before is None or next(_unanswered(case.obj_before), None) is None):
        yield found


def _astray(obj: Object) -> Iterator[tuple[str, str]]:
    """What is wrong with where the probes of an object's pods ask, and what to do; nothing where nobody says."""
    backend = next(iter(Backends().among([obj]).values()), None)
    template = template_in(obj)
    if backend is None or template is None:
        return
    for container in maps(spec_of(template).get("containers")):
        if backend.container == container.get("name"):
            ports = {str(each.get("name")): each.get("containerPort") for each in maps(container.get("ports"))}
            for probe in _PROBES:
                yield from _unheard(probe, container.get(probe), ports, backend)


def _unheard(name: str, probe: Any, ports: Mapping[str, Any], backend: Backend) -> Iterator[tuple[str, str]]:
    """Why a probe finds nobody: on another port, or on that of what serves, which the kubelet asks by the pod's address
    (pkg/kubelet/prober/prober.go; vllm/entrypoints/openai/api_server.py, `setup_server`)."""
    port, flags, serves = _port(probe, ports), backend.flags, "what serves in the pod"
    if port is None:
        return
    if port != backend.listens:
        if "--port" in flags:
            said = f"{name} asks port {port}, and {serves} listens on {backend.listens} (`--port`)"
            yield said, "Give probe and `--port` the same port."
        return
    host, is_https = flags.get("--host", ""), value_at(probe, "httpGet", "scheme") == "HTTPS"
    if host.startswith("127.") or host in ("localhost", "::1"):
        yield f"{name} asks the pod's address, and {serves} listens on {host} alone (`--host`)", "Set `--host 0.0.0.0`."
    elif is_on(flags, "--headless") and backend.identity[0] == "Deployment":
        yield f"{name} asks port {port}, and {serves} answers nobody (`--headless`)", "Take `--headless` away."
    elif "--uds" in flags:
        yield f"{name} asks port {port}, and {serves} listens on a socket alone (`--uds`)", "Take `--uds` away."
    elif value_at(probe, "httpGet") is not None and is_https is not any(each in flags for each in _OF_HTTPS):
        asked, answered = ("HTTPS", "http") if is_https else ("HTTP", "https")
        said = f"{name} asks by {asked}, and {serves} answers {answered} alone"
        yield said, "Give the probe the `scheme` of what serves."


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
