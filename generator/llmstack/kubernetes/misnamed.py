"""Names, labels and annotations that the API server does not take (`names.py` has their forms).

Source: k8s.io/kubernetes, pkg/apis/core/validation/validation.go (ValidateObjectMeta, ValidateContainers,
ValidateVolumes, validateVolumeMounts, validateContainerPorts).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.finding import Route
from llmstack.kubernetes.names import annotations_fault, form_of, is_label, is_label_value, is_port_name, key_fault
from llmstack.kubernetes.pods import Object, containers, maps, value_at
from llmstack.kubernetes.schema import Problem


def misnamed(obj: Object) -> Iterator[Problem]:
    """Yield what is wrong with an object's name, and with the labels and annotations of it and of its pods."""
    kind, name = str(obj.get("kind")), str(value_at(obj, "metadata", "name"))
    form = form_of(kind)
    if len(name) > form.limit:
        yield Problem(("metadata", "name"), f"the name of a {kind} has at most {form.limit} characters")
    elif not form.pattern.fullmatch(name):
        yield Problem(("metadata", "name"), f"`{name}` is not the name of a {kind}: {form.told}")
    for route in (("metadata",), ("spec", "template", "metadata")):
        for part in ("labels", "annotations"):
            yield from _keys((*route, part), value_at(obj, *route, part))


def _keys(route: Route, values: Any) -> Iterator[Problem]:
    """Keys of labels or annotations, and the values of labels."""
    if not isinstance(values, dict):
        return
    if route[-1] == "annotations" and (fault := annotations_fault(values)) is not None:
        yield Problem(route, fault)
    for key, value in values.items():
        fault = key_fault(str(key))
        if fault is not None:
            yield Problem((*route, key), f"`{key}` is no key of {route[-1]}: {fault}")
        elif route[-1] == "labels" and isinstance(value, str) and not is_label_value(value):
            yield Problem((*route, key), f"the value of label `{key}` is at most 63 letters, digits, `-`, `_` and `.`")


def misnamed_parts(route: Route, spec: dict[str, Any]) -> Iterator[Problem]:
    """Yield what is wrong with the names in a pod: each container has one of its own, and each mount is of a volume."""
    names = [str(container.get("name")) for _, _, container in containers(spec)]
    if len(set(names)) < len(names):
        yield Problem((*route, "containers"), "two containers have the same name")
    volumes = {str(each.get("name")) for each in maps(spec.get("volumes"))}
    for name in sorted({*names, *volumes}):
        if not is_label(name):
            yield Problem(route, f"`{name}` is not the name of a container or a volume: a DNS label")
    for group, number, container in containers(spec):
        at = (*route, group, number)
        ports = [str(port["name"]) for port in maps(container.get("ports")) if port.get("name")]
        odd = next((name for name in ports if not is_port_name(name)), None)
        if odd is not None:
            yield Problem((*at, "ports"), f"`{odd}` is not a port's name: 15 of a to z, 0 to 9 and `-`, with a letter")
        mounts = (str(each.get("name")) for each in maps(container.get("volumeMounts")))
        missing = next((name for name in mounts if name not in volumes), None)
        if missing is not None:
            yield Problem((*at, "volumeMounts"), f"the pod has no volume `{missing}`")
