"""Flux: a GitRepository, and for each unit a Kustomization with its own health checks.

Field names and what they do: kustomize-controller, docs/spec/v1/kustomizations.md; source-controller,
docs/spec/v1/gitrepositories.md; source-watcher, docs/spec/v1beta1/artifactgenerators.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.objects.placed import Object, prune
from llmstack.tree.sync_unit import SLACK, Clusters, SyncUnit, rollout_seconds

NAMESPACE = "flux-system"
BOOTSTRAP_SECRET = "flux-system"
"""The Secret with a deploy key that `flux bootstrap` makes; a GitRepository over ssh needs one."""
DECRYPTION_SECRET = "sops-age"
"""The Secret with the age key (fluxcd.io, "Manage Kubernetes secrets with SOPS")."""
RETRY_INTERVAL = "2m"
SHORTEST_TIMEOUT = 300
HALF_HOUR = 1800

AWAITED: dict[str, tuple[str, ...]] = {
    "stack": (),
    "secrets": ("stack",),
    "storage": ("stack",),
    "router": ("stack", "secrets"),
    "cache-server": ("stack", "secrets"),
    "extra": ("stack",),
}
AWAITED_BY_MODELS = ("stack", "storage", "secrets")
"""The units that a unit waits for. The router waits for no model: it serves those that are up."""

UNCHECKED = frozenset(("stack", "secrets", "storage"))
"""Units without health checks: others wait for them, and a workload in them (the LoRA controller mounts the
shared claim) may wait for one of those in turn."""

EXPRESSIONS = {
    "RayCluster": {
        "inProgress": "status.observedGeneration != metadata.generation",
        "failed": "status.state == 'failed'",
        "current": "status.state == 'ready'",
    },
    "LeaderWorkerSet": {
        "inProgress": "status.observedGeneration != metadata.generation || status.conditions.exists("
        "e, e.type in ['Progressing', 'UpdateInProgress'] && e.status == 'True')",
        "current": "status.conditions.exists(e, e.type == 'Available' && e.status == 'True')",
    },
}
"""When a custom resource is healthy: it has no condition `Ready`, by which Flux goes. KubeRay sets status.state,
LeaderWorkerSet the three conditions (api/leaderworkerset/v1/leaderworkerset_types.go)."""


def lay_out(clusters: Clusters) -> Iterator[tuple[str, Object]]:
    """Yield the files of one environment: the repository, then a file for each unit (two with artifacts)."""
    yield "gitrepository.yaml", git_repository(clusters)
    present = frozenset(unit.name for unit in clusters.units)
    for unit in clusters.units:
        yield f"{unit.name}.yaml", kustomization(clusters, unit, present)
        if clusters.sync.source == "artifact":
            yield f"artifacts/{unit.name}.yaml", artifact_generator(clusters, unit)


def git_repository(clusters: Clusters) -> Object:
    """Where the tree comes from."""
    sync = clusters.sync
    secret = sync.secret_name or (BOOTSTRAP_SECRET if (sync.repo_url or "").startswith("ssh://") else None)
    spec = {
        "url": sync.repo_url,
        "ref": {"branch": sync.branch or "main"},
        "interval": sync.interval or "10m",
        "secretRef": {"name": secret} if secret else None,
    }
    return _object("source.toolkit.fluxcd.io/v1", "GitRepository", clusters.name, spec)


def kustomization(clusters: Clusters, unit: SyncUnit, present: frozenset[str]) -> Object:
    """The Kustomization of a unit.

    `wait` is false: it would wait for every object, and a claim that binds when its pod comes is not ready before.
    The timeout holds for the health checks; a rollout that has failed by its own deadline ends them at once.
    """
    awaited = AWAITED_BY_MODELS if unit.is_model else AWAITED.get(unit.name, ("stack", "secrets"))
    checked = [] if unit.name in UNCHECKED else unit.workloads
    decrypted = unit.name == "secrets" and clusters.stack.gitops.secrets.backend == "sops"
    spec = {
        "sourceRef": _source(clusters, unit),
        "path": f"./{clusters.prefix}{unit.folder}",
        "interval": clusters.sync.interval or "10m",
        "retryInterval": RETRY_INTERVAL,
        "timeout": f"{timeout(unit) // 60}m",
        "prune": True,
        "wait": False,
        "dependsOn": [{"name": clusters.name_of(name)} for name in awaited if name in present] or None,
        "healthChecks": [_health_check(workload) for workload in checked] or None,
        "healthCheckExprs": _expressions(checked) or None,
        "decryption": {"provider": "sops", "secretRef": {"name": DECRYPTION_SECRET}} if decrypted else None,
    }
    return _object("kustomize.toolkit.fluxcd.io/v1", "Kustomization", clusters.name_of(unit.name), spec)


def timeout(unit: SyncUnit) -> int:
    """Seconds that Flux waits for a unit: above the start-up budget and progressDeadlineSeconds of its workloads.

    In whole half hours, so that a probe's small change does not change every model's Kustomization.
    """
    longest = 0 if unit.name in UNCHECKED else rollout_seconds(unit.workloads)
    return HALF_HOUR * -(-(longest + SLACK) // HALF_HOUR) if longest else SHORTEST_TIMEOUT


def artifact_generator(clusters: Clusters, unit: SyncUnit) -> Object:
    """The artifact that holds what the unit's build reads, and nothing else.

    Its revision is a digest of its content, so that a commit elsewhere in the repository does not reconcile the unit;
    `originRevision` says which commit it comes from.
    """
    copies = [
        {"from": f"@repo/{clusters.prefix}{folder}/**", "to": f"@artifact/{clusters.prefix}{folder}/"}
        for folder in unit.reads
    ]
    name = clusters.name_of(unit.name)
    spec = {
        "sources": [{"alias": "repo", "kind": "GitRepository", "name": clusters.name}],
        "artifacts": [{"name": name, "originRevision": "@repo", "copy": copies}],
    }
    return _object("source.extensions.fluxcd.io/v1beta1", "ArtifactGenerator", name, spec)


def _source(clusters: Clusters, unit: SyncUnit) -> dict[str, str]:
    if clusters.sync.source == "artifact":
        return {"kind": "ExternalArtifact", "name": clusters.name_of(unit.name)}
    return {"kind": "GitRepository", "name": clusters.name}


def _health_check(workload: Object) -> dict[str, Any]:
    metadata = workload["metadata"]
    identity = {"apiVersion": workload["apiVersion"], "kind": workload["kind"]}
    return {**identity, "name": metadata["name"], "namespace": metadata["namespace"]}


def _expressions(workloads: list[Object]) -> list[dict[str, Any]]:
    kinds = sorted({(workload["kind"], workload["apiVersion"]) for workload in workloads})
    return [
        {"apiVersion": version, "kind": kind, **EXPRESSIONS[kind]} for kind, version in kinds if kind in EXPRESSIONS
    ]


def _object(api_version: str, kind: str, name: str, spec: dict[str, Any]) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE}
    object: Object = prune({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec})
    return object
