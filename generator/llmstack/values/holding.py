"""What a file is that holds values of the chart somewhere inside, and how such a file's maps are read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from msgspec import Struct

from llmstack.values.nodes import Source

CHART_KEYS = frozenset((
    "servingEngineSpec", "routerSpec", "cacheserverSpec", "cacheServerSpec", "sharedPvcStorage", "sharedStorage",
    "loraAdapters", "loraController", "grafanaDashboards", "gitops",
))  # fmt: skip
"""Top-level keys by which a values file of the chart is known."""

Read = Callable[[str], Source]


class Wrapped(Struct, frozen=True):
    """What a file is, and the values in it; `text` is None where they stand in another file or object."""

    what: str
    where: str
    text: str | None
    release: str | None = None
    namespace: str | None = None
    beside: tuple[str, ...] = ()
    """What else says values, and is not read here."""


def held_keys(data: Mapping[str, Any], keys: tuple[str, ...], at: str = "") -> tuple[str, ...]:
    """Those of the keys that say something, with where they stand."""
    return tuple(f"{at}.{key}".lstrip(".") for key in keys if data.get(key))


def map_at(data: Any, key: str) -> Mapping[str, Any]:
    held = data.get(key) if isinstance(data, Mapping) else None
    return held if isinstance(held, Mapping) else {}


def maps_at(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The items of a list, an empty map for each that is none."""
    held = data.get(key)
    return [each if isinstance(each, Mapping) else {} for each in held] if isinstance(held, list) else []


def text_at(data: Mapping[str, Any], key: str) -> str | None:
    held = data.get(key)
    return held if isinstance(held, str) and held else None


def plain(text: str | None) -> str | None:
    """A name without a template in it."""
    return text if text and "{{" not in text else None
