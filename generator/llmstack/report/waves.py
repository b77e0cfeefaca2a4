"""The order of commits that a review proposes, as every report says it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.review.result import ClusterReview, Review
from llmstack.review.wave import Member, Wave
from llmstack.review.wording import listed, plural, say_seconds

NAMES = 12
"""Models of a commit that are named before they are counted."""


def waves_data(cluster: ClusterReview) -> list[dict[str, Any]]:
    """The commits in order, each with what it changes and the seconds it takes."""
    return [
        {
            "members": [
                {
                    "env": member.environment,
                    "model": member.model,
                    "object": member.object,
                    "namespace": member.namespace,
                }
                for member in wave.members
            ],
            "seconds": wave.seconds,
        }
        for wave in cluster.waves
    ]


def told_waves(review: Review) -> Iterator[tuple[str, str, list[str]]]:
    """Yield (cluster, head, a line for each commit) of the clusters for which an order is proposed."""
    for name, cluster in sorted(review.clusters.items()):
        if cluster.waves:
            names = _names(cluster)
            lines = [_say(wave, names) for wave in cluster.waves]
            yield name.removeprefix("env:"), say_head(cluster.waves), lines


def say_head(waves: tuple[Wave, ...]) -> str:
    """`in 2 commits, each once the last is done, it finishes after 20 min`; without a time where none is known."""
    times = [wave.seconds for wave in waves if wave.seconds is not None]
    after = f" after {say_seconds(sum(times))}" if len(times) == len(waves) else ""
    return f"in {plural(len(waves), 'commit')}, each once the last is done, it finishes{after} (tried)"


def _say(wave: Wave, names: Mapping[Member, str]) -> str:
    named = listed([names[member] for member in wave.members], NAMES)
    return f"{named} ({say_seconds(wave.seconds)})" if wave.seconds is not None else named


def _names(cluster: ClusterReview) -> dict[Member, str]:
    """What each member of the waves is called: with its environment where there are several, and with its namespace
    where another one has its name."""
    members = [member for wave in cluster.waves for member in wave.members]
    several = len(cluster.environments) > 1
    names = {each: f"{each.environment}/{each.name}" if several else each.name for each in members}
    times = Counter(names.values())
    return {each: f"{name} (namespace {each.namespace})" if times[name] > 1 else name for each, name in names.items()}
