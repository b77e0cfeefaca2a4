"""A probe asks a port that no container of its pod opens.

The engine, the router and the cache server listen on their `containerPort`. A probe that names another number is
never answered (it may be meant for a program of your own, so this is a warning), and one that gives a port a name
that the pod does not have fails each time (kubelet's ResolveContainerPort, k8s.io/kubernetes
pkg/probe/util.go): the pod never becomes ready, or is restarted for ever.

Fix: leave `port` out of the probe's default, or give the containerPort; its name is `container-port` in engines,
`router-port` in the router and `caserver-cport` in the cache server.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.pods import pod_specs
from llmstack.kubernetes.quantities import read_whole

RULE = Declaration("probe-port", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)

_PROBES = ("startupProbe", "livenessProbe", "readinessProbe")
_HANDLERS = ("httpGet", "tcpSocket", "grpc")
_SECTIONS = {"models": "servingEngineSpec", "router": "routerSpec", "cache-server": "cacheServerSpec"}


def run(subject: Subject) -> Iterator[Problem]:
    said: set[Route] = set()
    for placed in subject.objects:
        section = _SECTIONS.get(placed.unit.partition("/")[0])
        for _, pod in pod_specs(placed.object) if section else ():
            containers = [each for each in pod.get("containers") or [] if isinstance(each, dict)]
            opened = {port.get(key) for each in containers for port in each.get("ports") or [] for key in _KEYS}
            for way, port in (found for each in containers for found in _asked(each)):
                own = (*subject.route_of(placed), *way)
                route = own if subject.states(own) else (str(section), *way)
                if port not in opened and route not in said and subject.states(route):
                    said.add(route)
                    yield _problem(route, port, [each for each in containers if each.get("ports")])


_KEYS = ("name", "containerPort")


def _asked(container: Mapping[str, Any]) -> Iterator[tuple[Route, int | str]]:
    """Yield the port of each probe, and where in the section it stands; a number may be written as text."""
    for probe in _PROBES:
        for handler in _HANDLERS:
            stated = (container.get(probe) or {}).get(handler)
            port = stated.get("port") if isinstance(stated, dict) else None
            if isinstance(port, (int, str)) and port:
                number = read_whole(port) if isinstance(port, str) else port
                yield (probe, handler, "port"), port if number is None else number


def _problem(route: Route, port: int | str, containers: list[dict[str, Any]]) -> Problem:
    own = containers[0]["ports"][0] if containers else {}
    message = f"the probe connects to port `{port}`, which no container of the pod opens"
    help = f"leave it out, or write {own.get('containerPort')} or `{own.get('name')}`" if own else None
    return Problem(message, route, help=help, milder=not isinstance(port, str))
