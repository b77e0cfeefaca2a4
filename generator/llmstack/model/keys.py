"""Every key of the values, from the model: path, type, default, description. The pages and `explain` show them."""

from __future__ import annotations

import json
import re
import types
import typing
from collections.abc import Iterator
from typing import Any, Literal, Union

from msgspec import Struct
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from llmstack.model.blocks import Kube
from llmstack.model.flag import flag_of
from llmstack.model.stack import Stack
from llmstack.model.types import section_of
from llmstack.values.layers import ALIASES

_NOTHING = object()


class Key(Struct, frozen=True):
    """One key. `path` writes lists as `modelSpec[]`; `chart_default` is set where the chart's default differs."""

    path: str
    type: str
    default: str
    description: str
    chart_default: str | None
    aliases: tuple[str, ...] = ()


def all_keys() -> Iterator[Key]:
    """Yield every key in the order of the model."""
    yield from _keys(Stack, "")


def _keys(section: type[BaseModel], prefix: str) -> Iterator[Key]:
    for name, field in section.model_fields.items():
        inner = section_of(field.annotation)
        path = f"{prefix}{field.alias or name}"
        yield Key(
            path,
            describe_type(field.annotation, field.metadata),
            "" if inner else _default(field),
            _description(field),
            _chart_default(field),
            _aliases(path),
        )
        if inner is not None:
            yield from _keys(inner, f"{path}{_suffix(field.annotation)}.")


def _description(field: FieldInfo) -> str:
    flag = flag_of(field.metadata)
    return flag.describe(field.description or "") if flag else field.description or ""


def _suffix(annotation: Any) -> str:
    """`[]` for a list of sections, `.<name>` for a map of them."""
    origin = typing.get_origin(annotation)
    if origin is list:
        return "[]"
    if origin is dict:
        return ".<name>"
    return next((found for inner in typing.get_args(annotation) if (found := _suffix(inner))), "")


def describe_type(annotation: Any, metadata: typing.Sequence[Any] = ()) -> str:
    """The type of a field in the words of the pages."""
    kube = next((item for item in metadata if isinstance(item, Kube)), None)
    if kube is not None:
        name = kube.definition.rpartition(".")[2]
        return f"list of {name}" if kube.many else name
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return describe_type(arguments[0], arguments[1:])
    if origin in (Union, types.UnionType):
        shown = [describe_type(item) for item in arguments if item is not type(None)]
        return " or ".join(dict.fromkeys(shown))
    if origin is Literal:
        return " \\| ".join(f"`{item}`" if item else '`""`' for item in arguments)
    if origin is list:
        return f"list of {describe_type(arguments[0])}"
    if origin is dict:
        return "map"
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "section"
    return {str: "text", int: "integer", float: "number", bool: "boolean"}.get(
        annotation, "any" if annotation is Any else annotation.__name__
    )


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "" if value is None or value is PydanticUndefined else show(value)


def _chart_default(field: FieldInfo) -> str | None:
    extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
    value: Any = extra.get("chart", _NOTHING)
    return None if value is _NOTHING else show(value)


def show(value: Any) -> str:
    """A default as it would be written in values."""
    if isinstance(value, list) and value and isinstance(value[0], BaseModel):
        value = [item.model_dump(by_alias=True, exclude_none=True) for item in value]
    return value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)


def _aliases(path: str) -> tuple[str, ...]:
    """Other spellings of a key."""
    found = []
    for section, names in ALIASES.items():
        prefix = "".join(f"{step}." for step in section).replace("modelSpec.*.", "modelSpec[].")
        found += [
            f"{prefix}{alias}" for alias, target in names.items() if f"{prefix}{'.'.join(map(str, target))}" == path
        ]
    return tuple(found)


def find_keys(word: str) -> list[Key]:
    """Keys whose path contains `word`, as `same_path` compares: exact ends first, then others, in the model's order."""
    wanted = same_path(word)
    keys = {same_path(key.path): key for key in all_keys()}
    exact = [key for path, key in keys.items() if f".{path}".endswith(f".{wanted}")]
    rest = [
        key
        for path, key in keys.items()
        if key not in exact and any(wanted in spelled for spelled in (path, *map(same_path, key.aliases)))
    ]
    return exact + rest


def same_path(path: str) -> str:
    """A path as it is compared: `modelSpec[2].tag`, as findings say it, and `modelspec.tag` are `modelSpec[].tag`."""
    return re.sub(r"\[\d*\]", "", path).lower()
