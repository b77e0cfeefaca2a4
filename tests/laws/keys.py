"""Every key of the values, and values to try for it."""

from __future__ import annotations

import typing
from collections.abc import Iterator
from typing import Any, Literal

from pydantic import BaseModel

from llmstack.model.stack import Stack
from llmstack.model.types import section_of

Route = tuple[str, ...]
"""Keys from the root; `[]` stands for the items of a list, `{}` for those of a map of sections."""


def leaves(section: type[BaseModel] = Stack, at: Route = ()) -> Iterator[tuple[Route, Any]]:
    """Yield every key that holds no section of ours, with its type; in the order of the models."""
    for name, field in section.model_fields.items():
        route = (*at, field.alias or name)
        inner = section_of(field.annotation)
        if inner is None:
            yield route, field.annotation
        else:
            yield from leaves(inner, (*route, *_items(field.annotation)))


def _items(annotation: Any) -> tuple[str, ...]:
    """`[]` for a list of sections, `{}` for a map of them; nothing for a section itself."""
    for part in _parts(annotation):
        origin = typing.get_origin(part)
        if origin in (list, dict) and section_of(part) is not None:
            return ("[]",) if origin is list else ("{}",)
    return ()


def _parts(annotation: Any) -> Iterator[Any]:
    """The members of a union, and what stands in an Annotated."""
    origin = typing.get_origin(annotation)
    if origin is None or origin in (list, dict, Literal):
        yield annotation
        return
    if origin is typing.Annotated:
        yield from _parts(typing.get_args(annotation)[0])
        return
    for inner in typing.get_args(annotation):
        yield from _parts(inner)


def candidates(annotation: Any) -> Iterator[Any]:
    """Yield values of many forms; one that the key does not take is refused by its type."""
    for part in _parts(annotation):
        if typing.get_origin(part) is Literal:
            yield from typing.get_args(part)
    yield from (True, False, 7, "7", "1", "7Gi", "sample", "50%", {"sample": "x"}, ["7"])
    yield from ({"cpu": {"sample": "7"}}, {"type": "Recreate"}, {"runAsUser": 7}, {"requests": {"cpu": "7"}})
    yield {"httpGet": {"path": "/sample", "port": 7}}
    yield {"nodeAffinity": {"sample": []}}
    yield [{"name": "sample", "port": 7}]
    yield [{"name": "sample", "value": "7"}]
    yield [{"name": "sample", "mountPath": "/sample"}]
    yield [{"name": "sample", "emptyDir": {}}]
    yield [{"matchExpressions": [{"key": "sample", "operator": "Exists"}]}]
    yield [{"type": "sample", "metadata": {"sample": "7"}}]
    yield [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "sample"}}]
    yield ["ReadWriteMany"]


def put(values: Any, route: Route, value: Any) -> Any:
    """A copy of the values with one key set, in the first item of each list, and the item `main` of each map."""
    step, *rest = route
    if step == "[]":
        items = list(values or [{}])
        return [put(items[0], tuple(rest), value) if rest else value, *items[1:]]
    key = "main" if step == "{}" else step
    held = dict(values or {})
    if not rest:
        return {**held, key: value}
    inner = held.get(key)
    if isinstance(inner, dict) and rest[0] == "[]":  # one that stands for a list of one
        inner = [inner]
    return {**held, key: put(inner, tuple(rest), value)}


def holds(values: Any, route: Route) -> bool:
    """Whether the values state the section that holds a key: else its mere presence could be what acts."""
    if len(route) == 1:
        return True
    step, *rest = route
    if step == "[]":
        return bool(values) and holds(values[0] if isinstance(values, list) else values, tuple(rest))
    key = "main" if step == "{}" else step
    return isinstance(values, dict) and key in values and holds(values[key], tuple(rest))


def show(route: Route) -> str:
    """`servingEngineSpec.modelSpec[].tag`, as the reference writes it."""
    return ".".join(route).replace(".[]", "[]").replace(".{}", "{}")
