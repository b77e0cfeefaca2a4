"""The values' raw Kubernetes blocks, labels and annotations, found by walking the model's own types.

A new field of a section is found without a word here: its type carries `Kube(…)`, or its key ends in `labels`
or `annotations`. "selector" is a map of labels that other objects carry.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any, Literal, get_args, get_origin

from msgspec import Struct
from pydantic import BaseModel

from llmstack.finding import Route
from llmstack.model.blocks import Kube
from llmstack.model.types import section_of

Role = Kube | Literal["labels", "selector", "annotations"]

ENV_VAR = "io.k8s.api.core.v1.EnvVar"
RESOURCES = "io.k8s.api.core.v1.ResourceRequirements"
VOLUME = "io.k8s.api.core.v1.Volume"


class Block(Struct, frozen=True):
    """A raw value of the values: where it is, and what it is."""

    route: Route
    role: Role
    value: Any

    @property
    def definition(self) -> str | None:
        """The Kubernetes type of the value, or of its items; None for labels and annotations."""
        return self.role.definition if isinstance(self.role, Kube) else None


class _Plan(Struct, frozen=True):
    """The fields of a section that matter here: blocks, and sections that hold some."""

    blocks: tuple[tuple[str, str, Role], ...]
    sections: tuple[tuple[str, str], ...]


def walk(section: BaseModel, route: Route = ()) -> Iterator[Block]:
    """Yield every block that is not null, in the order of the model."""
    plan = _plan(type(section))
    for name, alias, role in plan.blocks:
        value = getattr(section, name)
        if value is not None:
            yield Block((*route, alias), role, value)
    for name, alias in plan.sections:
        for step, inner in inner_sections(getattr(section, name)):
            yield from walk(inner, (*route, alias, *step))


def inner_sections(value: object) -> Iterator[tuple[Route, BaseModel]]:
    """Yield the sections that a field holds, alone, in a list or in a map, each with what leads to it there."""
    if isinstance(value, BaseModel):
        yield (), value
    elif isinstance(value, list):
        yield from (((number,), item) for number, item in enumerate(value))
    elif isinstance(value, dict):
        yield from (((key,), item) for key, item in value.items())


@cache
def _plan(section: type[BaseModel]) -> _Plan:
    blocks: list[tuple[str, str, Role]] = []
    sections: list[tuple[str, str]] = []
    for name, field in section.model_fields.items():
        alias = field.alias or name
        inner = section_of(field.annotation)
        kube = next((item for item in field.metadata if isinstance(item, Kube)), None) or _marker(field.annotation)
        if kube is not None:
            blocks.append((name, alias, kube))
        elif inner is not None:
            if any(bool(part) for part in (_plan(inner).blocks, _plan(inner).sections)):
                sections.append((name, alias))
        elif _holds_map(field.annotation) and (role := _role(alias)) is not None:
            blocks.append((name, alias, role))
    return _Plan(tuple(blocks), tuple(sections))


def _role(alias: str) -> Role | None:
    if alias in ("nodeSelector", "pvcMatchLabels"):
        return "selector"
    if alias.lower().endswith("labels"):
        return "labels"
    return "annotations" if alias.lower().endswith("annotations") else None


def _marker(annotation: Any) -> Kube | None:
    """The `Kube(…)` inside an annotation such as `Affinity | None`."""
    found = next((item for item in getattr(annotation, "__metadata__", ()) if isinstance(item, Kube)), None)
    if found is not None:
        return found
    return next((found for inner in get_args(annotation) if (found := _marker(inner)) is not None), None)


def _holds_map(annotation: Any) -> bool:
    return get_origin(annotation) is dict or any(_holds_map(inner) for inner in get_args(annotation))
