"""Where values speak of an object of a unit, of a pool, of a section that changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmstack.finding import Place, Route
from llmstack.kubernetes.pods import Object
from llmstack.review.differences import route_to
from llmstack.tree.units import SECRETS
from llmstack.values.layers import MODELS, Layers

_SECTIONS: Mapping[str, Route] = {
    "router": ("routerSpec", "enableRouter"),
    "cache-server": ("cacheServerSpec", "enableServer"),
    "storage": ("sharedStorage", "enabled"),
    "stack": ("servingEngineSpec",),
    "extra": ("extraObjects",),
    SECRETS: ("gitops", "secrets"),
}
"""What makes a unit that is no model's."""
_KEYS = {"spec.replicas": "replicaCount"}
"""What the values of a model call a field of its objects."""
_OFF = {"enabled": False, "replicaCount": 0}
"""Keys of a model that take its pods away, with the value that does."""


def place_of_object(before: Layers | None, after: Layers, unit: str, obj: Object, path: str) -> Place | None:
    """The line after the change that makes an object of a unit, and best its field at `path`; of a model that is gone
    the list that held it, in the file that did. None for a unit that no values make."""
    if unit == "extra":
        return after.place(_extra(after, obj, path))
    if not unit.startswith("models/"):
        return after.place(_SECTIONS[unit]) if unit in _SECTIONS else None
    name = unit.removeprefix("models/")
    number = number_in(after, MODELS, name=name)
    if number is not None:
        return after.place(_of_model(after, number, path))
    held = number_in(before, MODELS, name=name) if before is not None else None
    was = before.place((*MODELS, held, "name")) if before is not None and held is not None else None
    return after.place(MODELS, within=was.path if was is not None else None)


def first_altered(before: Layers, after: Layers, section: Route) -> Place | None:
    """The first key of a section that the change gives another value."""
    old, new = (_section(layers.data, section) for layers in (before, after))
    keys = [key for key in (*new, *old) if old.get(key) != new.get(key)]
    return after.place((*section, keys[0])) if keys else None


def number_in(layers: Layers, section: Route, **keys: str) -> int | None:
    """The number of the item of a list that has these keys."""
    items = _section(layers.data, section[:-1]).get(str(section[-1])) or ()
    found = (number for number, item in enumerate(items) if isinstance(item, dict) and keys.items() <= item.items())
    return next(found, None)


def _section(data: Mapping[str, Any], route: Route) -> Mapping[str, Any]:
    """A section of the values; an empty one where it is not there."""
    for step in route:
        data = data.get(str(step)) or {}
    return data


def _of_model(layers: Layers, number: int, path: str) -> Route:
    """The key that takes its pods away, else the one of the field, else its name."""
    model: Mapping[str, Any] = layers.data[MODELS[0]][MODELS[1]][number]
    off = [key for key, value in _OFF.items() if model.get(key) == value and key in model]
    wanted: Sequence[str] = [*off, *filter(None, [_KEYS.get(path)]), "name"]
    return next((*MODELS, number, key) for key in wanted if key in model)


def _extra(layers: Layers, obj: Object, path: str) -> Route:
    for number, stated in enumerate(layers.data.get("extraObjects") or ()):
        if isinstance(stated, dict) and _names(stated) == _names(obj):
            return ("extraObjects", number, *route_to(stated, path))
    return ("extraObjects",)


def _names(obj: Object) -> tuple[Any, Any]:
    metadata = obj.get("metadata")
    return obj.get("kind"), metadata.get("name") if isinstance(metadata, dict) else None
