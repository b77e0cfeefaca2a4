"""Where each risk has its place: the line of a committed file that states what it is about.

A scenario is a change of a repository. A row is a risk of it, the file that it is placed in, and what that line says.
Every risk has a row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from llmstack.review.risks.table import RISKS
from tests.sync.repository import FLUX, POOL, Repository, environment, model, new_repository

Values = Mapping[str, dict[str, Any] | None]
Edit = Callable[[Repository], None]

SURGE = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
LLAMA_8B = {"modelURL": "meta-llama/Llama-3.1-8B-Instruct", "tag": "v0.19.1"}
LLAMA = "Deployment/llmstack-llama-deployment-vllm"
QWEN = "Deployment/llmstack-qwen-deployment-vllm"
ROUTER = "Deployment/llmstack-deployment-router"
UNIT = "overlays/prod/models/llama"


def thing(kind: str, name: str, version: str = "v1", **fields: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name}, **fields}


def template(name: str, gpus: int = 0, **pod: Any) -> dict[str, Any]:
    container = {"name": "c", "image": "pause:3.10", "envFrom": [{"configMapRef": {"name": "settings"}}]}
    container |= {"resources": {"limits": {"nvidia.com/gpu": gpus}}} if gpus else {}
    return {"metadata": {"labels": {"app": name}}, "spec": {"containers": [container], **pod}}


def deployment(name: str, **pod: Any) -> dict[str, Any]:
    spec = {"selector": {"matchLabels": {"app": name}}, "template": template(name, **pod)}
    return thing("Deployment", name, "apps/v1", spec=spec)


def claim(size: str) -> dict[str, Any]:
    spec = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": size}}}
    return thing("PersistentVolumeClaim", "data", spec=spec)


def settings(value: str) -> dict[str, Any]:
    return thing("ConfigMap", "settings", data={"a": value})


JOBS = thing("ScaledJob", "jobs", "keda.sh/v1alpha1", spec={"jobTargetRef": {"template": template("jobs", 1)}})
BUDGET = thing(
    "PodDisruptionBudget", "budget", "policy/v1", spec={"minAvailable": 1, "selector": {"matchLabels": {"app": "a"}}}
)
NO_MORE = thing("ResourceQuota", "no-more", spec={"hard": {"count/configmaps": "0"}})
QUOTA = thing("ResourceQuota", "quota", spec={"hard": {"requests.nvidia.com/gpu": "8"}})
HIGH = thing("PriorityClass", "high", "scheduling.k8s.io/v1", value=1000)
BINDING = """\
# what it is for
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  name: more
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: cluster-admin}
subjects: [{kind: ServiceAccount, name: default, namespace: default}]
"""
OVERLAY = """\
apiVersion: kustomize.config.k8s.io/v1beta1
kind: Kustomization
resources:
- ../../../../overlays/prod/models/llama
patches:
- patch: '[{"op": "replace", "path": "/spec/template/spec/terminationGracePeriodSeconds", "value": 45}]'
  target: {kind: Deployment}
