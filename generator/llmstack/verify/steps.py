"""Numbers over time, as objects state their moments: in whole seconds.

A recording shows the writes of one instant one after another. So that they are no states of their own, a number counts
when it lasts longer than a second.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

LASTS = timedelta(seconds=2)
"""Whole seconds apart from which two moments are more than a second apart."""

Step = tuple[datetime, int]
"""From a moment on, a number."""


def lasting(steps: Sequence[Step], *, least: bool) -> int | None:
    """The least, or the most, of the numbers that last longer than a second; the last one lasts."""
    extreme: int | None = None
    for position, (moment, number) in enumerate(steps):
        if extreme is not None and (number >= extreme if least else number <= extreme):
            continue
        back = next((at for at, other in steps[position + 1 :] if (other > number if least else other < number)), None)
        if back is None or back - moment >= LASTS:
            extreme = number
    return extreme
