"""A selector finds no pods, a port name no port, or a label tries to be part of a selector.

Workloads, Services and disruption budgets find their pods by three labels that never change:
`app.kubernetes.io/instance`, `component` and `name`. A label of those names among the user's has no effect. A
Service or PodDisruptionBudget (of extraObjects, most likely) whose selector matches no pod of the environment
serves or protects nothing; a `targetPort` or a probe's port given by a name that no container port has is
never reached: the kubelet fails the probe, and the container is killed.

Fix: rename the label; correct the selector (`llmstack render` shows the pods' labels), or the name of the
port.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.pods import containers, pod_labels, pod_templates
from llmstack.objects.labels import FROZEN

RULE = Declaration("selector-mismatch", Severity.WARNING, needs_objects=True)

_OPERATORS = ("ray.io/", "leaderworkerset.sigs.k8s.io/", "apps.kubernetes.io/", "statefulset.kubernetes.io/")
"""Labels that controllers add to pods: not seen in templates."""

Labels = Mapping[str, Any]


class Pods:
    """The pod templates of an environment, found by label."""

    def __init__(self, subject: Subject) -> None:
        self.labels: list[Labels] = []
        self.ports: list[frozenset[str]] = []
        self.by_label: dict[tuple[str, Any], set[int]] = defaultdict(set)
        for placed in subject.objects:
            for _, template in pod_templates(placed.object):
                self._add(template)

    def _add(self, template: dict[str, Any]) -> None:
        number = len(self.labels)
        self.labels.append(pod_labels(template))
        for item in self.labels[-1].items():
            self.by_label[item].add(number)
        spec = template.get("spec")
        found = (
            port
            for _, _, container in containers(spec if isinstance(spec, dict) else {})
            for port in container.get("ports") or []
        )
        self.ports.append(frozenset(str(port["name"]) for port in found if isinstance(port, dict) and port.get("name")))

    def find(self, selector: Labels) -> set[int]:
        """The templates that carry every label of the selector, those that controllers add left out."""
        sets = [self.by_label.get(item, set()) for item in selector.items() if not item[0].startswith(_OPERATORS)]
        return set.intersection(*sorted(sets, key=len)) if sets else set(range(len(self.labels)))


def run(subject: Subject) -> Iterator[Problem]:
    yield from _labels(subject)
    pods = Pods(subject)
    said: set[Route] = set()
    for placed in subject.objects:
        object, spec, base = placed.object, placed.object.get("spec"), subject.route_of(placed)
        if not isinstance(spec, dict):
            continue
        for path, message, help in _selected(object, spec, pods):
            yield Problem(message, (*base, *path) if _is_extra(base) else base, help=help)
        for at, template in pod_templates(object):
            for path, message, help in _probe_ports(template):
                route = (*base, *at, *path) if _is_extra(base) else (*_section(base), *path[-3:])
                if route not in said:
                    said.add(route)
                    yield Problem(message, route, help=help)


def _is_extra(route: Route) -> bool:
    return route[:1] == ("extraObjects",)


def _section(route: Route) -> Route:
    """The section whose probes a workload has: all engines share those of servingEngineSpec."""
    return route[:1]


def _labels(subject: Subject) -> Iterator[Problem]:
    for block in subject.blocks:
        if block.role == "labels" and not FROZEN_SET.isdisjoint(block.value):
            for key in FROZEN:
                if key in block.value and subject.states((*block.route, key)):
                    message = f"`{key}` is part of the selectors, which llmstack sets: this label has no effect"
                    yield Problem(
                        message, (*block.route, key), help="use a label of your own, such as `example.com/name`"
                    )


FROZEN_SET = frozenset(FROZEN)


def _selected(object: dict[str, Any], spec: dict[str, Any], pods: Pods) -> Iterator[tuple[Route, str, str]]:
    """What is wrong with the pods that an object selects: a path in it, a message and a help."""
    kind, path = object.get("kind"), ("spec", "selector")
    selector = spec.get("selector")
    if kind == "PodDisruptionBudget" and isinstance(selector, dict) and not selector.get("matchExpressions"):
        selector = selector.get("matchLabels")
    elif kind != "Service":
        return
    if not isinstance(selector, dict) or not selector:
        return
    found = pods.find(selector)
    name = object["metadata"].get("name")
    if not found:
        shown = ", ".join(f"{key}={value}" for key, value in sorted(selector.items()))
        yield (
            path,
            f"{kind} `{name}` selects {shown}; no pod of this environment has these labels",
            "`llmstack render` shows the pods' labels",
        )
        return
    ports = spec.get("ports") if kind == "Service" else None
    for number, port in enumerate(ports if isinstance(ports, list) else []):
        target = port.get("targetPort") if isinstance(port, dict) else None
        if isinstance(target, str) and not target.isdecimal() and not any(target in pods.ports[pod] for pod in found):
            known = sorted(set().union(*(pods.ports[pod] for pod in found)))
            help = f"its pods have {', '.join(f'`{name}`' for name in known) or 'no named ports'}"
            yield (
                ("spec", "ports", number, "targetPort"),
                f"no container that Service `{name}` selects has a port `{target}`",
                help,
            )


def _probe_ports(template: dict[str, Any]) -> Iterator[tuple[Route, str, str]]:
    """Probes that ask for a port by a name that their container does not have."""
    spec = template.get("spec")
    for kind, number, container in containers(spec if isinstance(spec, dict) else {}):
        names = None
        for key in ("startupProbe", "livenessProbe", "readinessProbe"):
            probe = container.get(key)
            for handler in ("httpGet", "tcpSocket"):
                action = probe.get(handler) if isinstance(probe, dict) else None
                port = action.get("port") if isinstance(action, dict) else None
                if isinstance(port, str) and not port.isdecimal():
                    names = names or [
                        port.get("name") for port in container.get("ports") or [] if isinstance(port, dict)
                    ]
                    if port not in names:
                        known = ", ".join(f"`{name}`" for name in names if name) or "no named port"
                        where = ("spec", kind, number, key, handler, "port")
                        yield (
                            where,
                            f"{key} of container `{container.get('name')}` uses a port `{port}`",
                            f"the container has {known}",
                        )
