"""Which fields of owners, and of what they follow, are read, and which change nothing: the rest is told, not judged.

The kinds are closed by a test that holds these tables to the kinds' schemas (`tests/sync/test_fields.py`), and by the
rule itself: a field that nobody knows yet is one that is not judged. What each field does: kustomize-controller,
docs/spec/v1/kustomizations.md; source-controller, docs/spec/v1/; source-watcher,
docs/spec/v1beta1/artifactgenerators.md; argo-cd, docs/operator-manual/application.yaml, project.yaml and
applicationset.yaml, docs/user-guide/sync-options.md and docs/user-guide/annotations-and-labels.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.untyped import mapping, sequence

Table = Mapping[str, str | None]
"""By the place of a field why it changes nothing in the cluster; None where a rule of this room reads it. A place holds
for all below it."""

_OFTEN = "how often, and for how long, it is tried"
_NAMES = "for people to read"
_METADATA: Table = {
    "metadata.name": None,
    "metadata.namespace": None,
    "metadata.labels": None,
    "metadata.annotations": None,
    "metadata.creationTimestamp": "written by the API server",
    "status": "written by the controller",
    "apiVersion": None,
    "kind": None,
}
_ARGO_METADATA: Table = {**_METADATA, "metadata.finalizers": None}
_KUSTOMIZATION: Table = {
    **_METADATA,
    "spec.buildMetadata": "annotations of the objects themselves, and of no pod",
    "spec.commonMetadata": None,
    "spec.components": None,
    "spec.deletionPolicy": None,
    "spec.dependsOn.name": None,
    "spec.dependsOn.namespace": None,
    "spec.force": None,
    "spec.healthChecks": None,
    "spec.ignore": None,
    "spec.images": None,
    "spec.interval": _OFTEN,
    "spec.kubeConfig": None,
    "spec.namePrefix": None,
    "spec.nameSuffix": None,
    "spec.patches": None,
    "spec.patchesJson6902": None,
    "spec.patchesStrategicMerge": None,
    "spec.path": None,
    "spec.postBuild": None,
    "spec.prune": None,
    "spec.retryInterval": _OFTEN,
    "spec.serviceAccountName": None,
    "spec.sourceRef": None,
    "spec.suspend": None,
    "spec.targetNamespace": None,
    "spec.timeout": None,
    "spec.wait": None,
}
_SOURCE: Table = {
    **_METADATA,
    "spec.ignore": None,
    "spec.interval": _OFTEN,
    "spec.provider": None,
    "spec.proxySecretRef": None,
    "spec.ref": None,
    "spec.secretRef": None,
    "spec.serviceAccountName": None,
    "spec.suspend": None,
    "spec.timeout": _OFTEN,
    "spec.url": None,
    "spec.verify": None,
}
_APPLICATION: Table = {
    **_ARGO_METADATA,
    "spec.destination": None,
    "spec.ignoreDifferences": None,
    "spec.info": _NAMES,
    "spec.project": None,
    "spec.revisionHistoryLimit": "how many past syncs are kept",
    "spec.source.chart": None,
    "spec.source.directory": None,
    "spec.source.helm": None,
    "spec.source.kustomize": None,
    "spec.source.name": _NAMES,
    "spec.source.path": None,
    "spec.source.plugin": None,
    "spec.source.ref": None,
    "spec.source.repoURL": None,
    "spec.source.targetRevision": None,
    "spec.sourceHydrator.syncSource": None,
    "spec.sources": None,
    "spec.syncPolicy.automated.allowEmpty": "what it does when its folder builds to nothing",
    "spec.syncPolicy.automated.enabled": None,
    "spec.syncPolicy.automated.prune": None,
    "spec.syncPolicy.automated.selfHeal": "what becomes of changes that are made by hand",
    "spec.syncPolicy.retry": _OFTEN,
    "spec.syncPolicy.syncOptions": None,
}
_PROJECT: Table = {
    **_ARGO_METADATA,
    "spec.clusterResourceBlacklist": None,
    "spec.clusterResourceWhitelist": None,
    "spec.description": _NAMES,
    "spec.destinations": None,
    "spec.namespaceResourceBlacklist": None,
    "spec.namespaceResourceWhitelist": None,
    "spec.orphanedResources": "warnings of objects that no Application has",
    "spec.signatureKeys": None,
    "spec.sourceIntegrity": None,
    "spec.sourceNamespaces": None,
    "spec.sourceRepos": None,
    "spec.syncWindows": None,
}
_SET: Table = {
    **_ARGO_METADATA,
    "spec.applyNestedSelectors": "ignored by the controller, which always does so",
    "spec.generators": None,
    "spec.goTemplate": None,
    "spec.goTemplateOptions": None,
    "spec.ignoreApplicationDifferences": None,
    "spec.preservedFields": "labels and annotations that others gave to its Applications",
    "spec.strategy.deletionOrder": "in which order its Applications go, when it goes",
    "spec.strategy.rollingSync": None,
    "spec.strategy.type": None,
    "spec.syncPolicy": None,
    "spec.template": None,
    "spec.templatePatch": None,
}
TABLES: Mapping[tuple[str, str], Table] = {
    ("kustomize.toolkit.fluxcd.io", "Kustomization"): _KUSTOMIZATION,
    ("source.toolkit.fluxcd.io", "GitRepository"): {
        **_SOURCE, "spec.include": None, "spec.recurseSubmodules": None, "spec.sparseCheckout": None,
    },
    ("source.toolkit.fluxcd.io", "OCIRepository"): {**_SOURCE, "spec.certSecretRef": None},
    ("source.toolkit.fluxcd.io", "Bucket"): {
        **_SOURCE, "spec.bucketName": None, "spec.certSecretRef": None, "spec.endpoint": None, "spec.prefix": None,
    },
    ("source.extensions.fluxcd.io", "ArtifactGenerator"): {
        **_METADATA,
        "spec.artifacts.copy": None,
        "spec.artifacts.name": None,
        "spec.artifacts.originRevision": _NAMES,
        "spec.artifacts.revision": "the name of the artifact's revision, and not what is in it",
        "spec.commonMetadata": "labels and annotations of the artifacts themselves",
        "spec.sources": None,
    },
    ("argoproj.io", "Application"): _APPLICATION,
    ("argoproj.io", "AppProject"): _PROJECT,
    ("argoproj.io", "ApplicationSet"): _SET,
}  # fmt: skip
"""By group and kind what is known of the fields of its objects."""

OPTIONS: Table = {
    "ApplyOutOfSyncOnly": "which of the objects that are as in Git are applied again",
    "ClientSideApplyMigration": "whose fields they are",
    "CreateNamespace": "a Namespace that is not there",
    "Delete": None,
    "Prune": None,
    "PruneLast": "in which order",
    "PrunePropagationPolicy": "how what is pruned anyway goes",
    "RespectIgnoreDifferences": None,
    "SkipDryRunOnMissingResource": "what is tried first",
    "Validate": "what kubectl looks at first",
}
"""The sync options of an Application, as the fields above."""

TOOLS = ("fluxcd.io", "argoproj.io")
_WORDS: Table = {
    "argocd.argoproj.io/compare-options": "what counts as out of sync",
    "argocd.argoproj.io/manifest-generate-paths": None,
    "argocd.argoproj.io/refresh": "when it is looked at next",
    "argocd.argoproj.io/skip-reconcile": None,
    "argocd.argoproj.io/sync-options": None,
    "argocd.argoproj.io/sync-wave": "in which order the Applications of a folder are synced",
    "kustomize.toolkit.fluxcd.io/force": None,
    "kustomize.toolkit.fluxcd.io/prune": None,
    "kustomize.toolkit.fluxcd.io/reconcile": None,
    "kustomize.toolkit.fluxcd.io/ssa": None,
    "kustomize.toolkit.fluxcd.io/substitute": None,
    "reconcile.fluxcd.io/requestedAt": "when it is looked at next",
    "source.extensions.fluxcd.io/reconcile": None,
}
"""The labels and annotations by which the tools are told something, as the fields above."""
_OF_PEOPLE = ("link.argocd.argoproj.io/", "notifications.argoproj.io/", "notified.notifications.argoproj.io")


def unread(object: Object) -> dict[str, Any]:
    """By their place the fields of an owner, or of what it follows, that decide something and that no rule reads; those
    of a kind without a table all."""
    found = dict(_left(object, TABLES.get((group_of(object), str(object.get("kind"))), _METADATA), ""))
    metadata = mapping(object.get("metadata"))
    for place in ("labels", "annotations"):
        words = mapping(metadata.get(place))
        found |= {f"metadata.{place}.{word}": words[word] for word in words if _is_unread(str(word))}
    options = sequence(mapping(mapping(object.get("spec")).get("syncPolicy")).get("syncOptions"))
    unknown = sorted(str(each) for each in options if str(each).partition("=")[0].strip() not in OPTIONS)
    return found | ({"spec.syncPolicy.syncOptions": unknown} if unknown else {})


def _left(value: Any, table: Table, place: str) -> Iterator[tuple[str, Any]]:
    """What of a value the table has no word of: the outermost fields of which that holds as a whole."""
    for key, each in value.items():
        at = f"{place}.{key}" if place else str(key)
        if at in table or each in (None, "", [], {}):
            continue
        inside = any(known.startswith(f"{at}.") for known in table)
        if inside and isinstance(each, Mapping):
            yield from _left(each, table, at)
        elif inside and isinstance(each, list):
            parts = ((number, dict(_left(mapping(item), table, at))) for number, item in enumerate(each))
            yield from ((f"{name}", (number, found)) for number, part in parts for name, found in part.items())
        else:
            yield at, each


def _is_unread(word: str) -> bool:
    """Whether a label or an annotation tells one of the tools what no rule reads."""
    group = word.partition("/")[0]
    own = any(group == tool or group.endswith(f".{tool}") for tool in TOOLS)
    return own and word not in _WORDS and not word.startswith(_OF_PEOPLE)
