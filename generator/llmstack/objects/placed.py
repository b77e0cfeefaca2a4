"""An object, and where in the tree it belongs."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

Object = dict[str, Any]
"""A Kubernetes object as plain data, without nulls."""


class Placed(Struct, frozen=True):
    """An object in its unit (`models/llama`, `router`, `stack` …) and slot.

    The slot is the name of its file without the ending, unique in the unit and the same in every environment:
    objects of base and overlay pair by it.
    """

    unit: str
    slot: str
    object: Object


NAMELESS = frozenset(
    ("affinity", "args", "command", "data", "emptyDir", "livenessProbe", "metadata", "ports", "readinessProbe",
     "securityContext", "selector", "startupProbe", "strategy", "tolerations")
)  # fmt: skip
"""Fields in which nothing names another object: what looks for names leaves them out."""


def may_name(field: str, item: object) -> bool:
    """Whether a field is worth a look for names of other objects."""
    return isinstance(item, (dict, list)) and field not in NAMELESS


def prune(value: Any) -> Any:
    """`value` without nulls, at any depth. Empty maps and lists stay: `emptyDir: {}` means something."""
    if isinstance(value, dict):
        return {
            key: prune(item) if item.__class__ in _NESTED else item for key, item in value.items() if item is not None
        }
    if isinstance(value, list):
        return [prune(item) if item.__class__ in _NESTED else item for item in value if item is not None]
    return value


_NESTED = (dict, list)
"""Looked at by class, which is a third faster than `isinstance`: a large environment has half a million values."""


def place(unit: str, object: Object, slot: str | None = None) -> Placed:
    """Put an object, given as a literal with None for what is not set, into its unit."""
    return Placed(unit, slot or str(object["kind"]).lower(), prune(object))
