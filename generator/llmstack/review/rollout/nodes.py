"""Nodes with GPUs, and pods on them."""

from __future__ import annotations

from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping

from llmstack.review.facts import Pool


def node_sizes(pool: Pool) -> list[int]:
    """Return the GPUs of each node: as facts know them, else full ones of `per_node` and a smaller one for the rest."""
    if pool.nodes is not None:
        return [gpus for gpus in pool.nodes if gpus]
    if pool.per_node is None or pool.per_node >= pool.count:
        return [pool.count] if pool.count else []
    full, rest = divmod(pool.count, pool.per_node)
    return [pool.per_node] * full + ([rest] if rest else [])


class Nodes:
    """Free GPUs of each node. A pod goes where it leaves the least room: the order that wastes least."""

    def __init__(self, sizes: Iterable[int], closed: Iterable[int] = ()) -> None:
        self.free = list(sizes)
        self.sizes = Counter(self.free)
        """How many nodes there are of each size."""
        self.bound: Counter[int] = Counter()
        """The pods on them, by size."""
        self._closed = list(closed)
        """Free GPUs of nodes that take no further pods, while those are placed that run already."""
        self._levels: dict[
            int, OrderedDict[int, None]
        ] = {}  # a plain one is slow to find its first key once many are gone
        for node, free in enumerate(self.free):
            self._levels.setdefault(free, OrderedDict())[node] = None

    def take(self, gpus: int) -> int | None:
        """Bind a pod; the node's index, None where it fits on none."""
        fitting = [level for level, nodes in self._levels.items() if level >= gpus and nodes]
        if not fitting:
            return self._take_closed(gpus)
        node = next(iter(self._levels[min(fitting)]))
        self._move(node, -gpus)
        self.bound[gpus] += 1
        return node

    def give(self, node: int, gpus: int) -> None:
        """Free what a pod held; of a node that takes no further pods nothing is."""
        if node < len(self.free):
            self._move(node, gpus)
            self.bound[gpus] -= 1

    def close(self) -> None:
        """Let no pod onto the nodes that take none."""
        self._closed = []

    def _take_closed(self, gpus: int) -> int | None:
        for number, free in enumerate(self._closed):
            if free >= gpus:
                self._closed[number] -= gpus
                return len(self.free) + number
        return None

    def _move(self, node: int, change: int) -> None:
        del self._levels[self.free[node]][node]
        self.free[node] += change
        self._levels.setdefault(self.free[node], OrderedDict())[node] = None


def pack(sizes: Iterable[int], pods: Mapping[int, int]) -> Nodes | None:
    """Return nodes with the pods ({GPUs: number}) on them, the largest placed first; None where that fails.

    Exact where each size divides the next larger and the nodes' (1, 2, 4, 8), as then no order does better;
    otherwise a failure may be the order's.
    """
    nodes = Nodes(sizes)
    for gpus in sorted(pods, reverse=True):
        for _ in range(pods[gpus] if gpus else 0):
            if nodes.take(gpus) is None:
                return None
    return nodes
