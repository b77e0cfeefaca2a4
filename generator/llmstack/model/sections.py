"""The sections of the values: which keys each has, and what a field's type holds."""

from __future__ import annotations

import typing
from collections.abc import Iterator
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
