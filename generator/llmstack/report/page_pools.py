"""The GPU pools of a page: each once, whoever shares it, the one in trouble above all, and what is drawn of it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from llmstack.report.page_chart import Chart, draw_demand
from llmstack.report.page_data import timeline_end
from llmstack.report.words import say_gpus, say_hang, say_pool
from llmstack.review.forecast import GpuPool
from llmstack.review.result import Review


class DrawnPool(Struct, frozen=True):
    """A pool, whose it is, and its drawing."""

    row: GpuPool
    name: str
    owner: str
    """`cluster c1 (dev, prod)`, or the environment."""
    environments: tuple[str, ...]
    told: str
    hang: str
    chart: Chart | None

    @property
    def is_short(self) -> bool:
        capacity = self.row.capacity
        asked = max(self.row.after, self.row.peak, self.row.peak_max or 0)
        return bool(self.hang) or (capacity is not None and asked > capacity)

    @property
    def free(self) -> int | None:
        return None if self.row.capacity is None else self.row.capacity - self.row.after


def page_pools(review: Review) -> tuple[list[DrawnPool], list[DrawnPool]]:
    """Return the pools that a change concerns, the worst first, and those that it leaves as they are."""
    pools = list(_pools(review))
    changed = [pool for pool in pools if pool.chart is not None or pool.hang or pool.row.before != pool.row.after]
    return sorted(changed, key=_trouble), [pool for pool in pools if pool not in changed]


def _pools(review: Review) -> Iterator[DrawnPool]:
    shared: set[str] = set()
    for name, cluster in sorted(review.clusters.items()):
        if len(cluster.environments) > 1:
            shared |= set(cluster.environments)
            owner = f"cluster {name} ({', '.join(cluster.environments)})"
            until = max(_end(review, each) for each in cluster.environments)
            yield from (_drawn(row, owner, cluster.environments, until) for row in cluster.gpus)
    for name, environment in sorted(review.environments.items()):
        if name not in shared and (environment.objects or environment.risks):
            yield from (_drawn(row, name, (name,), _end(review, name)) for row in environment.gpus)


def _end(review: Review, name: str) -> float:
    """When the last rollout of an environment is over, as far as it ends."""
    environment = review.environments.get(name)
    return timeline_end(environment.timeline) / 1.05 if environment is not None else 0.0


def _drawn(row: GpuPool, owner: str, environments: tuple[str, ...], until: float) -> DrawnPool:
    return DrawnPool(row, say_pool(row), owner, environments, say_gpus(row), say_hang(row), draw_demand(row, until))


def _trouble(pool: DrawnPool) -> tuple[bool, bool, bool, bool, int]:
    """The rank of a pool: hangs for certain, may hang, is short of GPUs, has no size."""
    row = pool.row
    return not row.certain, not row.deadlock, not pool.is_short, row.capacity is not None, -row.peak
