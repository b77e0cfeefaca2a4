"""Keys that are passed as an argument: the flag stands at the field, and what is said of it follows from there."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache, lru_cache
from operator import attrgetter
from typing import Any

from msgspec import Struct
from pydantic import BaseModel, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from llmstack.model.types import section_of


class Flag(Struct, frozen=True):
    """Marks a field whose value is passed as this flag, in the order of the model's fields.

    `arguments` of vLLM and the router, `duplicate-flag`, docs/values.md and the JSON Schema are made of it.
    """

    name: str
    negated: bool = False
    """`false` passes `--no-…`. Of other switches only `true` is passed."""
    derived: bool = False
    """objects/ passes it, from this key and others."""

    def arguments(self, value: object) -> Iterator[str]:
        """Yield the arguments that pass a value; none where it is unset: null, an empty text, 0."""
        if value is True:
            yield self.name
        elif value is False and self.negated:
            yield f"--no-{self.name.removeprefix('--')}"
        elif value:
            yield from (self.name, str(value))

    def describe(self, description: str) -> str:
        """A field's description with the flag."""
        negation = f", or `--no-{self.name.removeprefix('--')}` for `false`" if self.negated else ""
        return f"{description} Flag: `{self.name}`{negation}.".lstrip()

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        return {**handler(core), MARK: self.describe("")}


MARK = "x-flag"
"""Where the JSON Schema keeps the flag until its description is put together."""


class _Marked(Struct, frozen=True):
    """A field with a flag, by its attributes and by its key, both dotted."""

    flag: Flag
    attributes: str
    key: str


def flag_of(metadata: list[Any]) -> Flag | None:
    """The flag among a field's metadata."""
    return next((item for item in metadata if isinstance(item, Flag)), None)


def passed(section: BaseModel) -> list[tuple[Flag, object]]:
    """Each flag of a section, and of the sections in it, with its value, derived ones left out."""
    flags, read = _reader(type(section))
    return list(zip(flags, read(section), strict=True))


def arguments_of(section: BaseModel) -> tuple[str, ...]:
    """The arguments that pass those flags, where they are set."""
    return _arguments(type(section), *_reader(type(section))[1](section))


@lru_cache(maxsize=1 << 12, typed=True)
def _arguments(section: type[BaseModel], *values: Hashable) -> tuple[str, ...]:
    """The arguments of a section's flags with these values, of which many engines of a fleet have the same; 1 is not
    1.0."""
    pairs = zip(_reader(section)[0], values, strict=True)
    return tuple(argument for flag, value in pairs if value is not None for argument in flag.arguments(value))


@cache
def _reader(section: type[BaseModel]) -> tuple[tuple[Flag, ...], Callable[[BaseModel], tuple[Hashable, ...]]]:
    """The flags of a section, and what reads the values of all of them at once."""
    found = [marked for marked in _marked(section) if not marked.flag.derived]
    return tuple(marked.flag for marked in found), attrgetter(*(marked.attributes for marked in found))


@cache
def flag_keys(section: type[BaseModel]) -> Mapping[str, str]:
    """The key that gives a flag, by flag: `--max-model-len` → `vllmConfig.maxModelLen`."""
    return {marked.flag.name: marked.key for marked in _marked(section)}


@cache
def _marked(section: type[BaseModel]) -> tuple[_Marked, ...]:
    found: list[_Marked] = []
    for name, field in section.model_fields.items():
        key = field.alias or name
        if (flag := flag_of(field.metadata)) is not None:
            found.append(_Marked(flag, name, key))
        elif section_of(field.annotation) is field.annotation and isinstance(field.annotation, type):
            for inner in _marked(field.annotation):
                found.append(_Marked(inner.flag, f"{name}.{inner.attributes}", f"{key}.{inner.key}"))
    return tuple(found)
