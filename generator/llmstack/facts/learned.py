"""Facts of a cluster out of an observation: what holds for weeks, without a secret, an address or another's name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date
from statistics import median

from msgspec import Struct

from llmstack.facts.cluster import EXISTS, ClusterFacts, Load, PriorityClass, StorageClass
from llmstack.facts.devices import devices_by_node
from llmstack.facts.grouping import group_nodes
from llmstack.facts.programs import flux_concurrent, versions_of
from llmstack.facts.quotas import learn_quotas
from llmstack.facts.release import Release, is_ours
from llmstack.kubernetes.priorities import SYSTEM
from llmstack.kubernetes.replicas import model_of
from llmstack.observed import things
from llmstack.observed.observation import Observation
from llmstack.observed.things import Node, Pod

_FOLLOWERS = frozenset(("engine-worker",))
"""Components of pods that belong to an engine, and are ready without it."""


class PoolName(Struct, frozen=True):
    """A pool that the values declare: its name, by the labels of its nodes."""

    name: str
    labels: Mapping[str, str]


def learn_cluster(
    seen: Observation,
    releases: Collection[Release],
    *,
    at: date,
    labels: Collection[str] = (),
    pools: Collection[PoolName] = (),
) -> ClusterFacts:
    """The facts of a cluster as they are on the day `at`.

    Pods of `releases` are our own, every other is another tenant's; `labels` are keys of node labels that count beside
    the usual ones, and `pools` give node groups their names. A kind of which nothing was seen is not known.
    """
    pods = [pod for pod in seen.now(Pod) if pod.node and not pod.is_over]
    others = [pod for pod in pods if not is_ours(pod.meta, releases)]
    workloads = seen.now(things.Workload)
    classes = seen.now(things.StorageClass)
    priorities = seen.now(things.PriorityClass)
    versions = versions_of(seen.now(Node), workloads)
    return ClusterFacts(
        date=at,
        versions=versions,
        concurrent=flux_concurrent(workloads),
        nodes=group_nodes(
            seen.now(Node),
            others if "Pod" in seen.kinds else None,
            labels,
            {each.name: each.labels for each in pools},
            devices_by_node(seen, others, versions.get("kubernetes", "")),
        ),
        loads=_loads(seen.all_of(Pod), releases),
        storage_classes=tuple(StorageClass(each.meta.name, each.default, each.expands) for each in classes) or None,
        priority_classes=tuple(
            PriorityClass(each.meta.name, each.value, each.default, each.preempts)
            for each in priorities
            if each.meta.name not in SYSTEM
        )
        or None,
        quotas=learn_quotas(seen, releases),
        claim_modes=_claim_modes(seen, releases),
        exists=_exists(seen, {release.namespace for release in releases}),
    )


def _claim_modes(seen: Observation, releases: Collection[Release]) -> dict[str, tuple[str, ...]]:
    """How claims may be mounted that somebody made beside our own: those of ours are in the repository."""
    spaces = {release.namespace for release in releases}
    return {
        f"{claim.meta.namespace}/{claim.meta.name}": claim.modes
        for claim in seen.now(things.Claim)
        if claim.modes and claim.meta.namespace in spaces and not is_ours(claim.meta, releases)
    }


def _exists(seen: Observation, namespaces: Collection[str]) -> dict[str, tuple[str, ...]]:
    """The names of all objects of each kind that was seen; claims of our own namespaces alone."""
    found: dict[str, tuple[str, ...]] = {}
    metas = [each.meta for each in seen.now(things.Named)]
    metas += [each.meta for each in seen.now(things.PriorityClass)]
    metas += [each.meta for each in seen.now(things.Claim)]
    for key, kind in EXISTS.items():
        if kind in seen.kinds:
            names = (
                f"{meta.namespace}/{meta.name}" if meta.namespace else meta.name
                for meta in metas
                if meta.kind == kind and (not meta.namespace or meta.namespace in namespaces)
            )
            found[key] = tuple(sorted(names))
    return found


def _loads(sights: Iterable[Pod], releases: Collection[Release]) -> tuple[Load, ...]:
    """Seconds from scheduled to ready, by model and image: each pod at the first sight of it that shows them."""
    measured: dict[tuple[str, str], list[int]] = {}
    known = set()
    for pod in sights:
        seconds = load_seconds(pod)
        identity = pod.meta.uid or (pod.meta.key, pod.scheduled)
        if seconds is None or identity in known or not is_ours(pod.meta, releases):
            continue
        known.add(identity)
        model, image = model_served(pod), image_of(pod)
        if model and image:
            measured.setdefault((model, image), []).append(seconds)
    return tuple(
        Load(model, image, int(median(seconds) + 0.5), max(seconds), len(seconds))
        for (model, image), seconds in sorted(measured.items())
    )


def load_seconds(pod: Pod) -> int | None:
    """How long a pod took from scheduled to ready; None where it does not show.

    A container that was started again, and a pod that became ready later than its probes let a container start (it was
    ready before, and is so again), do not show it.
    """
    if pod.scheduled is None or pod.ready_since is None or pod.restarts or not pod.ready:
        return None
    if pod.started is not None and pod.start_bound is not None:
        late = (pod.ready_since - pod.started).total_seconds() > pod.start_bound + _SLACK
        if late:
            return None
    seconds = round((pod.ready_since - pod.scheduled).total_seconds())
    return seconds if seconds >= 0 else None


_SLACK = 60
"""Seconds that probes may be late by: their period, timeout, and the kubelet's own sync."""


def model_served(pod: Pod) -> str | None:
    """The model that a pod serves, None for one that serves none or only helps another."""
    if pod.meta.labels.get("app.kubernetes.io/component") in _FOLLOWERS:
        return None
    return model_of({"metadata": {"labels": pod.meta.labels}})


def image_of(pod: Pod) -> str:
    """The image that serves: of the first container, as llmstack and the chart write it."""
    return pod.containers[0].image if pod.containers else ""
