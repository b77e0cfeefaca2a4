"""What a RuntimeClass adds to the pods that name it, as the API server's admission does.

plugin/pkg/admission/runtimeclass of k8s.io/kubernetes (setOverhead, setScheduling): the overhead, labels that nodes
must have, tolerations. A pod that asks for another value of such a label is refused; here its own value stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.pods import Object, pod_specs, value_at

Classes = Mapping[str, Object]
"""By name: those that add something."""


def adding_classes(objects: Iterable[Object]) -> Classes:
    """The RuntimeClasses among the objects that add something to pods."""
    found = (obj for obj in objects if obj.get("kind") == "RuntimeClass")
    return {str(obj["metadata"]["name"]): obj for obj in found if obj.get("overhead") or obj.get("scheduling")}


def with_runtime_class(obj: Object, classes: Classes) -> Object:
    """An object whose pods have what their class adds; the same object where nothing is added."""
    changed = {
        route: _with(spec, classes[name])
        for route, spec in pod_specs(dict(obj))
        if (name := str(spec.get("runtimeClassName"))) in classes
    }
    for route, spec in changed.items():
        obj = _put(obj, route, spec)
    return obj


def _with(spec: Mapping[str, Any], added: Object) -> dict[str, Any]:
    scheduling = added.get("scheduling") or {}
    found = dict(spec)
    if overhead := value_at(added, "overhead", "podFixed"):
        found["overhead"] = overhead
    if labels := scheduling.get("nodeSelector"):
        found["nodeSelector"] = {**labels, **(spec.get("nodeSelector") or {})}
    if tolerations := scheduling.get("tolerations"):
        found["tolerations"] = [*(spec.get("tolerations") or ()), *tolerations]
    return found


def _put(value: Any, route: tuple[str | int, ...], spec: Any) -> Any:
    """A copy of a value with another one at a route."""
    if not route:
        return spec
    copied = list(value) if isinstance(value, list) else dict(value)
    copied[route[0]] = _put(value[route[0]], route[1:], spec)  # type: ignore[index]
    return copied
