"""What clusters are now, by files of kubectl's JSON that `diff --observed` names."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence
from datetime import date

from msgspec.structs import replace

from llmstack.errors import UsageError
from llmstack.facts.cluster import ClusterFacts
from llmstack.facts.kept import are_known, fill_facts
from llmstack.finding import Finding
from llmstack.kubernetes.pods import Identity
from llmstack.model.stack import Stack
from llmstack.observed.observation import Observation, observe
from llmstack.observed.things import Pod, Workload
from llmstack.repository.learned import facts_of, models_of, nodes_alone, open_sources
from llmstack.review.facts import Present

_NAMED = re.compile(r"(?P<cluster>[a-z0-9][a-z0-9-]*)=(?P<file>.+)", re.DOTALL)


def look(files: Sequence[str], clusters: Collection[str]) -> tuple[dict[str, Observation], list[Finding]]:
    """What files show, by cluster, and findings on them. A file is of the one cluster that the change touches, or it is
    named `CLUSTER=FILE`. Raises UsageError where it is neither, OSError where it cannot be read."""
    by_cluster: dict[str, list[str]] = {}
    for each in files:
        match = _NAMED.fullmatch(each)
        if match is None and len(clusters) != 1:
            names = ", ".join(f"`{name}`" for name in sorted(clusters)) or "none"
            raise UsageError(f"the change touches several clusters or none ({names}): write --observed CLUSTER={each}")
        cluster, file = (match["cluster"], match["file"]) if match else (next(iter(clusters)), each)
        by_cluster.setdefault(cluster, []).append(file)
    seen = {cluster: observe(open_sources(names)) for cluster, names in by_cluster.items()}
    return seen, [finding for each in seen.values() for finding in (*each.findings, *nodes_alone(each))]


def facts_now(seen: Observation, stacks: Sequence[Stack], known: ClusterFacts | None) -> ClusterFacts:
    """The facts of a cluster as it is now; what the observation does not show is as it was known."""
    day = seen.newest.date() if seen.newest is not None else known.date if known is not None else date.max
    found = fill_facts(facts_of(seen, stacks, day), seen.kinds, known, models_of(stacks))
    return replace(found, blind="Pod" not in seen.kinds and not are_known(found.nodes, known))


def present_of(seen: Observation, workloads: Collection[Identity]) -> dict[Identity, Present]:
    """What runs now of some workloads: what is asked for, what serves of it, and what there is beside."""
    found = {}
    bound = _bound_pods(seen)
    for each in seen.now(Workload):
        key = each.meta.kind, each.meta.namespace, each.meta.name
        if key in workloads and each.meta.owner is None and each.replicas is not None:
            serving = min(each.available or each.ready, each.replicas)
            there = each.current if bound is None else bound[key]
            beyond = max(0, there - each.replicas)
            found[key] = Present(each.replicas, serving, min(each.updated, each.replicas), beyond)
    return found


def _bound_pods(seen: Observation) -> Counter[Identity] | None:
    """How many pods of each workload hold a place on a node, those that terminate too; None where no pods were seen.

    Of Deployments and StatefulSets: a pod of other kinds stands for a part of a replica.
    """
    if "Pod" not in seen.kinds:
        return None
    sets = (each.meta for each in seen.now(Workload) if each.meta.kind == "ReplicaSet")
    owners = {(each.namespace, each.name): each.owner for each in sets}
    found: Counter[Identity] = Counter()
    for pod in seen.now(Pod):
        if pod.node and not pod.is_over and pod.meta.owner is not None:
            kind, name = pod.meta.owner
            deployment = "Deployment", name.rpartition("-")[0]
            owner = owners.get((pod.meta.namespace, name), deployment) if kind == "ReplicaSet" else (kind, name)
            if owner is not None:
                found[owner[0], pod.meta.namespace, owner[1]] += 1
    return found
