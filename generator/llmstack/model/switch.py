"""Keys that turn their section on: without them it does nothing, whatever else it says."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

from msgspec import Struct
from pydantic import BaseModel

from llmstack.finding import Route
from llmstack.model.types import section_of


class SectionSwitch(Struct, frozen=True):
    """Marks the key that turns its section on, off by default. Keys in `besides` act without it."""

    besides: frozenset[str] = frozenset()


class Switched(Struct, frozen=True):
    """A section with a switch: where it is, the switch's key, whether it is on, and the keys that are set in it."""

    route: Route
    key: str
    on: bool
    set_keys: tuple[str, ...]
    """In the order of the model; those that act without the switch are left out."""


def switched(section: BaseModel, route: Route = ()) -> Iterator[Switched]:
    """Yield the section, where it has a switch, and then the sections in it that have one."""
    plan = _plan(type(section))
    if plan.switch is not None:
        name, key, marker = plan.switch
        fields = type(section).model_fields
        set_names = (each for each in fields if each in section.model_fields_set)
        set_keys = (fields[each].alias or each for each in set_names)
        on = bool(getattr(section, name))
        yield Switched(route, key, on, tuple(each for each in set_keys if each not in marker.besides))
    for name, key in plan.sections:
        yield from _inside(getattr(section, name), (*route, key))


def _inside(value: object, route: Route) -> Iterator[Switched]:
    """The same for a value that is a section, a list or a map of some, or null."""
    if isinstance(value, BaseModel):
        yield from switched(value, route)
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _inside(item, (*route, number))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _inside(item, (*route, key))


class _Plan(Struct, frozen=True):
    """Of a section: its switch (attribute, key, marker), and the fields that hold sections with one."""

    switch: tuple[str, str, SectionSwitch] | None
    sections: tuple[tuple[str, str], ...]


@cache
def _plan(section: type[BaseModel]) -> _Plan:
    switch = None
    sections: list[tuple[str, str]] = []
    for name, field in section.model_fields.items():
        key, inner = field.alias or name, section_of(field.annotation)
        marker = next((item for item in field.metadata if isinstance(item, SectionSwitch)), None)
        if marker is not None:
            switch = (name, key, marker)
        elif inner is not None and _plan(inner) != _Plan(None, ()):
            sections.append((name, key))
    return _Plan(switch, tuple(sections))
