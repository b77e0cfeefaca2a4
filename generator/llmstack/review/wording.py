"""Counts, lists and durations in words: one format in risks, tables and pages."""

from __future__ import annotations

from collections.abc import Sequence

_MINUTE = 60


def plural(count: int, noun: str) -> str:
    """`1 model`, `3 models`."""
    return f"{count:,} {noun}" if count == 1 else f"{count:,} {noun}s"


def say_ending(pods: int) -> str:
    """`1 pod ends`, `3 pods end at once`."""
    return f"{plural(pods, 'pod')} {'ends' if pods == 1 else 'end at once'}"


def listed(names: Sequence[str], most: int) -> str:
    """`a, b and 3 more`: the first names, and how many there are beyond them."""
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def enumerated(names: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def say_seconds(seconds: float) -> str:
    """`45 s`, `1 min 30 s`, `24 min`, `1 h 12 min`: exact below ten minutes, then to the minute, upwards.

    So models of one kind share a row of a table. What is compared with a limit is said to the second.
    """
    whole = -int(-seconds // 1)
    return say_exactly(whole if whole < 10 * _MINUTE else -(-whole // _MINUTE) * _MINUTE)


def say_exactly(seconds: float) -> str:
    """`45 s`, `20 min 1 s`, `1 h 12 min`; a part of a second counts as one."""
    minutes, rest = divmod(-int(-seconds // 1), _MINUTE)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{number} {unit}" for number, unit in parts if number) or "0 s"
