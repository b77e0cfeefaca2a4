"""The order of commits that a review proposes, as every report says it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.review.result import ClusterReview, Member, Review, Wave
from llmstack.review.wording import listed, plural, say_seconds

NAMES = 12
"""Models of a commit that are named before they are counted."""


def waves_data(cluster: ClusterReview) -> list[dict[str, Any]]:
    """The commits in order, each with what it changes and the seconds it takes."""
    return [
        {
            "members": [
                {"env": member.environment, "model": member.model, "object": member.object} for member in wave.members
            ],
            "seconds": wave.seconds,
        }
        for wave in cluster.waves
    ]


def told_waves(review: Review) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (cluster, head, a line for each commit) of the clusters for which an order is proposed."""
    for name, cluster in sorted(review.clusters.items()):
        if cluster.waves:
            lines = [_say(wave, several=len(cluster.environments) > 1) for wave in cluster.waves]
            yield name.removeprefix("env:"), say_head(cluster.waves), lines


def say_head(waves: tuple[Wave, ...]) -> str:
    """`in 2 commits, each once the last is done, it finishes after 20 min`; without a time where none is known."""
    times = [wave.seconds for wave in waves if wave.seconds is not None]
    after = f" after {say_seconds(sum(times))}" if len(times) == len(waves) else ""
    return f"in {plural(len(waves), 'commit')}, each once the last is done, it finishes{after} (tried)"


def _say(wave: Wave, *, several: bool) -> str:
    names = listed([_name(member, several=several) for member in wave.members], NAMES)
    return f"{names} ({say_seconds(wave.seconds)})" if wave.seconds is not None else names


def _name(member: Member, *, several: bool) -> str:
    return f"{member.environment}/{member.name}" if several else member.name
