"""Moments that objects state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from llmstack.kubernetes.pods import maps, value_at

_UTC_ZONE = timedelta(0)


def read_time(value: Any) -> datetime | None:
    """A moment as the API writes it (RFC 3339); None for anything else."""
    if not isinstance(value, str) or not 20 <= len(value) <= 40:
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return found if found.utcoffset() == _UTC_ZONE else None


def newest_time(obj: Mapping[str, Any]) -> datetime | None:
    """The latest moment that an object says something of: made, a condition changed, a container started or ended.

    Moments that are to come, such as a deletionTimestamp or an expiry, are none of these.
    """
    return max(_moments(obj), default=None)


def _moments(obj: Mapping[str, Any]) -> Iterator[datetime]:
    values = [value_at(obj, "metadata", "creationTimestamp")]
    status = obj.get("status")
    for condition in maps(value_at(status, "conditions")):
        values += [condition.get(key) for key in ("lastTransitionTime", "lastHeartbeatTime", "lastUpdateTime")]
    for container in maps(value_at(status, "containerStatuses")):
        values += [
            value_at(container, "state", "running", "startedAt"),
            value_at(container, "state", "terminated", "finishedAt"),
        ]
    for value in values:
        if (found := read_time(value)) is not None:
            yield found
