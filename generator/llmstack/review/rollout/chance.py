"""Whether a pod finds room by where others are: which of the nodes they run on, the repository does not say."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from math import gcd

from llmstack.review.rollout.deadlock import arrangements
from llmstack.review.rollout.nodes import Nodes

MOST = 64
"""Pods, and nodes, of which arrangements are looked at."""

Counts = tuple[tuple[int, int], ...]
"""Sizes, each with how many there are."""


def rests_on_places(nodes: Nodes, gpus: int) -> bool:
    """Whether a pod of so many GPUs finds a node in some arrangement of those that are bound, and in others none.

    Where the arrangements are too many to look at, it may unless no node could be without room for it.
    """
    bound = {size: number for size, number in nodes.bound.items() if size and number > 0}
    free = _sum(nodes.sizes) - _sum(bound)
    if nodes.sizes.total() < 2 or free < gpus:
        return False
    unit = gcd(gpus, *bound, *nodes.sizes)
    if free > sum(min(size, gpus - unit) * number for size, number in nodes.sizes.items()):
        return False
    if nodes.sizes.total() > MOST or sum(bound.values()) > MOST:
        return True
    return _differs(tuple(sorted(nodes.sizes.items())), tuple(sorted(bound.items())), gpus)


@lru_cache(maxsize=1024)
def _differs(sizes: Counts, bound: Counts, gpus: int) -> bool:
    """Whether some arrangements have a node with room, and others none."""
    nodes = tuple(size for size, number in sizes for _ in range(number))
    arranged = arrangements(nodes, dict(bound))
    return arranged is None or len({any(room >= gpus for room in rooms) for rooms in arranged}) > 1


def _sum(counts: Mapping[int, int]) -> int:
    return sum(size * number for size, number in counts.items())
