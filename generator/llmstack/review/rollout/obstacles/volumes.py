"""Claims that one node, or one pod, mounts; and claims of which nobody says who may mount them.

Kubernetes documentation, "Persistent Volumes", access modes; the attach controller reports Multi-Attach for a second
node (pkg/controller/volume/attachdetach/reconciler).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from llmstack.kubernetes.access_modes import mounts_in_one_pod, mounts_on_one_node
from llmstack.kubernetes.pods import Identity, Object, value_at
from llmstack.review.rollout.obstacles.case import Case, Hangs, Obstacle

_SHARED = "Run one replica, or use a claim that is ReadWriteMany or ReadOnlyMany."
_ATTACHES_NOWHERE = ("nfs", "hostPath")
"""Sources of volumes that any node mounts without attaching them."""


def find(case: Case) -> Iterator[Obstacle]:
    """The claims of a workload that its new pods may not get."""
    for name, claim, modes in _mounted(case):
        if not modes:
            yield from _unsaid(case, name, claim)
        elif _is_exclusive(case, claim, modes):
            yield from _exclusive(case, name, modes)


def late(cases: Iterable[Case]) -> Iterator[Identity]:
    """Yield the workloads whose new pods get a volume only once the old ones are gone, and it is detached from their
    node, although the GPUs are there at once."""
    for case in cases:
        gives_way = case.is_restart and not case.workload.held_up and not case.workload.recreate
        exclusive = (modes for _, claim, modes in _mounted(case) if modes and _is_exclusive(case, claim, modes))
        if gives_way and any(mounts_in_one_pod(modes) or not _is_on_one_node(case) for modes in exclusive):
            yield case.workload.identity


def _mounted(case: Case) -> Iterator[tuple[str, Object | None, Sequence[str] | None]]:
    """The claims that its pods mount: the name of each, the object that makes it, and its access modes."""
    for name in claims_of(case.pod):
        claim = case.scene.claims.get((case.workload.namespace, name))
        modes = value_at(claim, "spec", "accessModes") if claim is not None else _modes_of_existing(case, name)
        yield name, claim, modes


def _is_exclusive(case: Case, claim: Object | None, modes: Sequence[str]) -> bool:
    volumes = case.scene.kinds.get(("PersistentVolume", ""), ())
    return mounts_on_one_node(modes) and not _attaches_nowhere(claim, volumes)


def _is_on_one_node(case: Case) -> bool:
    return case.nodes is not None and len(case.nodes) == 1


def _modes_of_existing(case: Case, name: str) -> Sequence[str] | None:
    """Access modes of a claim that nobody here makes: as the values say, else as the cluster was seen to have it."""
    facts = case.scene.facts
    known = facts.cluster.claim_modes if facts.cluster is not None else {}
    return facts.claim_modes.get(name) or known.get(f"{case.workload.namespace}/{name}")


def claims_of(pod: Mapping[str, Any]) -> list[str]:
    """The claims that a pod mounts, by name."""
    names = (value_at(volume, "persistentVolumeClaim", "claimName") for volume in pod.get("volumes") or ())
    return sorted({str(name) for name in names if name})


def _exclusive(case: Case, claim: str, modes: Sequence[str]) -> Iterator[Obstacle]:
    """A volume that one node or one pod mounts: a new pod beside others of it waits unless it lands beside them. The
    scheduler gives a pod no node while another one has its ReadWriteOncePod claim (pkg/scheduler/framework/plugins/
    volumerestrictions)."""
    one_pod = mounts_in_one_pod(modes)
    one_node = _is_on_one_node(case)
    comes = case.makes_beside or case.is_restart
    if not comes or case.most - 1 + _sharers(case, claim) < 1 or (one_node and not one_pod):
        return
    mode = "ReadWriteOncePod, so one pod mounts it" if one_pod else "ReadWriteOnce, so the pods of one node mount it"
    where, waits = ("", "stays Pending") if one_pod else (" on another node", "waits in ContainerCreating")
    hangs: Hangs = "always" if one_pod else "sometimes"
    room = max(0, 1 - _sharers(case, claim)) if one_pod else None
    if case.workload.held_up:
        stays = "and the old one stays until it is ready"
        message = f"claim `{claim}` is {mode}: a new pod{where} {waits}, {stays}"
        yield Obstacle(message, case.gentler(), hangs, room=room)
        return
    what = "a further replica" if case.workload.after > case.workload.before else "a new pod"
    message = f"claim `{claim}` is {mode}: {what}{where} {waits} while others have it"
    yield Obstacle(message, _SHARED, hangs, room=room)


def _sharers(case: Case, claim: str) -> int:
    """How many pods of other workloads mount a claim."""
    return sum(each.number for each in case.other_pods() if claim in claims_of(each.spec))


def _attaches_nowhere(claim: Object | None, volumes: Iterable[Object]) -> bool:
    """Whether a claim is bound to one of these volumes that any node mounts."""
    wanted = value_at(claim, "spec", "volumeName"), value_at(claim, "spec", "storageClassName")
    return claim is not None and any(
        any(source in (obj.get("spec") or {}) for source in _ATTACHES_NOWHERE)
        and (wanted[0] == obj["metadata"]["name"] or (wanted[1] and wanted[1] == obj["spec"].get("storageClassName")))
        for obj in volumes
    )


def _unsaid(case: Case, name: str, claim: Object | None) -> Iterator[Obstacle]:
    """A claim that nobody here makes, and of which nobody says how it may be mounted.

    Where several pods mount it already it can be shared, or they are on one node.
    """
    if claim is not None or not case.makes_beside or case.most < 2 or case.workload.before > 1:
        return
    if name not in claims_of(case.pod_before) and case.workload.before:
        return
    message = (
        f"nothing here says whether pods of two nodes may mount claim `{name}`: if it is ReadWriteOnce, as block "
        "volumes are, a new pod on another node waits in ContainerCreating"
    )
    advice = "Say it with `pvcAccessMode` (and `pvcExistingClaimName`), or set maxSurge 0 and maxUnavailable 1."
    yield Obstacle(message, advice, "unknown")
