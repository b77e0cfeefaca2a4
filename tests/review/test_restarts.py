"""Which changes replace pods, and which fields are named for it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from llmstack.review.restarts import config_causes, template_causes

Object = dict[str, Any]

POD: Object = {
    "containers": [
        {
            "name": "vllm",
            "image": "vllm/vllm-openai:v0.11.2",
            "args": ["Qwen/Qwen3-8B", "--max-model-len", "32768", "--enable-prefix-caching"],
            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            "ports": [{"name": "http", "containerPort": 8000}],
            "resources": {"limits": {"nvidia.com/gpu": 1, "cpu": "4"}},
            "startupProbe": {"httpGet": {"path": "/health", "port": 8000}, "failureThreshold": 60},
            "volumeMounts": [
                {"name": "data", "mountPath": "/data"},
                {"name": "shm", "mountPath": "/dev/shm"},
            ],
        }
    ],
    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}, {"key": "b", "value": "c"}],
    "volumes": [
        {"name": "data", "persistentVolumeClaim": {"claimName": "c"}},
        {"name": "shm", "emptyDir": {"medium": "Memory"}},
    ],
}


def deployment(pod: Object = POD, **metadata: Any) -> Object:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "llama", "namespace": "serving"},
        "spec": {"replicas": 1, "template": {"metadata": metadata, "spec": copy.deepcopy(pod)}},
    }


def put(path: str, value: Any) -> Object:
    """The Deployment with one field of its pod set; `vllm.` begins a path in its container."""
    changed = deployment()
    at = changed["spec"]["template"]["spec"]
    *steps, last = path.split(".")
    for step in steps:
        at = at["containers"][0] if step == "vllm" else at.setdefault(step, {})
    at[last] = value
    return changed


SAME = {
    "an equal quantity": ("vllm.resources.limits", {"nvidia.com/gpu": "1", "cpu": "4000m"}),
    "null": ("nodeSelector", None),
    "an empty list": ("imagePullSecrets", []),
    "empty resources of another container field": ("vllm.lifecycle", None),
    "an empty node selector": ("nodeSelector", {}),
    "an empty pod security context": ("securityContext", {}),
    "dnsPolicy": ("dnsPolicy", "ClusterFirst"),
    "grace period": ("terminationGracePeriodSeconds", 30),
    "scheduler": ("schedulerName", "default-scheduler"),
    "pull policy as the tag implies": ("vllm.imagePullPolicy", "IfNotPresent"),
    "host network off": ("hostNetwork", False),
    "protocol": ("vllm.ports", [{"name": "http", "containerPort": 8000, "protocol": "TCP", "hostPort": 0}]),
    "probe defaults": (
        "vllm.startupProbe",
        {
            "httpGet": {"path": "/health", "port": 8000, "scheme": "HTTP"},
            "failureThreshold": 60,
            "periodSeconds": 10,
        },
    ),
    "termination message": ("vllm.terminationMessagePath", "/dev/termination-log"),
    "working directory": ("vllm.workingDir", ""),
    "stdin": ("vllm.stdin", False),
}
RESTARTS = {
    "an empty container security context": ("vllm.securityContext", {}, "containers[vllm].securityContext"),
    "an empty affinity": ("affinity", {}, "affinity"),
    "an empty dnsConfig": ("dnsConfig", {}, "dnsConfig"),
    "an empty lifecycle": ("vllm.lifecycle", {}, "containers[vllm].lifecycle"),
    "service links": ("enableServiceLinks", True, "enableServiceLinks"),
    "token mount": ("automountServiceAccountToken", True, "automountServiceAccountToken"),
    "shared processes": ("shareProcessNamespace", False, "shareProcessNamespace"),
    "service account": ("serviceAccountName", "default", "serviceAccountName"),
    "unprivileged": (
        "vllm.securityContext.privileged", False, "containers[vllm].securityContext.privileged",
    ),
    "a request equal to its limit": (
        "vllm.resources.requests", {"cpu": "4"}, "containers[vllm].resources.requests.cpu",
    ),
    "another request": (
        "vllm.resources.limits", {"nvidia.com/gpu": 2, "cpu": "4"},
        "containers[vllm].resources.limits[nvidia.com/gpu]",
    ),
    "operator Equal": (
        "tolerations",
        [{"key": "nvidia.com/gpu", "operator": "Exists"}, {"key": "b", "value": "c", "operator": "Equal"}],
        "tolerations[1].operator",
    ),
    "order of tolerations": (
        "tolerations", [{"key": "b", "value": "c"}, {"key": "nvidia.com/gpu", "operator": "Exists"}],
        "tolerations",
    ),
    "order of env": (
        "vllm.env", [{"name": "B", "value": "2"}, {"name": "A", "value": "1"}], "containers[vllm].env(order)",
    ),
    "order of mounts": (
        "vllm.volumeMounts",
        [{"name": "shm", "mountPath": "/dev/shm"}, {"name": "data", "mountPath": "/data"}],
        "containers[vllm].volumeMounts(order)",
    ),
    "order of args": (
        "vllm.args", ["Qwen/Qwen3-8B", "--enable-prefix-caching", "--max-model-len", "32768"],
        "containers[vllm].args(order)",
    ),
    "spelling of args": (
        "vllm.args", ["Qwen/Qwen3-8B", "--max-model-len=32768", "--enable-prefix-caching"],
        "containers[vllm].args(spelling)",
    ),
    "a flag": (
        "vllm.args", ["Qwen/Qwen3-8B", "--max-model-len", "65536", "--enable-prefix-caching"],
        "containers[vllm].args[--max-model-len]",
    ),
    "a probe's port by name": (
        "vllm.startupProbe", {"httpGet": {"path": "/health", "port": "http"}, "failureThreshold": 60},
        "containers[vllm].startupProbe.httpGet.port",
    ),
    "the registry": (
        "vllm.image", "docker.io/vllm/vllm-openai:v0.11.2", "containers[vllm].image",
    ),
    "a variable emptied": (
        "vllm.env", [{"name": "A"}, {"name": "B", "value": "2"}], "containers[vllm].env[A].value",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SAME)
def test_what_the_api_server_stores_alike_restarts_nothing(case: str) -> None:
    path, value = SAME[case]
    assert template_causes(deployment(), put(path, value)) == ()
    assert template_causes(put(path, value), deployment()) == ()


@pytest.mark.parametrize("case", RESTARTS)
def test_what_it_stores_otherwise_restarts_and_is_named(case: str) -> None:
    path, value, cause = RESTARTS[case]
    causes = template_causes(deployment(), put(path, value))
    assert causes
    assert all(each.startswith(f"spec.template.spec.{cause}") for each in causes)
    assert template_causes(put(path, value), deployment())


def test_labels_and_annotations_of_the_template_restart_and_all_else_does_not() -> None:
    before, after = deployment(labels={"a": "1"}), deployment(labels={"a": "2"})
    assert template_causes(before, after) == ("spec.template.metadata.labels.a",)
    outside = deployment(labels={"a": "1"})
    outside["metadata"]["labels"] = {"x": "y"}
    outside["spec"] |= {"replicas": 3, "strategy": {"type": "Recreate"}, "progressDeadlineSeconds": 5}
    assert template_causes(before, outside) == ()


def test_a_cause_is_named_as_the_manifest_changes() -> None:
    after = deployment()
    after["spec"]["template"]["spec"]["containers"][0]["image"] = "vllm/vllm-openai:latest"
    assert template_causes(deployment(), after) == ("spec.template.spec.containers[vllm].image",)


def group(**template: Any) -> Object:
    return {
        "apiVersion": "leaderworkerset.x-k8s.io/v1",
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "big"},
        "spec": {
            "replicas": 1,
            "leaderWorkerTemplate": {"size": 2, "workerTemplate": {"spec": POD}} | template,
        },
    }


LEADER_CASES: dict[str, tuple[Object, tuple[str, ...]]] = {
    "size": (group(size=4), ("spec.leaderWorkerTemplate.size",)),
    "leader": (
        group(leaderTemplate={"metadata": {"labels": {"a": "b"}}}),
        ("spec.leaderWorkerTemplate.leaderTemplate.metadata.labels.a",),
    ),
    "worker": (
        group(workerTemplate={"spec": POD | {"dnsPolicy": "Default"}}),
        ("spec.leaderWorkerTemplate.workerTemplate.spec.dnsPolicy",),
    ),
    "a default of pods written out": (
        group(workerTemplate={"spec": POD | {"dnsPolicy": "ClusterFirst"}}),
        ("spec.leaderWorkerTemplate.workerTemplate.spec.dnsPolicy",),
    ),
    "a default of the set written out": (group(restartPolicy="RecreateGroupOnPodRestart"), ()),
    "a zero value": (group(workerTemplate={"spec": POD | {"hostNetwork": False}}), ()),
    "its budget of restarts": (group(maxGroupRestarts=3), ()),
}


@pytest.mark.parametrize("case", LEADER_CASES)
def test_a_leader_worker_set_restarts_with_its_revision(case: str) -> None:
    after, causes = LEADER_CASES[case]
    assert template_causes(group(), after) == causes


def cluster(image: str = "a:1", strategy: str | None = "Recreate", **fields: Any) -> Object:
    pod = {"containers": [{"name": "ray", "image": image, "ports": [{"containerPort": 6379}]}]}
    spec = {
        "headGroupSpec": {"rayStartParams": {"num-gpus": "0"}, "template": {"spec": pod}},
        "workerGroupSpecs": [{"groupName": "gpu", "replicas": 1, "template": {"spec": pod}} | fields],
    }
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "big"},
        "spec": spec | ({"upgradeStrategy": {"type": strategy}} if strategy else {}),
    }


def test_a_ray_cluster_restarts_whole_where_it_says_so_and_else_not_at_all() -> None:
    causes = (
        "spec.headGroupSpec.template.spec.containers[ray].image",
        "spec.workerGroupSpecs[gpu].template.spec.containers[ray].image",
    )
    assert template_causes(cluster(), cluster("a:2")) == causes
    for strategy in (None, "None"):
        assert template_causes(cluster(strategy=strategy), cluster("a:2", strategy)) == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"replicas": 4},
        {"minReplicas": 1, "maxReplicas": 9},
        {"numOfHosts": 1},
        {"scaleStrategy": {"workersToDelete": ["a"]}},
    ],
)
def test_scale_does_not_restart_a_ray_cluster(fields: Object) -> None:
    assert template_causes(cluster(), cluster(**fields)) == ()


def test_tolerations_do_not_restart_a_ray_cluster_and_start_parameters_do() -> None:
    after = cluster()
    after["spec"]["headGroupSpec"]["template"]["spec"] |= {"tolerations": [{"operator": "Exists"}]}
    assert template_causes(cluster(), after) == ()
    after["spec"]["headGroupSpec"]["rayStartParams"]["num-gpus"] = "1"
    assert template_causes(cluster(), after) == ("spec.headGroupSpec.rayStartParams[num-gpus]",)


def test_a_config_map_is_a_cause_behind_a_checksum_that_changed() -> None:
    pod = POD | {"volumes": [{"name": "t", "configMap": {"name": "templates"}}]}
    workload = deployment(pod, annotations={"checksum/config": "2"})
    causes = template_causes(deployment(pod, annotations={"checksum/config": "1"}), workload)
    maps = [
        {"kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}
        for name, namespace in (("templates", "serving"), ("other", "serving"), ("templates", "elsewhere"))
    ]
    assert causes == ("spec.template.metadata.annotations[checksum/config]",)
    assert config_causes(workload, causes, maps) == ("ConfigMap/templates",)
    assert config_causes(workload, ("spec.template.spec.containers[vllm].image",), maps) == ()


def test_a_checksum_counts_beside_other_causes() -> None:
    pod = POD | {"volumes": [{"name": "t", "configMap": {"name": "templates"}}]}
    maps = [{"kind": "ConfigMap", "metadata": {"name": "templates", "namespace": "serving"}}]
    causes = ("spec.template.metadata.annotations[checksum/config]", "spec.template.spec.containers[vllm].image")
    assert config_causes(deployment(pod), causes, maps) == ("ConfigMap/templates",)


def test_what_else_changes_in_the_manifest_hides_no_cause() -> None:
    """The pull policy that the API server derives from the tag is no cause of its own."""
    after = put("vllm.image", "vllm/vllm-openai:latest")
    after["spec"]["replicas"] = 3
    after["metadata"]["labels"] = {"a": "b"}
    assert template_causes(deployment(), after) == ("spec.template.spec.containers[vllm].image",)


def test_other_kinds_have_no_pods_to_restart() -> None:
    service = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "a"}, "spec": {"ports": []}}
    assert template_causes(service, service | {"spec": {}}) == ()
