"""Fields of objects that anybody may have written: what is of another type counts as not there."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Any

from llmstack.kubernetes.pods import maps, value_at
from llmstack.kubernetes.quantities import quantity
from llmstack.observed.things import Meta
from llmstack.observed.times import read_time

MOST_OF_TEXT = 2048
LARGEST = 1 << 63
LONGEST_GRACE = 10**9


def text(value: Any, *keys: str) -> str:
    """The text at a path; empty where there is none, and where it holds what no name, image or label may."""
    found = value_at(value, *keys)
    return found if isinstance(found, str) and len(found) <= MOST_OF_TEXT and found.isprintable() else ""


def count(value: Any, *keys: str) -> int | None:
    """The whole number at a path."""
    found = value_at(value, *keys)
    return found if type(found) is int and abs(found) < LARGEST else None


def texts(value: Any) -> tuple[str, ...]:
    """The texts in a list."""
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def labels(value: Any) -> dict[str, str]:
    """A map of texts."""
    return {key: each for key, each in _pairs(value) if isinstance(each, str) and each.isprintable()}


def amounts(value: Any) -> dict[str, Fraction]:
    """A map of quantities."""
    found = ((key, quantity(each)) for key, each in _pairs(value))
    return {key: each for key, each in found if each is not None}


def _pairs(value: Any) -> Iterator[tuple[str, Any]]:
    for key, each in value.items() if isinstance(value, Mapping) else ():
        if isinstance(key, str) and key.isprintable() and len(key) <= MOST_OF_TEXT:
            yield key, each


def condition(obj: Mapping[str, Any], type: str) -> Mapping[str, Any]:
    """The condition of a type; an empty one where there is none."""
    found = (each for each in maps(value_at(obj, "status", "conditions")) if each.get("type") == type)
    return next(found, {})


def _deleted(metadata: Any) -> datetime | None:
    """When a deletion was asked for: its time stamp is that of the end of the grace period."""
    end, grace = read_time(value_at(metadata, "deletionTimestamp")), count(metadata, "deletionGracePeriodSeconds")
    return end - timedelta(seconds=grace or 0) if end is not None and 0 <= (grace or 0) < LONGEST_GRACE else end


def read_meta(obj: Mapping[str, Any]) -> Meta | None:
    """What every object has; None for one without a kind or a name."""
    metadata = obj.get("metadata")
    kind, name = text(obj, "kind"), text(metadata, "name")
    if not kind or not name:
        return None
    owners = [each for each in maps(value_at(metadata, "ownerReferences")) if each.get("controller") is True]
    version = text(metadata, "resourceVersion")
    return Meta(
        kind=kind,
        namespace=text(metadata, "namespace"),
        name=name,
        uid=text(metadata, "uid"),
        labels=labels(value_at(metadata, "labels")),
        owner=(text(owners[0], "kind"), text(owners[0], "name")) if owners else None,
        created=read_time(value_at(metadata, "creationTimestamp")),
        deleting=value_at(metadata, "deletionTimestamp") is not None,
        deleted=_deleted(metadata),
        version=int(version) if version.isascii() and version.isdigit() and len(version) < 20 else 0,
    )
