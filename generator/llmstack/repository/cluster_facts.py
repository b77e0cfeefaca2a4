"""facts/clusters/ of a repository: one file for each cluster, read for checks and reviews."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from llmstack.facts.cluster import ClusterFacts
from llmstack.facts.cluster_file import file_path, read_cluster
from llmstack.facts.fields import FactsError
from llmstack.finding import Finding
from llmstack.model.stack import Stack
from llmstack.model.types import days
from llmstack.observed.observation import Observation
from llmstack.repository.model_facts import bad_facts
from llmstack.repository.snapshot import Snapshot
from llmstack.review.facts import Stale
from llmstack.review.result import Sources

MOST_BYTES = 4 << 20
DAY = timedelta(days=1)


def cluster_of(stack: Stack, environment: str) -> str:
    """The cluster of an environment, `env:<name>` where it names none."""
    return stack.gitops.sync.cluster or f"env:{environment}"


def read_cluster_facts(snapshot: Snapshot, cluster: str) -> tuple[ClusterFacts | None, list[Finding]]:
    """The facts of a cluster, None where there are none or they cannot be read, which is a finding."""
    path = file_path(cluster)
    content = snapshot.read_bytes(path)
    if content is None:
        return None, []
    try:
        return read_cluster(content[:MOST_BYTES].decode("utf-8", "replace")), []
    except FactsError as error:
        return None, [bad_facts(path, error, f"learn cluster {cluster.removeprefix('env:')}")]


def latest_facts(sides: Sequence[Snapshot], cluster: str) -> tuple[ClusterFacts | None, list[Finding]]:
    """The later dated of the facts of a cluster on both sides of a comparison, and the findings of the last side."""
    read = [read_cluster_facts(side, cluster) for side in sides]
    there = [facts for facts, _ in read if facts is not None]
    return max(reversed(there), key=lambda facts: facts.date, default=None), read[-1][1]


def sources_of(sides: Sequence[Snapshot], cluster: str, seen: Observation | None) -> Sources | None:
    """What a comparison knows of a cluster beside the values, and of which day; None where that is nothing. `seen` is
    what `--observed` shows of it."""
    learned, _ = latest_facts(sides, cluster)
    observed = seen.newest.date() if seen is not None and seen.newest is not None else None
    if learned is None:
        return Sources(None, None, observed) if observed is not None else None
    return Sources(file_path(cluster), learned.date, observed)


def stale(facts: ClusterFacts, cluster: str, stack: Stack, today: date) -> Stale | None:
    """What is said of facts that are older than `gitops.factsMaxAge`; None where they are not."""
    age, most = (today - facts.date) // DAY, days(stack.gitops.facts_max_age)
    return Stale(cluster.removeprefix("env:"), age, most) if age > most else None
