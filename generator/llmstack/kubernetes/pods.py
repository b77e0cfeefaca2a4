"""Pods inside objects of any kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import chain
from typing import Any, TypeVar

from llmstack.finding import Route
from llmstack.kubernetes.workloads import WORKLOADS

Amount = TypeVar("Amount", int, Fraction)

Object = Mapping[str, Any]
"""A Kubernetes object as plain data."""

Identity = tuple[str, str, str]
"""Kind, namespace and name of an object; its API group aside, as no two kinds here share a name."""

CONTAINER_LISTS = ("containers", "initContainers")
"""The lists of a pod's containers, those apart that only a running pod has."""


def identity_of(object: Object) -> Identity:
    """What tells an object from all others of its cluster; no namespace is the empty text."""
    metadata = object["metadata"]
    return str(object.get("kind")), str(metadata.get("namespace") or ""), str(metadata["name"])


def told(identity: Identity) -> str:
    """`Kind/name`, as people call an object: what is told apart by it alone may be another of its name."""
    return f"{identity[0]}/{identity[2]}"


def pod_templates(object: dict[str, Any]) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Iterate over each pod template of an object (a Pod is its own), with its route in the object."""
    kind = WORKLOADS.get(str(object.get("kind")))
    return chain.from_iterable(_follow(object, path, ()) for path in kind.templates) if kind is not None else iter(())


def pod_specs(object: dict[str, Any]) -> Iterator[tuple[Route, dict[str, Any]]]:
    """Yield the pod spec of each pod template of an object, with its route in the object."""
    for route, template in pod_templates(object):
        spec = template.get("spec")
        if isinstance(spec, dict):
            yield (*route, "spec"), spec


def containers(spec: dict[str, Any]) -> Iterator[tuple[str, int, dict[str, Any]]]:
    """Yield each container of a pod spec: the list it is in, its index, and itself."""
    for kind in CONTAINER_LISTS:
        found = spec.get(kind)
        for number, container in enumerate(found if isinstance(found, list) else []):
            if isinstance(container, dict):
                yield kind, number, container


def pod_labels(template: dict[str, Any]) -> dict[str, str]:
    """The labels of a pod template."""
    metadata = template.get("metadata")
    labels = metadata.get("labels") if isinstance(metadata, dict) else None
    return labels if isinstance(labels, dict) else {}


def value_at(value: Any, *keys: str) -> Any:
    """What is at a path of maps; None where it leads nowhere."""
    for key in keys:
        value = value.get(key) if isinstance(value, dict) else None  # a Mapping is asked for at ten times the cost
    return value


def maps(value: Any) -> Iterator[Mapping[str, Any]]:
    """The maps of what should be a list of them."""
    return (item for item in (value if isinstance(value, list) else ()) if isinstance(item, Mapping))


def texts(value: Any) -> list[str]:
    """The items of what should be a list, each as text."""
    return [str(each) for each in value] if isinstance(value, list) else []


def totals_of_pod(
    pod: Mapping[str, Any], amounts: Callable[[Mapping[str, Any]], Iterable[tuple[str, Amount]]]
) -> dict[str, Amount]:
    """What a pod's spec takes of each resource, where `amounts` says what one container does.

    The sum of the containers and sidecars, or the largest init container with the sidecars started before it
    (Kubernetes documentation, "Init containers", resource sharing).
    """
    totals: dict[str, Amount] = {}
    for container in pod.get("containers") or ():
        _add(totals, amounts(container))
    sidecars: dict[str, Amount] = {}
    largest: dict[str, Amount] = {}
    for container in pod.get("initContainers") or ():
        running = dict(sidecars)
        _add(running, amounts(container))
        if container.get("restartPolicy") == "Always":
            sidecars = running
        for resource, amount in running.items():
            largest[resource] = max(largest.get(resource, amount), amount)
    _add(totals, sidecars.items())
    for resource, amount in largest.items():
        totals[resource] = max(totals.get(resource, amount), amount)
    return totals


def _add(totals: dict[str, Amount], amounts: Iterable[tuple[str, Amount]]) -> None:
    for resource, amount in amounts:
        totals[resource] = totals[resource] + amount if resource in totals else amount


def _follow(value: Any, path: Route, route: Route) -> Iterator[tuple[Route, dict[str, Any]]]:
    for at, step in enumerate(path):
        if step == "*":
            for number, item in enumerate(value if isinstance(value, list) else []):
                yield from _follow(item, path[at + 1 :], (*route, *path[:at], number))
            return
        value = value.get(step) if isinstance(value, dict) else None
    if isinstance(value, dict):
        yield (*route, *path), value
