"""What is known of a cluster, and of which day, where a review goes by it: as every report says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.review.result import Review, Sources


def sources_data(sources: Sources | None) -> dict[str, str | None] | None:
    """The file of facts/ and the days of what is known, as dates; None where nothing is judged by it."""
    if sources is None:
        return None
    days: dict[str, Any] = {"date": sources.day, "observed": sources.observed}
    return {"file": sources.file, **{key: day.isoformat() if day is not None else None for key, day in days.items()}}


def told_sources(review: Review) -> Iterator[tuple[str, str]]:
    """Yield (cluster, what its verdicts go by) of the clusters in which rollouts are judged by what was learned."""
    for name, cluster in sorted(review.clusters.items()):
        if cluster.facts is not None:
            yield name.removeprefix("env:"), _say(cluster.facts)


def _say(sources: Sources) -> str:
    """`facts/clusters/prod.yaml of 2026-11-20`, after what was observed since."""
    observed = f"what was observed of it on {sources.observed}" if sources.observed is not None else ""
    learned = f"{sources.file} of {sources.day}" if sources.file is not None else ""
    return ", else ".join(filter(None, (observed, learned)))
