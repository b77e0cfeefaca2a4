"""What is told of a cluster in every report: who applies what, the safe order of commits, files of others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from msgspec import Struct

from llmstack.report.words import say_pool
from llmstack.review.forecast import GpuPool
from llmstack.review.removed import Removed
from llmstack.review.result import ClusterReview, Review
from llmstack.review.wording import plural
from llmstack.sync.side import OwnerChange

UNITS = 6
"""Units that a line names before it counts."""
MANY = 4
"""Workloads that go alike, from which on they are told as one."""


class SyncRow(Struct, frozen=True):
    """Units to which the same happens."""

    action: str
    units: tuple[str, ...]
    objects: int | None
    why: str

    def say_units(self) -> str:
        more = len(self.units) - UNITS
        return ", ".join(self.units[:UNITS]) + (f" and {more} more" if more > 0 else "")

    def say_objects(self) -> str:
        return "objects unknown" if self.objects is None else plural(self.objects, "object")


def told_clusters(review: Review) -> list[tuple[str, ClusterReview]]:
    """The clusters of which there is more to tell than their environments do, by name: not those whose units come and
    go with what the manifests say themselves."""
    joined = {names[0] for names, _ in review.all_risks() if len(names) > 1}
    return [
        (name, cluster)
        for name, cluster in sorted(review.clusters.items())
        if cluster.foreign
        or cluster.advice
        or any(change.action in ("adopted", "moved", "blocked") for change in cluster.sync)
        or (len(cluster.environments) > 1 and (_shared(review, cluster) or joined.intersection(cluster.environments)))
    ]


def _shared(review: Review, cluster: ClusterReview) -> list[GpuPool]:
    """Pools of a cluster that several environments hold, where one of them changes."""
    changed = [
        name for name in cluster.environments if name in review.environments and review.environments[name].rollouts
    ]
    return list(cluster.gpus) if changed else []


def sync_rows(cluster: ClusterReview) -> list[SyncRow]:
    """The changes of owners, those of one action and cause together."""
    together: dict[tuple[str, str], list[OwnerChange]] = {}
    for change in cluster.sync:
        together.setdefault((change.action, change.shared_why), []).append(change)
    return [
        SyncRow(
            action, tuple(each.unit for each in changes), _sum(changes), changes[0].why if len(changes) == 1 else why
        )
        for (action, why), changes in together.items()
    ]


def _sum(changes: Sequence[OwnerChange]) -> int | None:
    counts = [change.objects for change in changes]
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else None


def say_sync(cluster: ClusterReview) -> str:
    """`2 units pruned, 1 unit added`."""
    counts = Counter(change.action for change in cluster.sync)
    return ", ".join(f"{plural(count, 'unit')} {action}" for action, count in counts.items())


def say_members(cluster: ClusterReview) -> str:
    """`dev and prod`; the empty string for a cluster of one environment."""
    names = cluster.environments
    return f"{', '.join(names[:-1])} and {names[-1]}" if len(names) > 1 else ""


def say_pools(cluster: ClusterReview) -> Iterator[tuple[str, GpuPool]]:
    """The pools of a cluster with several environments."""
    if len(cluster.environments) > 1:
        yield from ((say_pool(pool), pool) for pool in cluster.gpus)


def group_removed(removed: Sequence[Removed]) -> list[tuple[list[str], str]]:
    """Names of what goes, MANY or more of which the same is told together, and that."""
    together: dict[str, list[str]] = {}
    for each in removed:
        together.setdefault(say_removed(each), []).append(each.model or f"{each.kind}/{each.name}")
    groups = []
    for told, names in together.items():
        parts = [names] if len(names) >= MANY else [[name] for name in names]
        groups += [(part, told) for part in parts]
    return groups


def say_removed(removed: Removed) -> str:
    """`2 × 1 GPU, deleted by Flux`."""
    each = removed.gpus // removed.replicas if removed.replicas else 0
    extent = f"{removed.replicas} × {plural(each, 'GPU')}" if each else plural(removed.replicas, "replica")
    return f"{extent}, deleted by {removed.by}" if removed.by else extent


def count_removed(removed: Sequence[Removed]) -> str:
    """`2 models and 1 other workload are deleted`; the empty string for none."""
    models = len({each.model for each in removed if each.model is not None})
    others = sum(each.model is None for each in removed)
    parts = [plural(models, "model")] if models else []
    parts += [plural(others, "other workload" if models else "workload")] if others else []
    total = models + others
    return f"{' and '.join(parts)} {'goes' if total == 1 else 'go'}" if parts else ""


def cluster_data(cluster: ClusterReview) -> dict[str, Any]:
    """The parts of the contract that are a cluster's own."""
    return {
        "envs": list(cluster.environments),
        "seconds": cluster.seconds,
        "sync": [
            {
                "tool": change.tool,
                "unit": change.unit,
                "action": change.action,
                "by": change.by,
                "objects": change.objects,
                "deletes": change.deletes,
                "why": change.why,
            }
            for change in cluster.sync
        ],
        "advice": list(cluster.advice),
        "foreign": list(cluster.foreign),
    }
