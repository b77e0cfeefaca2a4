"""What is told of a repository, without secrets: any data, whatever fields it has."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar, cast

from msgspec import Struct
from msgspec.structs import asdict, replace

from llmstack.secrecy.masking import mask_words

Told = TypeVar("Told")
_Shorten = Callable[[str], str]
_WHOLE = frozenset(("before", "after"))
"""Fields that hold what stands in a file, which people read whole."""


def mask_told(told: Told, shorten: _Shorten = str) -> Told:
    """The same data with a mask in the place of everything of a known form, in every text of its fields and items, and
    every text but the values of files as `shorten` makes it after that.

    Somebody may have called a model or a pool by a token. Keys stay, so that no two become one; what holds none is the
    same object.
    """
    return cast("Told", _mask(told, shorten))


def _mask(value: Any, shorten: _Shorten) -> Any:
    masked: Any = value
    if type(value) is str:
        masked = shorten(mask_words(value))
    elif type(value) in (tuple, list, frozenset):
        masked = type(value)(_mask(item, shorten) for item in value)
    elif type(value) is dict or isinstance(value, Mapping):  # an abstract class is asked at ten times the cost
        masked = {key: _mask(item, shorten) for key, item in value.items()}
    elif isinstance(value, Struct):
        held = asdict(value)
        shown = {name: _mask(item, str if name in _WHOLE else shorten) for name, item in held.items()}
        return value if shown == held else replace(value, **shown)
    return value if masked == value else masked
