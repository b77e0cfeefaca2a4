"""Which pods the scheduler lets go for others.

Kubernetes documentation, "Pod Priority and Preemption"; the lowest priority goes first
(pkg/scheduler/framework/plugins/defaultpreemption).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.quantities import whole


class Priority(Struct, frozen=True):
    """A pod's priority, and whether it may take the place of those below."""

    value: int
    preempts: bool = True


SYSTEM = frozenset(("system-cluster-critical", "system-node-critical"))
"""PriorityClasses that every cluster has (Kubernetes documentation, "Pod Priority and Preemption")."""

Classes = Mapping[str, Priority]
"""By the name of the PriorityClass; "" is the default of pods that name none."""


def priority_classes(objects: Iterable[Object]) -> dict[str, Priority]:
    """The PriorityClasses among the objects; pods that name none have 0, or the value of the global default."""
    found = {"": Priority(0)}
    for obj in objects:
        if obj.get("kind") == "PriorityClass":
            own = Priority(whole(obj.get("value"), 0), obj.get("preemptionPolicy") != "Never")
            found[str(obj["metadata"]["name"])] = own
            if obj.get("globalDefault") is True:
                found[""] = own
    return found


def priority_of(pod: Mapping[str, Any], classes: Classes) -> Priority | None:
    """The priority of a pod's spec; None where its class is not known."""
    return classes.get(str(pod.get("priorityClassName") or ""))