"""
FACTS = """\
# Learned by llmstack; `llmstack learn cluster c1` writes it again.
date: "2026-01-01"
"""
APPS = """\
apiVersion: kustomize.toolkit.fluxcd.io/v1
kind: Kustomization
metadata: {name: apps, namespace: flux-system}
spec: {interval: 10m, path: ./overlays/prod, prune: true, sourceRef: {kind: GitRepository, name: x}}
"""


def with_(*extra: dict[str, Any], router: dict[str, Any] | None = None, **rest: Any) -> dict[str, Any]:
    """The values of an environment, with objects beside it."""
    models = rest.pop("models", [model()])
    beside: dict[str, Any] = {"extraObjects": list(extra)} if extra else {}
    return {**environment(*models, **rest), **beside, **({"routerSpec": router} if router else {})}


def store(name: str) -> dict[str, Any]:
    return {"backend": "external-secrets", "store": name}


def edited(path: str, old: str, new: str) -> Edit:
    def edit(one: Repository) -> None:
        text = (one.root / path).read_text(encoding="utf-8")
        assert old in text
        one.file(path, text.replace(old, new))

    return edit


def nothing(one: Repository) -> None:
    """No more than what the values say."""


def overlaid(one: Repository) -> None:
    one.file("custom/prod/models/llama/kustomization.yaml", OVERLAY)
    one.llmstack("gen")


SCALED = {"keda": {"enabled": True, "minReplicaCount": 1, "maxReplicaCount": 2}}
SCENARIOS: Mapping[str, tuple[Values, Values, Edit, Edit]] = {
    "much": (
        {"prod": with_(claim("5Gi"), settings("1"), deployment("a"), models=[model(), model("qwen")], secrets=store("one"),
                       router={"routingLogic": "session", "sessionKey": "x"})},
        {"prod": with_(settings("2"), deployment("a"), BUDGET, JOBS, models=[model(tag="v0.20.2", **SCALED),
                       model("qwen", tag="v0.11.3")], secrets=store("two"),
                       router={"routingLogic": "roundrobin", "servicePort": 8080})},
        nothing,
        edited("clusters/c1/prod/models/qwen.yaml", "timeout:", 'timeout: "1m" #'),
    ),
    "refused": (
        {"prod": with_(claim("5Gi"), models=[model(replicaCount=8, **SURGE)], sync={})},
        {"prod": with_(claim("1Gi"), settings("1"), NO_MORE,
                       models=[model(replicaCount=8, tag="v0.11.3", **SURGE)], sync={})},
        nothing, nothing,
    ),
    "a quota": (
        {"prod": with_(QUOTA, models=[model(replicaCount=8, **SURGE)], sync={}, capacity=[POOL | {"count": 16}])},
        {"prod": with_(QUOTA, models=[model(replicaCount=8, tag="v0.11.3", **SURGE)], sync={}, capacity=[POOL | {"count": 16}])},
        nothing, nothing,
    ),
    "priorities": (
        {"prod": with_(HIGH, models=[model(replicaCount=4), model("qwen", priorityClassName="high")])},
        {"prod": with_(HIGH, models=[model(replicaCount=4), model("qwen", replicaCount=6, priorityClassName="high")])},
        nothing, nothing,
    ),
    "pools": (
        {"prod": environment(), "dev": environment(namespace="dev", release="dev")},
        {"prod": environment(), "dev": environment(namespace="dev", release="dev", capacity=[POOL | {"count": 16}])},
        nothing, nothing,
    ),
    "no pools": (
        {"prod": environment(model(), capacity=[])}, {"prod": environment(model(replicaCount=4), capacity=[])},
        nothing, nothing,
    ),
    "an engine": (
        {"prod": environment(model(**LLAMA_8B), capacity=[POOL | {"gpu": "H100-80GB"}])},
        {"prod": environment(model(**LLAMA_8B, vllmConfig={"gpuMemoryUtilization": 0.6}),
                             capacity=[POOL | {"gpu": "H100-80GB"}])},
        nothing, nothing,
    ),
    "old facts": (
        {"prod": environment()}, {"prod": environment(model(replicaCount=3), model("qwen"))},
        lambda one: one.file("facts/clusters/c1.yaml", FACTS), nothing,
    ),
    "a binding": ({"prod": environment()}, {}, nothing, lambda one: one.file("clusters/c1/more.yaml", BINDING)),
    "a cluster renamed": ({"prod": environment()}, {"prod": environment(sync=FLUX | {"cluster": "c2"})}, nothing, nothing),
    "another branch by hand": (
        {"prod": environment()}, {}, nothing,
        edited("clusters/c1/prod/gitrepository.yaml", "branch: main", "branch: next"),
    ),
    "a unit of nobody's": (
        {"prod": environment(sync={})}, {}, lambda one: one.file("clusters/c9/apps.yaml", APPS),
        edited("clusters/c9/apps.yaml", "prune: true", "prune: true, suspend: true"),
    ),
    "an overlay": ({"prod": environment()}, {}, nothing, overlaid),
    "an edit": ({"prod": environment()}, {}, nothing, edited(f"{UNIT}/deployment.yaml", "v0.11.2", "v0.11.3")),
    "a model gone": ({"prod": environment()}, {"prod": environment(model("qwen"))}, nothing, nothing),
    "a model off": (
        {"prod": environment()}, {"prod": environment(model(enabled=False), model("qwen", replicaCount=0))},
        nothing, nothing,
    ),
    "all gone": ({"prod": environment(), "dev": environment(sync={})}, {"prod": None}, nothing, nothing),
}  # fmt: skip

ROWS: Mapping[str, list[tuple[str, str, str, str]]] = {
    "much": [
        ("data-loss", "PersistentVolumeClaim/data", "values/prod.yaml", "extraObjects:"),
        ("scaler-handover", LLAMA, "values/prod.yaml", "replicaCount: 2"),
        ("unreachable", "Service/llmstack-router-service", "values/prod.yaml", "routerSpec:"),
        ("outage", LLAMA, "values/prod.yaml", "- name: llama"),
        ("deadline-too-short", QWEN, "values/prod.yaml", "- name: qwen"),
        ("not-applied", "Deployment/a", "values/prod.yaml", "- apiVersion: apps/v1"),
        ("recipient", "Environment/prod", "values/prod.yaml", "store: two"),
        ("upgrade", LLAMA, "values/prod.yaml", "- name: llama"),
        ("not-judged", "ScaledJob/jobs", "values/prod.yaml", "- apiVersion: keda.sh/v1alpha1"),
        ("cold-cache", ROUTER, "values/prod.yaml", "routerSpec:"),
        ("drain-blocked", "PodDisruptionBudget/budget", "values/prod.yaml", "- apiVersion: policy/v1"),
        ("requests-cut", QWEN, "values/prod.yaml", "- name: qwen"),
        ("restart", ROUTER, "values/prod.yaml", "routerSpec:"),
    ],
    "refused": [
        ("immutable-field", "PersistentVolumeClaim/data", "values/prod.yaml", "storage: 1Gi"),
        ("refused", "ConfigMap/settings", "values/prod.yaml", "- apiVersion: v1"),
        ("gpu-deadlock", LLAMA, "values/prod.yaml", "- name: llama"),
    ],
    "a quota": [("rollout-stuck", LLAMA, "values/prod.yaml", "- name: llama")],
    "priorities": [
        ("gpu-shortage", "Pool/h100", "values/prod.yaml", "- count: 8"),
        ("preemption", LLAMA, "values/prod.yaml", "- name: llama"),
    ],
    "pools": [
        ("pool-conflict", "Pool/h100", "values/dev.yaml", "- count: 16"),
    ],
    "no pools": [("unknown-capacity", "Pool/nvidia.com/gpu", "values/prod.yaml", "capacity: []")],
    "an engine": [("engine", LLAMA, "values/prod.yaml", "- name: llama")],
    "old facts": [("stale-facts", "Cluster/c1", "facts/clusters/c1.yaml", 'date: "2026-01-01"')],
    "a binding": [
        ("privilege", "ClusterRoleBinding/more", "clusters/c1/more.yaml", "apiVersion: rbac.authorization.k8s.io/v1"),
    ],
    "a cluster renamed": [
        ("sync", "Environment/prod", "values/prod.yaml", "cluster: c2"),
        ("removal", "Environment/prod", "values/prod.yaml", "cluster: c2"),
    ],
    "another branch by hand": [
        ("sync", "Environment/prod", "clusters/c1/prod/gitrepository.yaml", "branch: next"),
    ],
    "a unit of nobody's": [
        ("sync", "Kustomization/apps", "clusters/c9/apps.yaml", APPS.splitlines()[3].replace("true", "true, suspend: true")),
    ],
    "an overlay": [
        ("restart", LLAMA, "custom/prod/models/llama/kustomization.yaml", "apiVersion: kustomize.config.k8s.io/v1beta1"),
    ],
    "an edit": [("restart", LLAMA, f"{UNIT}/deployment.yaml", "image: vllm/vllm-openai:v0.11.3")],
    "a model gone": [("removal", LLAMA, "values/prod.yaml", "modelSpec:")],
    "a model off": [
        ("requests-cut", LLAMA, "values/prod.yaml", "enabled: false"),
        ("requests-cut", QWEN, "values/prod.yaml", "replicaCount: 0"),
    ],
    "all gone": [("removal", "Environment/prod", "values/prod.yaml", "")],
}  # fmt: skip


def test_every_risk_has_a_row() -> None:
    assert {row[0] for rows in ROWS.values() for row in rows} == RISKS.keys()
    assert ROWS.keys() == SCENARIOS.keys()


@pytest.mark.parametrize("name", SCENARIOS)
def test_each_risk_is_placed(name: str, tmp_path: Path) -> None:
    before, after, prepare, change = SCENARIOS[name]
    one = new_repository(tmp_path / "repository", **{key: each for key, each in before.items() if each is not None})
    prepare(one)
    one.commit()
    one.values(**after)
    change(one)
    review = one.review()
    risks = [risk for side in ("envs", "clusters") for each in review[side].values() for risk in each["risks"]]
    assert [risk for risk in risks if risk["place"] is None] == []
    places = [(risk["id"], risk["object"], *said_at(one, risk["place"])) for risk in risks]
    assert set(ROWS[name]) - set(places) == set()


def said_at(one: Repository, place: str) -> tuple[str, str]:
    """The file of a place, and the text of its line; the empty text where the file is gone."""
    path, _, line = place.rpartition(":")
    file = one.root / path
    return path, file.read_text(encoding="utf-8").splitlines()[int(line) - 1].strip() if file.exists() else ""
