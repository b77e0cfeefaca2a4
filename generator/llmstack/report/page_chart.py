"""GPU use over time against the capacity of a pool, as the numbers of an SVG drawing."""

from __future__ import annotations

import math
from dataclasses import dataclass

from llmstack.review.result import GpuPool
from llmstack.review.wording import say_seconds

WIDTH, HEIGHT = 480, 190
LEFT, RIGHT, TOP, BOTTOM = 44, 12, 18, 28
POINTS = 800
"""Steps of the line that are drawn: more than there are pixels show nothing more."""
STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400)


@dataclass(frozen=True, slots=True)
class Tick:
    """A mark on an axis: where it is drawn, and its words."""

    at: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    """Paths and marks in the coordinates of a drawing of WIDTH by HEIGHT."""

    line: str
    area: str
    capacity: float | None
    """Height of the capacity's line; None where none is declared."""
    times: tuple[Tick, ...]
    counts: tuple[Tick, ...]
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw_usage(pool: GpuPool) -> Chart | None:
    """Return the drawing of a pool's GPUs in use from second to second; None when there is nothing over
    time."""
    usage = [(each.second, each.bound + each.waiting) for each in pool.demand if math.isfinite(each.second)]
    end = max((second for second, _ in usage), default=0.0)
    if end <= 0:
        return None
    usage = _thin(sorted(usage, key=lambda point: point[0]))
    top = max([count for _, count in usage] + [pool.capacity or 0, 1])
    bottom = HEIGHT - BOTTOM

    def x(second: float) -> float:
        return round(LEFT + (WIDTH - LEFT - RIGHT) * second / end, 1)

    def y(count: float) -> float:
        return round(bottom - (bottom - TOP) * count / top, 1)

    path = f"M{x(usage[0][0])} {y(usage[0][1])}" + "".join(f"H{x(second)}V{y(count)}" for second, count in usage[1:])
    path += f"H{x(end)}"
    return Chart(
        line=path,
        area=f"{path}V{bottom}H{x(usage[0][0])}Z",
        capacity=y(pool.capacity) if pool.capacity is not None else None,
        times=tuple(Tick(x(second), say_seconds(second)) for second in time_ticks(end)),
        counts=tuple(Tick(y(count), f"{count:,}") for count in _count_ticks(top)),
    )


def time_ticks(end: float) -> list[float]:
    """Round times from 0 to `end` seconds, at most six of them."""
    step = next((step for step in STEPS if end / step <= 5), STEPS[-1] * math.ceil(end / STEPS[-1] / 5))
    return [float(step * index) for index in range(int(end // step) + 1)]


def _count_ticks(top: int) -> list[int]:
    """Round numbers from 0 to `top`, at most six of them."""
    magnitude = 10 ** max(0, len(str(top)) - 1)
    step = next(each for each in (magnitude // 5, magnitude // 2, magnitude, 2 * magnitude) if each and top / each <= 5)
    return list(range(0, top + 1, step))


def _thin(usage: list[tuple[float, int]]) -> list[tuple[float, int]]:
    """At most POINTS points; of those that are left out, the highest of each stretch stays."""
    if len(usage) <= POINTS:
        return usage
    size = -(-len(usage) // POINTS)
    stretches = [usage[start : start + size] for start in range(0, len(usage), size)]
    return [(stretch[0][0], max(count for _, count in stretch)) for stretch in stretches]
