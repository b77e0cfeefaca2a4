"""Configuration and Secrets that change under pods which read them only when they start."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Sequence

from msgspec import Struct

from llmstack.kubernetes.pods import Identity, Object, identity_of, maps, pod_templates, value_at
from llmstack.kubernetes.replicas import model_of
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.change import ObjectChange
from llmstack.review.ways_in.needs import STORE, How, Need, provided, reads_of, stores_of

_CONTENT = {
    "ConfigMap": ("data", "binaryData"),
    "Secret": ("data", "stringData"),
    "SealedSecret": ("spec",),
    "ExternalSecret": ("spec.data", "spec.dataFrom", "spec.secretStoreRef", "spec.target.template"),
    STORE: ("spec",),
}
"""By kind, the fields whose change is another content; encrypted texts count, as what they hide may have changed."""

_RELOADER = "reloader.stakater.com"
"""Part of the annotations by which Stakater's Reloader restarts pods (stakater/Reloader, README)."""


class Unread(Struct, frozen=True):
    """A workload, and what changes that its running pods do not notice."""

    key: str
    source: str
    """`ConfigMap/name`."""
    how: How
    path: str
    is_copied: bool = False
    """Whether they read a Secret that is made of the source once, and stays as it is when they start again."""


def unread_changes(
    changes: Iterable[ObjectChange], after: Sequence[Object], restarting: Container[Identity]
) -> Iterator[Unread]:
    """Yield the workloads not in `restarting` that go on with what they read at their start.

    Environment is read when a container starts. Files of a volume change in the pod, but not those mounted by
    `subPath` (Kubernetes documentation, "ConfigMaps", mounted config maps are updated automatically), and vLLM reads
    its files at start; what else reads them is not judged. What the secrets store's driver mounts it fetches as a pod
    starts, later only where it rotates; a Secret that it has made of that it leaves as it is (Secrets Store CSI Driver,
    "Known Limitations").
    """
    changed = {
        need: change
        for change in changes
        if change.after is not None and change.before is not None and _has_other_content(change)
        for need in (*provided([change.after]), *_made_by_store(change.after))
    }
    if not changed:
        return
    for workload in after:
        key = f"{workload.get('kind')}/{workload['metadata']['name']}"
        if not is_lasting(str(workload.get("kind"))) or identity_of(workload) in restarting or _is_reloaded(workload):
            continue
        told = set()
        for kind, namespace, name, how in _reads(workload):
            change = changed.get((kind, namespace, name))
            if change is None or name in told or (how == "files" and model_of(workload) is None):
                continue
            told.add(name)
            path = change.changes[0].path if change.changes else ""
            is_copied = change.kind == STORE and kind == "Secret"
            yield Unread(key, f"{change.kind}/{change.name}", how, path, is_copied)


def _reads(workload: Object) -> Iterator[tuple[str, str, str, How]]:
    """What pods read: kind, namespace, name, and how."""
    yield from ((kind, namespace, name, how) for kind, namespace, name, how, _ in reads_of(workload))
    yield from ((*need, "files") for need in stores_of(workload))


def _made_by_store(obj: Object) -> Iterator[Need]:
    """The Secrets that the secrets store's driver makes of what it mounts."""
    for each in maps(value_at(obj, "spec", "secretObjects")) if obj.get("kind") == STORE else ():
        yield "Secret", str(obj["metadata"].get("namespace") or ""), str(each.get("secretName"))


def _has_other_content(change: ObjectChange) -> bool:
    fields = _CONTENT.get(change.kind, ())
    return any(each.path.startswith(fields) for each in change.changes) if fields else False


def _is_reloaded(workload: Object) -> bool:
    metadata = [
        workload["metadata"],
        *(template.get("metadata") or {} for _, template in pod_templates(dict(workload))),
    ]
    return any(_RELOADER in str(name) for each in metadata for name in value_at(each, "annotations") or {})
