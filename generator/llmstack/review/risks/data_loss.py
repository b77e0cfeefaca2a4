"""A claim, a volume or a namespace is removed, and its data with it.

Why it matters: the sync tool prunes what leaves Git. A PersistentVolumeClaim that is deleted takes its volume with it
when the storage class has `reclaimPolicy: Delete`, the default of most; a Namespace takes everything in it. A revert
brings back an empty claim.

How it is judged: a PersistentVolumeClaim, PersistentVolume or Namespace is in the manifests before the change and not
after it. A warning instead of an error: it is annotated to be kept when it is pruned
(`kustomize.toolkit.fluxcd.io/prune: disabled`, or `argocd.argoproj.io/sync-options: Prune=false`), or the volume's
reclaim policy is Retain. Then the data stays, and nothing uses it; where something goes on using it, there is no risk,
nor where another volume leads to the same export or disk.
A claim or volume whose change the API refuses, and which the sync tool is told to make anew (Flux `force: enabled`, or
`force: true` on its Kustomization; Argo CD `Force=true`), is deleted with its data too; so is one that the sync tool
deletes with its owner, or as it passes to another unit, while the manifests keep it; so are the claims of a
StatefulSet's replicas that go, where its retention policy says Delete, and all objects of a custom resource whose
definition goes. A volume whose reclaim policy becomes Delete: a warning. Whether a claim holds any data cannot be
known.

Fix: keep the name. For a model that is renamed, `gitops.movedFrom` keeps its claim. Or annotate the object in a commit
of its own, before the one that removes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import cache, partial

from llmstack.finding import Severity
from llmstack.kubernetes.immutable import refused_fields
from llmstack.kubernetes.pods import Identity, Object, value_at
from llmstack.kubernetes.volumes import read_sources
from llmstack.kubernetes.workloads import is_lasting, ordinals_of, renumbered
from llmstack.review.applied import becomes_of, makes_anew
from llmstack.review.change import ObjectChange
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.needs import Need, needs_of
from llmstack.review.wording import plural

RISK = Declaration("data-loss", Severity.ERROR, milder=Severity.WARNING)

HOLDS_DATA = ("PersistentVolumeClaim", "PersistentVolume", "Namespace")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Claims, volumes and namespaces that leave the manifests, or their owner: the milder form where they are kept."""
    staying = [change for change, why in assessment.applied.held if why in ("kept", "left")]
    read_on = _read_on(assessment)
    needs = cache(partial(_needs, assessment.after))
    ended = {change.identity: change for change, why in assessment.applied.held if why == "goes"}
    yield from _ended(each for each in ended.values() if each.kind in HOLDS_DATA)
    for change in (*assessment.changes, *staying):
        if change.kind not in HOLDS_DATA or change.before is None or change.identity in ended:
            continue
        subject = f"{change.kind}/{change.name}"
        if change.action == "remove":
            kept = _why_kept(change.unit, change.before, assessment.near)
            if change.identity in read_on or (kept is not None and _is_used(change, assessment, needs)):
                continue
            message, advice = _lost(change, _successor(change, assessment), kept)
            yield RISK.at(subject, message, advice, milder=kept is not None)
        elif becomes_of(change, assessment.near) == "renewed":
            message = (
                f"Argo CD deletes `{change.name}` with the data on it, now and at each sync, and makes it anew, empty"
            )
            yield RISK.at(subject, message, "Take the annotation away that asks for it.", path="metadata.annotations")
        elif makes_anew(change, assessment.near):
            yield from _made_anew(change, assessment)
        elif change.kind == "PersistentVolume" and _reclaims(change.after) and not _reclaims(change.before):
            message = (
                "the volume goes with its data from now on when its claim is deleted (`persistentVolumeReclaimPolicy`)"
            )
            yield RISK.at(subject, message, "Keep `Retain`.", milder=True, path=_POLICY)
    yield from _pruned(assessment)
    yield from _of_ordinals(assessment)
    yield from _of_definitions(assessment)


def _ended(changes: Iterable[ObjectChange]) -> Iterator[Risk]:
    """What Argo CD deletes although it is in the manifests."""
    for change in changes:
        message = f"Argo CD deletes `{change.name}` with the data on it, as its annotations make a hook of it"
        yield RISK.at(change.key, message, "Take the annotations away.", path="metadata.annotations")


def _of_ordinals(assessment: Assessment) -> Iterator[Risk]:
    """Claims of a StatefulSet's replicas that its retention policy deletes with them (Kubernetes documentation,
    "StatefulSets", PersistentVolumeClaim retention; both are Retain where nothing is said)."""
    replicas = {workload.identity: (workload.before, workload.after) for workload in assessment.workloads}
    for change in assessment.changes:
        if change.kind != "StatefulSet" or not value_at(change.before, "spec", "volumeClaimTemplates"):
            continue
        policy = "persistentVolumeClaimRetentionPolicy"
        gone = change.action == "remove"
        stated = value_at(change.before if gone else change.after, "spec", policy, _WHEN[gone])
        before, after = replicas.get(change.identity, (0, 0))
        ranges = ordinals_of(change.before, before), ordinals_of(change.after, after)
        fewer = renumbered(*ranges)[0]
        if stated == "Delete" and fewer > 0:
            message = (
                f"the claims of {plural(fewer, 'replica')} are deleted with the data on them (`{_WHEN[gone]}: Delete`)"
            )
            advice = f"Set `{policy}.{_WHEN[gone]}: Retain` in a commit before."
            yield RISK.at(change.key, message, advice, path=f"spec.{policy}")


