"""Argo CD: an app of apps, a project, an ApplicationSet with one Application for each model, and an Application for
each other unit.

Field names and what they do: argo-cd, docs/operator-manual/application.yaml, applicationset/Template.md,
applicationset/Application-Deletion.md, docs/user-guide/sync-options.md, sync-waves.md, projects.md, and
docs/operator-manual/high_availability.md for manifest-generate-paths. `tests/argo/` runs Argo CD's controllers on it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.workloads import WORKLOADS
from llmstack.model.ingress import RouteKind
from llmstack.objects.placed import Object
from llmstack.tree.sync_unit import Clusters, SyncUnit

NAMESPACE = "argocd"
API = "argoproj.io/v1alpha1"
CLUSTER, CLUSTER_NAME = "https://kubernetes.default.svc", "in-cluster"
"""The cluster that Argo CD itself runs in, by its server and by its name."""
FINALIZER = "resources-finalizer.argocd.argoproj.io"
KEPT = {"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}

PROJECT_WAVE = "-3"
WAVES = {"stack": "-2", "secrets": "-1"}
"""Only the namespace and the secrets come before the rest: Argo CD waits for each wave to be healthy, and a claim that
binds when its pod comes is healthy no sooner than its consumer's wave. It does so by the check of docs/sync.md
(`tests/argo/check_sync.py`). So a unit with workloads is in no earlier wave: the LoRA controller mounts a claim of
storage, and would wait for what waits for it (`tests/argo/check_everything.py`)."""

NAMESPACED_KINDS = (
    ("", "ConfigMap"),
    ("", "PersistentVolumeClaim"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("apps", "Deployment"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("bitnami.com", "SealedSecret"),
    ("external-secrets.io", "ExternalSecret"),
    *(("gateway.networking.k8s.io", kind) for kind in sorted(get_args(RouteKind))),
    ("inference.networking.k8s.io", "InferencePool"),
    ("keda.sh", "ScaledObject"),
    ("leaderworkerset.x-k8s.io", "LeaderWorkerSet"),
    ("monitoring.coreos.com", "ServiceMonitor"),
    ("networking.k8s.io", "Ingress"),
    ("policy", "PodDisruptionBudget"),
    ("production-stack.vllm.ai", "LoraAdapter"),
    ("ray.io", "RayCluster"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
)
"""Group and kind of all that llmstack writes into a namespace. The project allows every one of them, whether the
environment has it today or not: Argo CD does not remove an object whose kind its project no longer allows. A Secret is
not among them: it never stands in the tree in plain text."""

TEMPLATE_PATCH = '{"spec": {"ignoreDifferences": {{ .ignoreDifferences | toJson }}}}'


def lay_out(clusters: Clusters) -> Iterator[tuple[str, Object]]:
    """Yield the files of one environment: the app of apps, the project, the models, and a file for each other unit."""
    yield "application.yaml", app_of_apps(clusters)
    yield "appproject.yaml", project(clusters)
    yield "models.yaml", application_set(clusters)
    for unit in clusters.units:
        if not unit.is_model:
            yield f"{unit.name}.yaml", unit_application(clusters, unit)


def app_of_apps(clusters: Clusters) -> Object:
    """The entry point, applied once by hand; then it syncs itself with the folder it stands in.

    It carries no finalizer: deleting it leaves everything else in place.
    """
    metadata = {"name": clusters.name, "namespace": NAMESPACE, "annotations": dict(KEPT)}
    folder = f"clusters/{clusters.sync.cluster}/{clusters.environment}"
    spec = {
        "project": "default",
        "source": _source(clusters, f"{clusters.prefix}{folder}"),
        "destination": {"server": CLUSTER, "namespace": NAMESPACE},
        "syncPolicy": _sync_policy(),
    }
    return {"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": spec}


def project(clusters: Clusters) -> Object:
    """The AppProject: this repository alone, the environment's namespaces, and the kinds that llmstack writes."""
    objects = [object for unit in clusters.units for object in unit.objects]
    namespaces = {object["metadata"].get("namespace") for object in objects} - {None}
    namespaces.add(clusters.stack.gitops.namespace)
    inside = {_group_kind(object) for object in objects if "namespace" in object["metadata"]}
    outside = {_group_kind(object) for object in objects if "namespace" not in object["metadata"]}
    spec = {
        "description": f"What llmstack generates for {clusters.environment}",
        "sourceRepos": [clusters.sync.repo_url],
        "destinations": [{"server": CLUSTER, "namespace": name} for name in sorted(namespaces)],
        "clusterResourceWhitelist": _kinds(outside),
        "namespaceResourceWhitelist": _kinds(inside | set(NAMESPACED_KINDS)),
    }
    annotations = {"argocd.argoproj.io/sync-wave": PROJECT_WAVE}
    metadata = {"name": clusters.name, "namespace": NAMESPACE, "annotations": annotations}
    return {"apiVersion": API, "kind": "AppProject", "metadata": metadata, "spec": spec}


