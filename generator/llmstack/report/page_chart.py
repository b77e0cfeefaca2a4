"""What a pool is asked for over time, against its capacity, as the numbers of an SVG drawing.

Above the axis stand the GPUs of pods that run or load, and on top of them those that pods wait for: their sum is what
the peak counts, so that a peak above the capacity is drawn above its line. Below the axis, apart, stand the GPUs that
pods which terminate still hold.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from llmstack.review.forecast import Demand, GpuPool
from llmstack.review.wording import say_seconds

WIDTH, HEIGHT = 560, 210
LEFT, RIGHT, TOP, BOTTOM = 44, 10, 22, 28
LEAD = 26
"""Width of what was before the change."""
NAME = 100
"""Width of the capacity's name."""
POINTS = 400
"""Steps that are drawn: as many as there are pixels show all there is to see."""
FLAT = 0.8
"""The part of the whole that stays, from which on the axis does not begin at 0."""
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


class Tick(Struct, frozen=True):
    """A mark on an axis: where it is drawn, and its words."""

    at: float
    label: str


class Chart(Struct, frozen=True):
    """Paths and marks in the coordinates of a drawing of WIDTH by HEIGHT."""

    bound: str
    waiting: str
    terminating: str
    line: str
    """The upper edge of what is asked for."""
    capacity: float | None
    """Height of the capacity's line; None where none is declared."""
    named: float
    """Height of its name: above the line, and above what is drawn over it there."""
    most: float | None
    """Height of the peak with all scalers at their most, where that is another."""
    zero: float
    """Height of the axis."""
    floor: int
    """The count at the axis: not 0 where all that changes is a small part of a large pool."""
    merge: float
    """Where the change is applied."""
    times: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    endless: bool
    """Whether pods still wait when nothing moves any more."""
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw_demand(pool: GpuPool, until: float = 0) -> Chart | None:
    """Return the drawing of what a pool is asked for, up to the second `until` at least; None when nothing of it
    changes."""
    points = _thin([each for each in pool.demand if math.isfinite(each.second)])
    if not points:
        return None
    last = max(points[-1].second, until)
    scale = _scale(pool, points, last)
    x, y = scale.x, scale.y
    xs = [x(each.second) for each in points] + [float(WIDTH - RIGHT)]
    run = _edge(xs, [y(each.bound) for each in points], y(pool.before))
    leaving = _edge(xs, [y(scale.floor - each.terminating) for each in points], y(scale.floor))
    zero = y(scale.floor)
    return Chart(
        bound=f"{run}V{zero}H{LEFT}Z",
        waiting=_between(xs, [(y(each.bound + each.waiting), y(each.bound)) for each in points]),
        terminating=f"{leaving}V{zero}H{LEFT}Z" if any(each.terminating for each in points) else "",
        line=_edge(xs, [y(each.bound + each.waiting) for each in points], y(pool.before)),
        capacity=y(pool.capacity) if pool.capacity is not None else None,
        named=_height_of_name(xs, [y(each.bound + each.waiting) for each in points], y(pool.capacity or 0)),
        most=y(pool.peak_max) if pool.peak_max is not None and pool.peak_max != pool.peak else None,
        zero=zero,
        floor=scale.floor,
        merge=LEFT + LEAD,
        times=tuple(Tick(x(second), say_seconds(second)) for second in (time_ticks(last) if last else [])),
        counts=tuple(Tick(y(count), f"{count:,}") for count in _count_ticks(scale.floor, scale.top)),
        endless=points[-1].waiting > 0,
    )


class _Scale(Struct, frozen=True):
    """Where seconds and counts are drawn."""

    end: float
    floor: int
    top: int
    unit: float
    """Height of one GPU."""

    def x(self, second: float) -> float:
        return round(LEFT + LEAD + (WIDTH - RIGHT - LEFT - LEAD) * second / self.end, 1)

    def y(self, count: float) -> float:
        return round(TOP + (self.top - count) * self.unit, 1)


def _scale(pool: GpuPool, points: Sequence[Demand], last: float) -> _Scale:
    ends = [each.bound + each.waiting for each in points]
    top = max(*ends, pool.before, pool.capacity or 0, pool.peak_max or 0, 1)
    low = min(pool.before, *(each.bound for each in points))
    floor = max(0, low - 2 * max(1, top - low)) if low > FLAT * top else 0
    below = max(each.terminating for each in points)
    return _Scale(last * 1.04 if last > 0 else 1.0, floor, top, (HEIGHT - TOP - BOTTOM) / (top - floor + below))


def _height_of_name(xs: Sequence[float], tops: Sequence[float], capacity: float) -> float:
    """Where the capacity's name, at the right end, is over none of what is asked for beyond it."""
    near = (top for end, top in zip(xs[1:], tops, strict=True) if end > WIDTH - RIGHT - NAME)
    return min(capacity, *near) - 5


def _edge(xs: Sequence[float], ys: Sequence[float], before: float) -> str:
    """The path of a line in steps, from before the change to the end."""
    steps = "".join(f"H{x}V{y}" for x, y in zip(xs, ys, strict=False))
    return f"M{LEFT} {before}{steps}H{xs[-1]}"


def _between(xs: Sequence[float], spans: Sequence[tuple[float, float]]) -> str:
    """A block for each step with a height."""
    blocks = [
        f"M{xs[at]} {high}H{xs[at + 1]}V{low}H{xs[at]}Z" for at, (high, low) in enumerate(spans) if low - high > 0.01
    ]
    return "".join(blocks)


def time_ticks(end: float) -> list[float]:
    """Round times from 0 to `end` seconds, at most six of them."""
    step = next((step for step in STEPS if end / step <= 5), STEPS[-1] * math.ceil(end / STEPS[-1] / 5))
    return [float(step * index) for index in range(int(end // step) + 1)]


def _count_ticks(floor: int, top: int) -> list[int]:
    """Round numbers from `floor` to `top`, at most six of them."""
    span = top - floor
    magnitude = 10 ** max(0, len(str(span)) - 1)
    steps = (magnitude // 5, magnitude // 2, magnitude, 2 * magnitude)
    step = next(each for each in steps if each and span / each <= 5)
    return list(range(-(-floor // step) * step, top + 1, step))


def _thin(points: list[Demand]) -> list[Demand]:
    """At most POINTS points, the last among them; of each stretch of others the one that asks for most."""
    if len(points) <= POINTS:
        return points
    size = -(-len(points) // (POINTS - 1))
    stretches = [points[start : start + size] for start in range(0, len(points) - 1, size)]
    kept = [
        replace(max(stretch, key=lambda each: each.bound + each.waiting), second=stretch[0].second)
        for stretch in stretches
    ]
    return [*kept, points[-1]]
