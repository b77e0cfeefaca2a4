"""Probes that ask where nothing listens: the pod never becomes ready, or is restarted for ever.

vLLM and the router listen on one port, `--port` (vllm/entrypoints/openai/cli_args.py; production-stack,
src/vllm_router/parsers/parser.py); a name stands for the port of the container that has it (kubelet, pkg/probe/util.go,
ResolveContainerPort).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, maps, value_at
from llmstack.review.rollout.obstacles.case import Case, Obstacle, spec_of, template_in
from llmstack.review.ways_in.backends import Backends

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")
_HANDLERS = ("httpGet", "tcpSocket")


def find(case: Case) -> Iterator[Obstacle]:
    """The first probe of the container that serves, which asks another port than that; what was so before runs."""
    asked = _astray(case.obj)
    if asked is not None and (case.obj_before is None or _astray(case.obj_before) is None):
        probe, port, listens = asked
        message = f"{probe} asks port {port}, and what serves in the pod listens on {listens} (`--port`)"
        yield Obstacle(f"{message}: no new pod becomes ready", "Give probe and `--port` the same port.", "sometimes")


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
