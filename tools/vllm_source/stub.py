"""What stands for everything that a release imports and this tool does not follow."""

from __future__ import annotations

import dataclasses
import json
import types
from collections.abc import Iterator
from typing import Annotated, Any, Union


class Stub:
    """Stands for anything: its attributes, items and calls are stubs again, and it is empty and false.

    Called with one function or class, as a decorator is, it gives that back.
    """

    def __init__(self, name: str) -> None:
        self.__stub_name__ = name
        self.__module__ = name.rpartition(".")[0] or name
        self.__name__ = self.__qualname__ = name.rpartition(".")[2]

    def __getattr__(self, name: str) -> Stub:
        if name.startswith("__") and name.endswith("__"):
            raise AttributeError(name)
        return Stub(f"{self.__stub_name__}.{name}")

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        decorates = len(arguments) == 1 and not named
        if decorates and isinstance(arguments[0], types.FunctionType | type | classmethod | staticmethod | property):
            return arguments[0]
        return Stub(f"{self.__stub_name__}()")

    def __getitem__(self, item: Any) -> Stub:
        return Stub(f"{self.__stub_name__}[]")

    def __mro_entries__(self, bases: tuple[Any, ...]) -> tuple[type, ...]:
        return (StubBase,)

    def __or__(self, other: Any) -> Any:
        return Union[self, other]  # noqa: UP007

    def __ror__(self, other: Any) -> Any:
        return Union[other, self]  # noqa: UP007

    def __iter__(self) -> Iterator[Any]:
        return iter(())

    def __len__(self) -> int:
        return 0

    def __contains__(self, item: Any) -> bool:
        return False

    def __bool__(self) -> bool:
        return False

    def __int__(self) -> int:
        return 0

    def __enter__(self) -> Stub:
        return self

    def __exit__(self, *reason: object) -> None:
        return None


class StubBase:
    """The base of classes whose real base is a stub; it takes any class options."""

    def __init_subclass__(cls, **options: Any) -> None:
        return None


class FieldInfo:
    """pydantic's: what `Field(...)` leaves as a field's default."""

    def __init__(self, default: Any = ..., *, default_factory: Any = None, **facts: Any) -> None:
        self.default = default
        self.default_factory = default_factory
        self.init = facts.get("init")


class SkipValidation:
    """pydantic's `SkipValidation[T]`, which is an annotated T."""

    def __class_getitem__(cls, item: Any) -> Any:
        return Annotated[item, cls]


def dataclass(cls: Any = None, **options: Any) -> Any:
    """A dataclass with fields, and with a constructor that does nothing: configs are described, not built."""

    def decorate(cls: type) -> type:
        # dataclasses looks for the module of the class among Python's own, where a release's modules are not.
        module, cls.__module__ = cls.__module__, "builtins"
        made: Any = dataclasses.dataclass(init=False, repr=False, eq=False)(cls)
        made.__module__ = module
        made.__init__ = lambda self, *arguments, **named: None
        decorated: type = made
        return decorated

    return decorate(cls) if cls is not None else decorate


class TypeAdapter:
    """pydantic's reader of JSON; a config's own fields are not checked."""

    def __init__(self, cls: Any) -> None:
        self.validate_json = json.loads


PYDANTIC = {
    "TypeAdapter": TypeAdapter,
    "ValidationError": ValueError,
    "Field": FieldInfo,
    "FieldInfo": FieldInfo,
    "SkipValidation": SkipValidation,
    "dataclass": dataclass,
    "ConfigDict": dict,
}
