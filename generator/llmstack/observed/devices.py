"""Devices that nodes offer and pods claim (DRA): ResourceSlices, DeviceClasses and ResourceClaims.

resource.k8s.io/v1alpha3 to v1 (k8s.io/api/resource): until v1beta1 the fields of a device stand under `basic`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.device_selectors import Attribute, expressions_of
from llmstack.kubernetes.pods import Object, maps, value_at
from llmstack.kubernetes.quantities import quantity
from llmstack.kubernetes.scheduling import KEEPING_OUT
from llmstack.observed.fields import count, text
from llmstack.observed.things import Device, DeviceClass, Meta, ResourceClaim, ResourceSlice

_TYPES: tuple[tuple[str, type[Attribute]], ...] = (("string", str), ("bool", bool), ("int", int))
"""Those that are compared with a literal; a version is not."""
_SHARED = ("consumesCounters", "allowMultipleAllocations")
"""Fields of a device that is a part of another one, or that claims share (KEP-4815, KEP-5075)."""


def read_slice(meta: Meta, obj: Object) -> ResourceSlice:
    spec = obj.get("spec")
    driver = text(spec, "driver")
    return ResourceSlice(
        meta=meta,
        driver=driver,
        node=text(spec, "nodeName"),
        devices=tuple(_device(each, driver) for each in maps(value_at(spec, "devices"))),
        pool=text(spec, "pool", "name"),
        generation=count(spec, "pool", "generation") or 0,
        slices=count(spec, "pool", "resourceSliceCount") or 1,
    )


def read_class(meta: Meta, obj: Object) -> DeviceClass:
    spec = obj.get("spec")
    return DeviceClass(meta, expressions_of(value_at(spec, "selectors")), text(spec, "extendedResourceName"))


def read_claim(meta: Meta, obj: Object) -> ResourceClaim:
    """What a claim was given; a look at a device (`adminAccess`) takes it from nobody."""
    results = maps(value_at(obj, "status", "allocation", "devices", "results"))
    users = maps(value_at(obj, "status", "reservedFor"))
    return ResourceClaim(
        meta=meta,
        devices=tuple(
            (text(each, "driver"), text(each, "pool"), text(each, "device"))
            for each in results
            if each.get("adminAccess") is not True
        ),
        users=tuple(text(each, "name") for each in users if each.get("resource") == "pods"),
    )


def _device(each: Object, driver: str) -> Device:
    body = each["basic"] if isinstance(each.get("basic"), Mapping) else each
    return Device(
        name=text(each, "name"),
        attributes=dict(_attributes(body.get("attributes"), driver)),
        capacity=dict(_capacity(body.get("capacity"), driver)),
        open=not any(taint.get("effect") in KEEPING_OUT for taint in maps(body.get("taints"))),
        whole=not any(body.get(key) for key in _SHARED),
    )


def _attributes(value: Any, driver: str) -> Iterator[tuple[str, Attribute]]:
    """Attributes with their domain: the driver's where none is stated (`QualifiedName`)."""
    for key, each in value.items() if isinstance(value, Mapping) else ():
        for name, type_ in _TYPES:
            found = value_at(each, name)
            if isinstance(key, str) and type(found) is type_:
                yield _qualified(key, driver), found


def _capacity(value: Any, driver: str) -> Iterator[tuple[str, str]]:
    """Capacities with their domain; until v1alpha3 the quantity stands alone."""
    for key, each in value.items() if isinstance(value, Mapping) else ():
        found = value_at(each, "value") if isinstance(each, Mapping) else each
        if isinstance(key, str) and isinstance(found, str) and quantity(found) is not None:
            yield _qualified(key, driver), found


def _qualified(key: str, driver: str) -> str:
    return key if "/" in key else f"{driver}/{key}"