_WHEN = {True: "whenDeleted", False: "whenScaled"}
"""By whether the StatefulSet goes, what decides on the claims."""


def _of_definitions(assessment: Assessment) -> Iterator[Risk]:
    """Definitions of custom resources that go, and with them all objects of their kind, of whoever made them
    (Kubernetes documentation, "Extend the Kubernetes API with CustomResourceDefinitions", delete)."""
    for change in assessment.changes:
        if change.kind == "CustomResourceDefinition" and change.action == "remove":
            kind = value_at(change.before, "spec", "names", "kind")
            kept = change.before is not None and assessment.near.is_kept(change.unit, change.before)
            if not kept:
                message = f"every `{kind}` of the cluster is deleted with its definition, whoever made it"
                yield RISK.at(change.key, message, f"Keep it, or first: {_ANNOTATE}")


_POLICY = "spec.persistentVolumeReclaimPolicy"


def _reclaims(volume: Object | None) -> bool:
    """Whether a volume goes with its claim; one that is made by hand stays, unless it says otherwise."""
    return str(value_at(volume, "spec", "persistentVolumeReclaimPolicy")) == "Delete"


def _pruned(assessment: Assessment) -> Iterator[Risk]:
    """What the sync tool deletes, or may, while the manifests keep it."""
    told = {(change.kind, change.namespace, change.name) for change in assessment.changes if change.action == "remove"}
    there = {(str(each.get("kind")), _namespace(each), str(each["metadata"]["name"])) for each in assessment.before}
    for key, owner in assessment.near.pruned.items():
        if key[0] in HOLDS_DATA and key in there and key not in told:
            message = f"`{owner.unit}` {owner.why}: `{key[2]}` goes with the data on it"
            yield RISK.at(f"{key[0]}/{key[2]}", message, _ANNOTATE)


def _namespace(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("namespace") or "")


def _made_anew(change: ObjectChange, assessment: Assessment) -> Iterator[Risk]:
    for path in refused_fields(change.kind, change.before, change.after, assessment.near.default_class)[:1]:
        message = (
            f"the API refuses to change `{path}`, so the sync tool deletes `{change.name}` with the data on it, and "
            "makes it anew, empty"
        )
        advice = "Keep the field, and take the annotation away: then the change is refused and the data stays."
        yield RISK.at(f"{change.kind}/{change.name}", message, advice, path=path)


def _read_on(assessment: Assessment) -> frozenset[Identity]:
    """Volumes and claims of before whose data outlives them, and to which one of another name leads after."""
    left = {change.identity for change, _ in assessment.applied.held if change.after is None}
    there = {(key[0], source) for key, source in read_sources(assessment.after).items() if key not in left}
    return frozenset(key for key, source in read_sources(assessment.before).items() if (key[0], source) in there)


def _needs(objects: Iterable[Object]) -> frozenset[Need]:
    """What all pods of some objects need to start."""
    return frozenset(need for obj in objects if is_lasting(str(obj.get("kind"))) for need in needs_of(obj))


def _is_used(change: ObjectChange, assessment: Assessment, needs: Callable[[], frozenset[Need]]) -> bool:
    """Whether what stays in the cluster is used on: a namespace that holds objects, a claim that pods mount. `needs`
    gives what those of after mount: it is asked for only where a claim stays."""
    if change.kind == "Namespace":
        others = (obj for _, obj in assessment.near.objects)
        return any(_namespace(obj) == change.name for obj in (*assessment.after, *others))
    if change.kind == "PersistentVolumeClaim":
        return (change.kind, change.namespace, change.name) in needs()
    return False


def _lost(change: ObjectChange, successor: ObjectChange | None, kept: str | None) -> tuple[str, str]:
    """What happens to the data, and what to do."""
    data = "everything in it" if change.kind == "Namespace" else "the data on it"
    what = f"{_moved(change, successor)}, which starts empty" if successor else "removed"
    if kept is not None:
        message = f"`{change.name}` is {what}; {kept}, so it stays in the cluster with {data}, but nothing uses it"
        return message, "Move what is needed, then delete it by hand; or keep the name."
    message = f"`{change.name}` is {what}, and the sync tool deletes it with {data}"
    return message, f"Keep the name, or first: {_ANNOTATE}"


_ANNOTATE = (
    "Annotate it `kustomize.toolkit.fluxcd.io/prune: disabled` and `argocd.argoproj.io/sync-options: "
    "Prune=false,Delete=false` in a commit of its own, before this one."
)


def _why_kept(unit: str, obj: Object, near: Surroundings) -> str | None:
    if unit in near.keeping:
        return "its owner deletes nothing"
    if near.is_kept(unit, obj):
        return "its annotation says that it is not pruned"
    spec = obj.get("spec") or {}
    if obj.get("kind") == "PersistentVolume" and spec.get("persistentVolumeReclaimPolicy", "Retain") == "Retain":
        return "its reclaim policy is Retain"
    return None


def _moved(change: ObjectChange, successor: ObjectChange) -> str:
    if successor.name != change.name:
        return f"renamed to `{successor.name}`"
    return f"replaced by one of its name in namespace `{successor.namespace}`"


def _successor(change: ObjectChange, assessment: Assessment) -> ObjectChange | None:
    """The one object of the same kind that the same unit gains, if there is just one."""
    added = [
        other
        for other in assessment.changes
        if other.action == "add" and other.kind == change.kind and other.unit == change.unit
    ]
    return added[0] if len(added) == 1 else None
