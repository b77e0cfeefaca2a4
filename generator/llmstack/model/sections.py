"""The sections of the values: which keys each has, and what a field's type holds."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from pydantic import BaseModel

from llmstack.finding import Route
from llmstack.model.stack import Stack
from llmstack.model.types import section_of


def keys_at(route: Route, section: type[BaseModel] = Stack) -> Iterator[str]:
    """Yield the known keys of the section at `route`; nothing where any key may stand.

    In a map of sections (`routerSpec.route`) every key names one.
    """
    here: type[BaseModel] | None = section
    named = False
    for step in route:
        if here is None or isinstance(step, int):
            continue
        if named:
            named = False
            continue
        field = next((field for field in here.model_fields.values() if field.alias == step), None)
        here = section_of(field.annotation) if field is not None else None
        named = field is not None and here is not None and _is_map(field.annotation)
    if here is not None and not named:
        yield from (field.alias or name for name, field in here.model_fields.items())


def _is_map(annotation: Any) -> bool:
    """Whether an annotation is, or may be, a map of sections."""
    if typing.get_origin(annotation) is dict:
        return True
    return any(_is_map(inner) for inner in typing.get_args(annotation) if not isinstance(inner, str))


def section_path(route: Route) -> str:
    """`servingEngineSpec.modelSpec[]` of a route, whatever the model."""
    text = ""
    for step in route:
        text += "[]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


@cache
def all_sections() -> Mapping[str, frozenset[str]]:
    """The keys of each section by its path (`servingEngineSpec.modelSpec[].vllmConfig`), the values' own under ``."""
    return dict(_sections(Stack, ""))


def _sections(section: type[BaseModel], path: str) -> Iterator[tuple[str, frozenset[str]]]:
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    yield path, frozenset(fields)
    for key, field in fields.items():
        if (inner := section_of(field.annotation)) is not None:
            many = "[]" if key == "modelSpec" else ""
            yield from _sections(inner, f"{path}.{key}{many}".removeprefix("."))
