"""Spans of time as Go writes them, which the Kubernetes API has as text: `1h30m`."""

from __future__ import annotations

import re

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_PART = re.compile(r"(\d{1,15}(?:\.\d{1,15})?)(h|ms|us|µs|ns|m|s)")


def read_duration(value: object) -> float | None:
    """The seconds of a duration (pkg.go.dev/time, `ParseDuration`); None for what is none."""
    text = str(value) if value is not None else ""
    parts = _PART.findall(text)
    if not parts or "".join(number + unit for number, unit in parts) != text:
        return None
    return sum(float(number) * _UNITS[unit] for number, unit in parts)
