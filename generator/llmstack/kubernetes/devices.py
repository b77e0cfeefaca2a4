"""Devices that pods claim by dynamic resource allocation (DRA), in the place of counting a resource.

kubernetes.io, "Dynamic Resource Allocation"; resource.k8s.io/v1, v1beta2 and v1beta1 (k8s.io/api/resource): a request
names its DeviceClass and a count, `exactly` holds both from v1beta2 on.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.kubernetes.device_selectors import expressions_of
from llmstack.kubernetes.pods import Identity, Object, identity_of, value_at
from llmstack.kubernetes.quantities import whole

Devices = Mapping[str, int]
"""How many devices of each DeviceClass, or of a class as a request narrows it by selectors (`narrowed`)."""

_KINDS = ("ResourceClaim", "ResourceClaimTemplate")


def read_claims(objects: Iterable[Object]) -> dict[Identity, Devices | None]:
    """What each claim, and template of claims, among the objects asks for; None where it does not say how many of a
    class.

    Constraints and alternatives of a request hang on what the scheduler finds.
    """
    return {identity_of(obj): _requested(obj) for obj in objects if obj.get("kind") in _KINDS}


def devices_of(pod: Mapping[str, Any], namespace: str, claims: Mapping[Identity, Devices | None]) -> Devices | None:
    """The devices that each pod of a spec takes for itself; empty where it claims none, None where that cannot be told.

    A ResourceClaim that is named is one for all pods that name it (`named_claims`): not of each.
    """
    found: dict[str, int] = {}
    for each in pod.get("resourceClaims") or ():
        if "resourceClaimName" in each:
            continue
        template = each.get("resourceClaimTemplateName")
        asked = claims.get(("ResourceClaimTemplate", namespace, str(template))) if template else None
        if asked is None:
            return None
        for name, count in asked.items():
            found[name] = found.get(name, 0) + count
    return found


def named_claims(pod: Mapping[str, Any], namespace: str) -> set[Identity]:
    """The ResourceClaims that a pod's spec names, which it shares with all other pods that do."""
    named = (each.get("resourceClaimName") for each in pod.get("resourceClaims") or ())
    return {("ResourceClaim", namespace, str(name)) for name in named if name}


def _requested(obj: Object) -> Devices | None:
    spec = value_at(obj, "spec", "spec") if obj.get("kind") == "ResourceClaimTemplate" else obj.get("spec")
    if value_at(spec, "devices", "constraints"):
        return None
    found: dict[str, int] = {}
    for request in value_at(spec, "devices", "requests") or ():
        exact = request.get("exactly") or request
        name = exact.get("deviceClassName")
        expressions = expressions_of(exact.get("selectors"))
        if not name or exact.get("allocationMode", "ExactCount") != "ExactCount" or expressions is None:
            return None
        if exact.get("adminAccess") is not True:
            key = narrowed(str(name), expressions)
            found[key] = found.get(key, 0) + whole(exact.get("count"), 1)
    return found


def narrowed(name: str, expressions: Iterable[str]) -> str:
    """A DeviceClass as a request narrows it: its name, and each CEL expression on a line of its own."""
    return "\n".join([name, *(" ".join(each.splitlines()) for each in expressions)])


def class_of(key: str) -> tuple[str, tuple[str, ...]]:
    """The name and the expressions of what `narrowed` made."""
    name, *expressions = key.split("\n")
    return name, tuple(expressions)


def told_class(key: str) -> str:
    """A class as it is told: its name, and what narrows it."""
    name, expressions = class_of(key)
    return f"`{name}`" + (f" where `{' && '.join(expressions)}`" if expressions else "")
