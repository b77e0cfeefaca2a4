"""Risks of single objects: data that goes with them, changes that the API refuses."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.finding import Severity
from llmstack.kubernetes.immutable import refused_fields
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.result import ObjectChange, Risk
from llmstack.review.risks.assessment import Assessment

_HOLDS_DATA = ("PersistentVolumeClaim", "PersistentVolume", "Namespace")
_FLUX_PRUNE = "kustomize.toolkit.fluxcd.io/prune"
_ARGO_OPTIONS = "argocd.argoproj.io/sync-options"


def data_losses(assessment: Assessment) -> Iterator[Risk]:
    """Claims, volumes and namespaces that leave the manifests: an error, or a warning where they are kept."""
    for change in assessment.changes:
        if change.action == "remove" and change.kind in _HOLDS_DATA and change.before is not None:
            kept = _why_kept(change.before)
            renamed = _renamed(change, assessment)
            lost = "everything in it" if change.kind == "Namespace" else "the data on it"
            what = f"renamed to `{renamed}`, which starts empty" if renamed else "removed"
            message = f"`{change.name}` is {what}"
            if kept is not None:
                message += f"; {kept}, so it stays in the cluster with {lost}, used by nothing"
                advice = "Move what is needed, then delete it by hand; or keep the name."
            else:
                message += f", and the sync tool deletes it with {lost}"
                advice = (
                    f"Keep the name, or first annotate it `{_FLUX_PRUNE}: disabled` and "
                    f"`{_ARGO_OPTIONS}: Prune=false,Delete=false` in a commit of its own."
                )
            severity = Severity.ERROR if kept is None else Severity.WARNING
            yield assessment.risk("data-loss", severity, f"{change.kind}/{change.name}", message, advice)


def _why_kept(obj: Object) -> str | None:
    annotations: Mapping[str, Any] = (obj.get("metadata") or {}).get("annotations") or {}
    if str(annotations.get(_FLUX_PRUNE, "")).lower() == "disabled":
        return "it is annotated to be kept on prune"
    options = {option.strip().lower() for option in str(annotations.get(_ARGO_OPTIONS, "")).split(",")}
    if "prune=false" in options:
        return "it is annotated to be kept on prune"
    spec = obj.get("spec") or {}
    if obj.get("kind") == "PersistentVolume" and spec.get("persistentVolumeReclaimPolicy", "Retain") == "Retain":
        return "its reclaim policy is Retain"
    return None


def _renamed(change: ObjectChange, assessment: Assessment) -> str | None:
    """The name of the one object of the same kind that the same unit gains, if there is just one."""
    added = [
        other.name
        for other in assessment.changes
        if other.action == "add" and other.kind == change.kind and other.unit == change.unit
    ]
    return added[0] if len(added) == 1 else None


def refusals(assessment: Assessment) -> Iterator[Risk]:
    """Changes of fields that the API does not let change."""
    for change in assessment.changes:
        paths = refused_fields(change.kind, change.before, change.after)
        if paths:
            fields = " and ".join(f"`{path}`" for path in paths)
            message = f"the API refuses to change {fields}: nothing of this object is applied"
            subject, advice = f"{change.kind}/{change.name}", _way_out(change, paths)
            yield assessment.risk("immutable-field", Severity.ERROR, subject, message, advice, paths[0])


def _way_out(change: ObjectChange, paths: tuple[str, ...]) -> str:
    if change.kind == "PersistentVolumeClaim":
        if paths == ("spec.resources.requests.storage",):
            return "A claim never shrinks: keep the size, or copy the data to a smaller claim of another name."
        return "Keep the fields, or copy the data to a claim of another name and point the model at that."
    if is_lasting(change.kind):
        return "Give it another name and run both side by side, or agree on an outage and delete it by hand."
    return "Keep the field, or give the object another name."
