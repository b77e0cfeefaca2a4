"""The build in process against the real kustomize, on trees of the shapes that generation writes."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest
from tests.review.trees import Object, Tree, canonical, kustomization, texts, thing

from llmstack.kustomize.build import Unsupported, build, build_all
from llmstack.kustomize.references import CLUSTER_SCOPED

Build = Callable[[Mapping[str, str], str], list[Object]]


def patch(path: str, kind: str, rename: bool = False, **target: str) -> Object:
    options = {"options": {"allowNameChange": True}} if rename else {}
    return {"path": path, "target": {"kind": kind} | target} | options


def assert_same(kustomize: Build, tree: Tree, directory: str) -> list[Object]:
    files = texts(tree)
    mine = build(files.get, directory)
    assert canonical(mine) == canonical(kustomize(files, directory))
    return mine


ENGINE = {"app.kubernetes.io/component": "engine"}
CHAIN: Tree = {
    "base/engine/kustomization.yaml": kustomization(resources=["deployment.yaml", "service.yaml"]),
    "base/engine/deployment.yaml": thing("Deployment", "engine", "apps/v1", ENGINE, spec={
        "replicas": 1, "template": {"spec": {"containers": [{"name": "vllm", "args": ["--port", "8000"]}]}},
    }),
    "base/engine/service.yaml": thing("Service", "engine", labels=ENGINE, spec={"ports": [{"port": 80}]}),
    "base/models/llama/kustomization.yaml": kustomization(resources=["../../engine"], patches=[
        patch("deployment.yaml", "Deployment", rename=True, name="engine"),
        patch("service.yaml", "Service", rename=True, name="engine"),
    ]),
    "base/models/llama/deployment.yaml": thing("Deployment", "llmstack-llama", "apps/v1", spec={
        "template": {"spec": {"containers": [{"name": "vllm", "image": "vllm:1"}]}},
    }),
    "base/models/llama/service.yaml": thing("Service", "llmstack-llama-service"),
    "overlays/prod/engine/kustomization.yaml": kustomization("Component", patches=[
        patch("deployment.yaml", "Deployment", labelSelector="app.kubernetes.io/component=engine"),
    ]),
    "overlays/prod/engine/deployment.yaml": thing("Deployment", "engine", "apps/v1", spec={
        "replicas": 2, "template": {"spec": {"runtimeClassName": "nvidia"}},
    }),
    "overlays/prod/models/llama/kustomization.yaml": kustomization(
        namespace="serving", components=["../../engine"],
        resources=["../../../../base/models/llama", "claim.yaml"],
        patches=[patch("deployment.yaml", "Deployment", rename=True, name="llmstack-llama")],
    ),
    "overlays/prod/models/llama/claim.yaml": thing("PersistentVolumeClaim", "llama"),
    "overlays/prod/models/llama/deployment.yaml": thing("Deployment", "prod-llama", "apps/v1", spec={
        "replicas": 3, "template": {"spec": {"containers": [{"name": "vllm", "args": ["--port", "9000"]}]}},
    }),
    "overlays/prod/models/qwen/kustomization.yaml": kustomization(
        namespace="serving", resources=["../../../../base/engine"], components=["../../engine"],
        patches=[
            patch("deployment.yaml", "Deployment", rename=True, name="engine"),
            patch("service.yaml", "Service"),
        ],
    ),
    "overlays/prod/models/qwen/deployment.yaml": thing("Deployment", "prod-qwen", "apps/v1"),
    "overlays/prod/models/qwen/service.yaml": thing("Service", "engine") | {"$patch": "delete"},
    "overlays/prod/extra/kustomization.yaml": kustomization(resources=["all.yaml"]),
    "overlays/prod/extra/all.yaml": thing("Widget", "w", "example.org/v1"),
    "overlays/prod/kustomization.yaml": kustomization(resources=["models/llama", "models/qwen", "extra"]),
    "custom/prod/models/llama/kustomization.yaml": kustomization(
        resources=["../../../../overlays/prod/models/llama"], patches=[patch("p.yaml", "Deployment")],
    ),
    "custom/prod/models/llama/p.yaml": thing("Deployment", "prod-llama", "apps/v1", spec={"replicas": 7}),
}  # fmt: skip


@pytest.mark.parametrize(
    "directory",
    ["base/engine", "base/models/llama", "overlays/prod/models/llama", "overlays/prod/models/qwen",
    "overlays/prod",
     "overlays/prod/extra", "custom/prod/models/llama"],
)  # fmt: skip
def test_a_chain_of_layers_builds_as_kustomize_builds_it(kustomize: Build, directory: str) -> None:
    assert assert_same(kustomize, CHAIN, directory)


def test_units_that_share_a_base_are_built_as_each_alone() -> None:
    files = texts(CHAIN)
    units = ["overlays/prod/models/llama", "overlays/prod/models/qwen"]
    reads: list[str] = []

    def read(path: str) -> str | None:
        reads.append(path)
        return files.get(path)

    together = build_all(read, units)
    assert reads.count("base/engine/deployment.yaml") == 1
    assert together == {unit: build(files.get, unit) for unit in units}


ACCOUNT = thing("ServiceAccount", "router")


def binding(*subjects: Object, kind: str = "RoleBinding") -> Object:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "router"}
    return thing(kind, "router", "rbac.authorization.k8s.io/v1", roleRef=role, subjects=list(subjects))


SINGLE: dict[str, list[Object]] = {
    "nulls and empty maps": [
        thing("Service", "s", spec={"a": None, "b": [], "c": {}})
        | {"metadata": {"name": "s", "annotations": {}, "labels": {}}}
    ],
    "a namespace is overwritten": [thing("Service", "s") | {"metadata": {"name": "s", "namespace": "other"}}],
    "a Namespace is renamed": [thing("Namespace", "other")],
    "cluster-scoped custom resources get a namespace": [thing("ClusterWidget", "w", "example.org/v1")],
    "subjects in the same build": [ACCOUNT, binding({"kind": "ServiceAccount", "name": "router"})],
    "subjects written out": [
        ACCOUNT, binding({"kind": "ServiceAccount", "name": "router", "namespace": "serving"}),
    ],
    "subjects elsewhere": [binding({"kind": "ServiceAccount", "name": "router"})],
    "subjects named default": [binding({"kind": "ServiceAccount", "name": "default", "namespace": "z"}),],
    "a group as a service account is named": [
        ACCOUNT, binding({"kind": "Group", "name": "router"}, kind="ClusterRoleBinding"),
    ],
    "references by name": [
        ACCOUNT, thing("ConfigMap", "c", data={"a": "router"}), thing("PersistentVolume", "v"),
        thing("PersistentVolumeClaim", "p", spec={"volumeName": "v"}),
        thing("Deployment", "d", "apps/v1", spec={"template": {"spec": {"serviceAccountName": "router"}}}),
    ],
}  # fmt: skip


@pytest.mark.parametrize("namespace", ["serving", None])
@pytest.mark.parametrize("case", SINGLE)
def test_objects_of_one_kustomization(kustomize: Build, case: str, namespace: str | None) -> None:
    tree = {f"{number}.yaml": item for number, item in enumerate(SINGLE[case])}
    fields = {"namespace": namespace} if namespace else {}
    assert_same(kustomize, tree | {"kustomization.yaml": kustomization(resources=list(tree), **fields)}, ".")


KINDS = {
    ("Deployment", "apps/v1"), ("StatefulSet", "apps/v1"), ("Service", "v1"), ("ServiceAccount", "v1"),
    ("ConfigMap", "v1"), ("Secret", "v1"), ("PersistentVolumeClaim", "v1"), ("Job", "batch/v1"),
    ("HorizontalPodAutoscaler", "autoscaling/v2"), ("Ingress", "networking.k8s.io/v1"),
    ("HTTPRoute", "gateway.networking.k8s.io/v1"),
    ("InferencePool", "inference.networking.k8s.io/v1"),
    ("ServiceMonitor", "monitoring.coreos.com/v1"), ("PodMonitor", "monitoring.coreos.com/v1"),
    ("ScaledObject", "keda.sh/v1alpha1"), ("RayCluster", "ray.io/v1"),
    ("Role", "rbac.authorization.k8s.io/v1"),
    ("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1"), ("ExternalSecret", "external-secrets.io/v1"),
    ("SealedSecret", "bitnami.com/v1alpha1"), ("LoraAdapter", "production-stack.vllm.ai/v1alpha1"),
    ("ClusterSecretStore", "external-secrets.io/v1"), ("RoleBinding", "rbac.authorization.k8s.io/v1"),
    ("ValidatingAdmissionPolicy", "admissionregistration.k8s.io/v1"), ("PodDisruptionBudget", "policy/v1"),
}  # fmt: skip


def test_every_kind_gets_the_namespace_that_kustomize_gives_it(kustomize: Build) -> None:
    kinds = KINDS | {(kind, f"{group}/v1" if group else "v1") for kind, group in CLUSTER_SCOPED.items()}
    tree = {f"{kind}.yaml".lower(): thing(kind, "x", api) for kind, api in sorted(kinds)}
    built = assert_same(
        kustomize, tree | {"kustomization.yaml": kustomization(resources=list(tree), namespace="n")}, "."
    )
    assert {item["kind"] for item in built if "namespace" not in item["metadata"]} == set(CLUSTER_SCOPED)


BASE: Tree = {
    "b/kustomization.yaml": kustomization(resources=["a.yaml", "d.yaml"]),
    "b/a.yaml": ACCOUNT,
    "b/d.yaml": thing("Deployment", "d", "apps/v1", spec={"template": {"spec": {"serviceAccountName": "router"}}}),
    "r.yaml": thing("ServiceAccount", "prod-router"),
}
UNSUPPORTED: dict[str, Tree] = {
    "no kustomization": {"a.yaml": ACCOUNT},
    "a field of kustomize's we do not write": {"kustomization.yaml": kustomization(resources=[], namePrefix="a-")},
    "an unknown field": {"kustomization.yaml": kustomization(resurces=[])},
    "another version": {"kustomization.yaml": kustomization() | {"apiVersion": "v1"}},
    "a missing file": {"kustomization.yaml": kustomization(resources=["a.yaml"])},
    "a remote base": {"kustomization.yaml": kustomization(resources=["https://example.org/x"])},
    "a directory that refers to itself": {"kustomization.yaml": kustomization(resources=["."])},
    "a file from outside": {
        "kustomization.yaml": kustomization(resources=["x"]),
        "x/kustomization.yaml": kustomization(resources=["../a.yaml"]),
        "a.yaml": ACCOUNT,
    },
    "an object twice": {
        "kustomization.yaml": kustomization(resources=["a.yaml", "a.yaml"]),
        "a.yaml": ACCOUNT,
    },
    "a list": {
        "kustomization.yaml": kustomization(resources=["a.yaml"]),
        "a.yaml": thing("List", "x", items=[]),
    },
    "an object without a name": {
        "kustomization.yaml": kustomization(resources=["a.yaml"]),
        "a.yaml": {"kind": "A"},
    },
    "a local object": {
        "kustomization.yaml": kustomization(resources=["a.yaml"]),
        "a.yaml": ACCOUNT | {"metadata": {"name": "a", "annotations": {"config.kubernetes.io/local-config": "true"}}},
    },
    "a JSON patch": {
        "kustomization.yaml": kustomization(resources=["a.yaml"], patches=[patch("p.yaml", "ServiceAccount")]),
        "a.yaml": ACCOUNT,
        "p.yaml": {"op": "remove"},
    },
    "a resource that is named twice": {
        "kustomization.yaml": kustomization(resources=["a.yaml"] * 2),
        "a.yaml": ACCOUNT,
    },
    "a patch without a target": {
        "kustomization.yaml": kustomization(resources=["a.yaml"], patches=[{"path": "a.yaml"}]),
        "a.yaml": ACCOUNT,
    },
    "a selector of sets": {
        "kustomization.yaml": kustomization(
            resources=["a.yaml"], patches=[patch("a.yaml", "ServiceAccount", labelSelector="a in (b)")]
        ),
        "a.yaml": ACCOUNT,
    },
    "a reference to a former name": BASE
    | {
        "kustomization.yaml": kustomization(
            resources=["b"], namespace="n", patches=[patch("r.yaml", "ServiceAccount", rename=True)]
        )
    },
    "a subject in another namespace": {
        "kustomization.yaml": kustomization(resources=["a.yaml", "b.yaml"], namespace="n"),
        "a.yaml": ACCOUNT,
        "b.yaml": binding({"kind": "ServiceAccount", "name": "router", "namespace": "m"}),
    },
}


@pytest.mark.parametrize("case", UNSUPPORTED)
def test_what_it_does_not_know_it_leaves_to_kustomize(case: str) -> None:
    with pytest.raises(Unsupported):
        build(texts(UNSUPPORTED[case]).get, ".")


def test_broken_yaml_is_left_to_kustomize() -> None:
    with pytest.raises(Unsupported):
        build({"kustomization.yaml": "a: [", "b": ""}.get, ".")


@pytest.mark.parametrize("field", ["namespace: yes", "namespace: Off", "resources: [NO]", "patches: [{path: on}]"])
def test_a_word_that_is_a_boolean_in_a_kustomization_is_kustomizes_to_judge(field: str) -> None:
    tree = {"kustomization.yaml": f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{field}\n"}
    with pytest.raises(Unsupported, match="`yes`"):
        build(tree.get, ".")


@pytest.mark.parametrize("field", ["resources", "components", "patches", "namespace"])
@pytest.mark.parametrize("value", ["1.5", "true", "{a: b}"])
def test_a_field_of_another_type_is_kustomizes_to_refuse(field: str, value: str) -> None:
    text = f"apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n{field}: {value}\n"
    with pytest.raises(Unsupported, match=field):
        build({"a/kustomization.yaml": text}.get, "a")
