"""The workloads that a review speaks of, and which pods of a cluster are theirs, of before or of after."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from msgspec import Struct

from llmstack.kubernetes.pods import Object, identity_of
from llmstack.kubernetes.replicas import fewest_scaled, model_of, replicas_of, specs_of_replica
from llmstack.kubernetes.workloads import is_counted
from llmstack.observed.things import Pod, Workload
from llmstack.review.facts import Facts
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.template import template_of

Key = tuple[str, str, str]
"""Kind, namespace and name of a workload."""
Containers = frozenset[tuple[str, str, tuple[str, ...]]]
"""Name, image, and command with arguments of each container."""


class Subject(Struct, frozen=True):
    """One workload of an environment: the containers of its pods before and after (none: it is not there)."""

    environment: str
    key: Key
    model: str | None
    pool: PoolKey | None
    before: tuple[Containers, ...] = ()
    after: tuple[Containers, ...] = ()
    had: int = 0
    """Replicas before, the fewest that a scaler leaves."""

    @property
    def object(self) -> str:
        return f"{self.key[0]}/{self.key[2]}"

    @property
    def is_told_by_containers(self) -> bool:
        return self.before != self.after

    def is_new(self, pod: Pod) -> bool:
        """Whether a pod has the containers of after."""
        return _matches(pod, self.after)

    def is_old(self, pod: Pod) -> bool:
        """Whether a pod has the containers of before."""
        return _matches(pod, self.before)


def _matches(pod: Pod, sides: Iterable[Containers]) -> bool:
    """Whether a pod has all containers of one of the specifications; others, such as a sidecar, may be injected."""
    own = {(each.name, each.image, each.args) for each in pod.containers}
    return any(containers <= own for containers in sides)


def find_subjects(
    environment: str, before: Sequence[Object], after: Sequence[Object], facts: tuple[Facts, Facts]
) -> dict[Key, Subject]:
    """Return the workloads of an environment whose pods can be counted, on either side."""
    sides = [
        {identity_of(obj): obj for obj in objects if is_counted(str(obj.get("kind")))} for objects in (before, after)
    ]
    owned, found = fewest_scaled(before), {}
    for key in dict.fromkeys((*sides[1], *sides[0])):
        old, new = sides[0].get(key), sides[1].get(key)
        obj = new if new is not None else old
        assert obj is not None
        pool = template_of(obj, facts[1] if new is not None else facts[0], None).pool
        had = replicas_of(old, owned) if old is not None else 0
        found[key] = Subject(environment, key, model_of(obj), pool, _containers(old), _containers(new), had)
    return found


def _containers(obj: Object | None) -> tuple[Containers, ...]:
    if obj is None:
        return ()
    return tuple(
        frozenset(
            (
                str(each.get("name")),
                str(each.get("image")),
                tuple(map(str, (*(each.get("command") or ()), *(each.get("args") or ())))),
            )
            for each in spec.get("containers") or ()
        )
        for spec, _ in specs_of_replica(obj)
    )


def owner_of(pod: Pod, replica_sets: Mapping[tuple[str, str], str]) -> tuple[Key, str] | None:
    """Return the workload of a pod and which replica of it the pod is; None where its labels and owner do not say.

    `replica_sets` are the Deployments of ReplicaSets by namespace and name; of one that was not seen, the name goes
    before the hash of the template (`pod-template-hash`). Groups: label of LeaderWorkerSet's and KubeRay's operators.
    """
    meta = pod.meta
    group = meta.labels.get("leaderworkerset.sigs.k8s.io/name")
    if group:
        index = meta.labels.get("leaderworkerset.sigs.k8s.io/group-index", "")
        return ("LeaderWorkerSet", meta.namespace, group), index
    cluster = meta.labels.get("ray.io/cluster")
    if cluster:
        service = meta.labels.get("ray.io/originated-from-cr-name")
        is_service = service and meta.labels.get("ray.io/originated-from-crd") == "RayService"
        return (("RayService", meta.namespace, service or "") if is_service else
                ("RayCluster", meta.namespace, cluster)), ""  # fmt: skip
    kind, name = meta.owner or ("Pod", meta.name)
    if kind != "ReplicaSet":
        return (kind, meta.namespace, name), meta.name
    hash = meta.labels.get("pod-template-hash", "")
    deployment = replica_sets.get((meta.namespace, name)) or (name.removesuffix(f"-{hash}") if hash else "")
    return (("Deployment", meta.namespace, deployment), meta.name) if deployment else None


def deployments(workloads: Iterable[Workload]) -> dict[tuple[str, str], str]:
    """The Deployment of each ReplicaSet, by namespace and name."""
    return {
        (each.meta.namespace, each.meta.name): each.meta.owner[1]
        for each in workloads
        if each.meta.kind == "ReplicaSet" and each.meta.owner is not None and each.meta.owner[0] == "Deployment"
    }


def revision_of(pod: Pod) -> str:
    """The revision of its workload's template that a pod was made from; empty where its labels do not say."""
    return pod.meta.labels.get("pod-template-hash") or pod.meta.labels.get("controller-revision-hash") or ""