def _group_kind(object: Object) -> tuple[str, str]:
    return group_of(object), object["kind"]


def _kinds(kinds: set[tuple[str, str]]) -> list[dict[str, str]]:
    return [{"group": group, "kind": kind} for group, kind in sorted(kinds)]


def application_set(clusters: Clusters) -> Object:
    """The models: an entry for each, from which the controller makes an Application.

    An entry that goes takes its Application with it, whose finalizer removes the model's objects and frees its GPUs;
    claims stay (`Delete=false`). The ApplicationSet itself is neither pruned nor deleted with the app of apps.
    """
    models = [unit for unit in clusters.units if unit.is_model]
    template = {
        "metadata": {"name": "{{ .name }}", "annotations": _compared("{{ .paths }}"), "finalizers": [FINALIZER]},
        "spec": _unit_spec(clusters, "{{ .path }}"),
    }
    spec = {
        "goTemplate": True,
        "goTemplateOptions": ["missingkey=error"],
        "generators": [{"list": {"elements": [_element(clusters, unit) for unit in models]}}],
        "template": template,
        "templatePatch": TEMPLATE_PATCH,
    }
    metadata = {"name": clusters.name_of("models"), "namespace": NAMESPACE, "annotations": dict(KEPT)}
    return {"apiVersion": API, "kind": "ApplicationSet", "metadata": metadata, "spec": spec}


def _element(clusters: Clusters, unit: SyncUnit) -> dict[str, Any]:
    return {
        "name": clusters.name_of(unit.name),
        "path": f"{clusters.prefix}{unit.folder}",
        "paths": _paths(clusters, unit),
        "ignoreDifferences": _scaled(unit),
    }


def unit_application(clusters: Clusters, unit: SyncUnit) -> Object:
    """The Application of a unit that is no model."""
    annotations = _compared(_paths(clusters, unit))
    if unit.name in WAVES and not unit.workloads:
        annotations["argocd.argoproj.io/sync-wave"] = WAVES[unit.name]
    metadata = {
        "name": clusters.name_of(unit.name),
        "namespace": NAMESPACE,
        "annotations": annotations,
        "finalizers": [FINALIZER],
    }
    scaled = _scaled(unit)
    spec = _unit_spec(clusters, f"{clusters.prefix}{unit.folder}")
    return {
        "apiVersion": API,
        "kind": "Application",
        "metadata": metadata,
        "spec": spec | ({"ignoreDifferences": scaled} if scaled else {}),
    }


def _compared(paths: str) -> dict[str, str]:
    """How Argo CD compares a unit: after a commit that touches its folders, and with what the API server would make of
    it (docs/user-guide/diff-strategies.md). Otherwise a list that is owned as a whole (`data` of an ExternalSecret) is
    OutOfSync for ever, since the server fills defaults into its items."""
    return {
        "argocd.argoproj.io/compare-options": "ServerSideDiff=true",
        "argocd.argoproj.io/manifest-generate-paths": paths,
    }


def _unit_spec(clusters: Clusters, path: str) -> dict[str, Any]:
    return {
        "project": clusters.name,
        "source": _source(clusters, path),
        "destination": {"server": CLUSTER, "namespace": clusters.stack.gitops.namespace},
        "syncPolicy": _sync_policy(),
    }


def _source(clusters: Clusters, path: str) -> dict[str, Any]:
    return {"repoURL": clusters.sync.repo_url, "targetRevision": clusters.sync.branch or "main", "path": path}


def _sync_policy() -> dict[str, Any]:
    """Sync without being asked, and try again for as long as it takes: a unit may come before its namespace."""
    return {
        "automated": {"prune": True, "selfHeal": True},
        "retry": {"limit": -1, "backoff": {"duration": "10s", "factor": 2, "maxDuration": "5m"}},
        "syncOptions": ["ServerSideApply=true", "RespectIgnoreDifferences=true"],
    }


def _paths(clusters: Clusters, unit: SyncUnit) -> str:
    """The folders whose changes matter to the unit, from the repository's root."""
    return ";".join(f"/{clusters.prefix}{folder}" for folder in unit.reads)


def _scaled(unit: SyncUnit) -> list[Mapping[str, Any]]:
    """The workloads whose replicas a scaler owns: they state none."""
    return [
        {
            "group": _group_kind(workload)[0],
            "kind": workload["kind"],
            "name": workload["metadata"]["name"],
            "namespace": workload["metadata"]["namespace"],
            "jsonPointers": ["/spec/replicas"],
        }
        for workload in unit.workloads
        if WORKLOADS[workload["kind"]].scales and "replicas" not in (workload.get("spec") or {})
    ]
