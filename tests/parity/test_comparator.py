"""The comparator itself: what means the same is the same, and what does not is found."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.parity.compare import differences
from tests.parity.departures import explain, renamed


def deployment() -> dict[str, Any]:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "d", "labels": {"a": "b"}},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": {"a": "b"}},
            "strategy": {"rollingUpdate": {"maxSurge": 1}},
            "template": {
                "metadata": {"labels": {"a": "b"}},
                "spec": {
                    "containers": [
                        {
                            "name": "vllm",
                            "image": "i",
                            "command": ["vllm", "serve", "m"],
                            "args": [
                                "--max-model-len",
                                "4096",
                                "--kv-transfer-config",
                                '{"a": 1, "b": [2]}',
                                "--enable-lora",
                            ],
                            "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
                            "ports": [{"name": "http", "containerPort": 8000}],
                            "resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
                            "livenessProbe": {"httpGet": {"path": "/", "port": "http"}},
                            "volumeMounts": [{"name": "v", "mountPath": "/data"}],
                        }
                    ],
                    "volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "c"}}],
                },
            },
        },
    }


def service() -> dict[str, Any]:
    ports = [{"name": "http", "port": 80, "targetPort": "http"}]
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "s"},
        "spec": {"selector": {"a": "b"}, "ports": ports},
    }


def changed(path: str, value: Any, of: dict[str, Any]) -> dict[str, Any]:
    """A copy with one field set; numbers in the path are list indices; the value None removes."""
    copied: Any = copy.deepcopy(of)
    *steps, last = (int(step) if step.isdigit() else step for step in path.split("/"))
    here = copied
    for step in steps:
        here = here[step]
    if value is None:
        del here[last]
    else:
        here[last] = value
    result: dict[str, Any] = copied
    return result


CONTAINER = "spec/template/spec/containers/0"


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (f"{CONTAINER}/args", ["--enable-lora", "--kv_transfer_config", '{"b":[2],"a":1}', "--max-model-len=4096"]),
        (f"{CONTAINER}/env", [{"name": "B", "value": "2"}, {"name": "A", "value": "0"}, {"name": "A", "value": "1"}]),
        (f"{CONTAINER}/resources/limits", {"cpu": "1000m", "memory": "1024Mi"}),
        (f"{CONTAINER}/livenessProbe/httpGet/port", 8000),
        (f"{CONTAINER}/securityContext", {}),
        ("spec/strategy/type", "RollingUpdate"),
        ("metadata/namespace", "default"),
        ("metadata/annotations", None),
    ],
)
def test_what_means_the_same_is_the_same(path: str, value: Any) -> None:
    before = changed("metadata/annotations", {}, deployment())
    assert list(differences([before], [changed(path, value, before)], {})) == []


def test_a_renamed_volume_and_a_command_in_two_parts_are_the_same() -> None:
    renamed = changed("spec/template/spec/volumes/0/name", "w", deployment())
    renamed = changed(f"{CONTAINER}/volumeMounts/0/name", "w", renamed)
    whole = renamed["spec"]["template"]["spec"]["containers"][0]
    whole["command"] += whole.pop("args")
    assert list(differences([deployment()], [renamed], {})) == []


@pytest.mark.parametrize(
    ("path", "value", "found"),
    [
        (f"{CONTAINER}/args", ["--max-model-len", "8192"], "command[--max-model-len]"),
        (f"{CONTAINER}/image", "j", ".image"),
        (f"{CONTAINER}/env/0/value", "9", "env[A]"),
        (f"{CONTAINER}/env", [], "env[B]"),
        (f"{CONTAINER}/ports/0/containerPort", 9000, "ports[9000/TCP]"),
        (f"{CONTAINER}/livenessProbe/httpGet/port", 8001, "livenessProbe.httpGet.port"),
        (f"{CONTAINER}/resources/limits/memory", "2Gi", "resources.limits.memory"),
        (f"{CONTAINER}/volumeMounts/0/mountPath", "/other", "mount[/other]"),
        ("spec/template/spec/volumes/0/persistentVolumeClaim/claimName", "x", "mount[/data]"),
        ("spec/template/spec/serviceAccountName", "x", "spec.serviceAccountName"),
        ("spec/replicas", 2, "spec.replicas"),
        ("metadata/namespace", "other", "metadata.namespace"),
        ("metadata/labels/a", None, "metadata.labels.a"),
        ("apiVersion", "apps/v2", "apiVersion"),
    ],
)
def test_a_planted_difference_is_found_and_not_explained(path: str, value: Any, found: str) -> None:
    planted = list(differences([deployment()], [changed(path, value, deployment())], {}))
    assert any(found in difference.path for difference in planted), planted
    assert any(explain(difference) is None for difference in planted)


def test_a_service_leads_to_a_number_behind_a_name() -> None:
    by_number = changed("spec/ports/0/targetPort", 8000, service())
    assert list(differences([service(), deployment()], [by_number, deployment()], {})) == []
    wrong = changed("spec/ports/0/targetPort", 8001, service())
    (difference,) = differences([service(), deployment()], [wrong, deployment()], {})
    assert (difference.path, difference.helm, difference.ours) == ("spec.ports[80/TCP].target", "8000", "8001")


def role(*verbs: str) -> dict[str, Any]:
    rule = {"apiGroups": [""], "resources": ["pods"], "verbs": list(verbs)}
    return {"apiVersion": "v1", "kind": "ClusterRole", "metadata": {"name": "r"}, "rules": [rule]}


def test_the_order_of_verbs_means_nothing_and_a_verb_does() -> None:
    assert list(differences([role("get", "list")], [role("list", "get")], {})) == []
    (difference,) = differences([role("get", "list")], [role("get")], {})
    assert explain(difference) is None


def test_what_the_api_makes_of_a_volume_is_the_same() -> None:
    def volume(**more: Any) -> dict[str, Any]:
        spec = {"capacity": {"storage": "5Gi"}, "accessModes": "ReadWriteOnce", **more}
        return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec}

    kept = volume(persistentVolumeReclaimPolicy="Retain", accessModes=["ReadWriteOnce"])
    assert list(differences([volume()], [kept], {})) == []
    (difference,) = differences([volume()], [volume(persistentVolumeReclaimPolicy="Delete")], {})
    assert explain(difference) is None


def test_a_probe_that_follows_the_container_is_a_departure_and_one_that_does_not_is_a_defect() -> None:
    moved = changed(f"{CONTAINER}/ports/0/containerPort", 9000, deployment())
    stays = changed(f"{CONTAINER}/livenessProbe/httpGet/port", 8000, moved)
    (followed,) = differences([stays], [moved], {})
    departure = explain(followed)
    assert departure is not None
    assert departure.id == "probes-follow-port"
    (strayed,) = differences([stays], [changed(f"{CONTAINER}/livenessProbe/httpGet/port", 8001, moved)], {})
    assert explain(strayed) is None


def test_the_name_of_a_cluster_scoped_object_says_the_namespace() -> None:
    theirs, ours = role("get"), {**role("get"), "metadata": {"name": "default-r"}}
    found = list(differences([theirs], [ours], renamed([theirs], "vllm")))
    assert [(difference.path, explain(difference) is not None) for difference in found] == [("metadata.name", True)]


def test_an_object_too_many_or_too_few_is_found() -> None:
    (extra,) = differences([], [deployment()], {})
    (missing,) = differences([deployment()], [], {})
    assert (extra.path, extra.helm, missing.ours) == ("*", None, None)
    assert explain(extra) is None
    assert explain(missing) is None


def test_a_new_name_is_a_difference_and_the_rest_is_compared() -> None:
    moved = changed("spec/replicas", 2, changed("metadata/name", "e", deployment()))
    found = list(differences([deployment()], [moved], {("Deployment", "d"): "e"}))
    assert {difference.path for difference in found} == {"metadata.name", "spec.replicas"}


def test_the_chart_says_a_ray_heads_command_in_a_script() -> None:
    script = (
        'ARGS=(\n  "vllm"\n  "serve"\n  ""a/b""\n  "--port" "8000"\n)\nARGS+=("--dtype" "half")\necho "${ARGS[@]}"\n'
    )
    config_map = {"kind": "ConfigMap", "metadata": {"name": "x"}, "data": {"vllm-entrypoint.sh": script}}

    def cluster(command: list[str], args: list[str]) -> dict[str, Any]:
        head = {"spec": {"containers": [{"name": "vllm-ray-head", "command": command, "args": args}]}}
        worker = {"template": {"spec": {"containers": [{"name": "vllm-ray-worker"}]}}}
        spec = {"headGroupSpec": {"template": head}, "workerGroupSpecs": [worker]}
        return {"apiVersion": "ray.io/v1", "kind": "RayCluster", "metadata": {"name": "r"}, "spec": spec}

    ours = cluster(["/bin/bash", "start.sh", "vllm", "serve"], ["a/b", "--port", "8000", "--dtype", "half"])
    other = cluster(["/bin/bash", "start.sh", "vllm", "serve"], ["a/b", "--port", "8000", "--dtype", "float"])
    helm = [{"apiVersion": "v1", **config_map}, cluster(["/bin/bash"], [])]
    assert list(differences(helm, [helm[0], ours], {})) == []
    (difference,) = differences(helm, [helm[0], other], {})
    assert difference.path.endswith("containers[vllm-ray-head].command[--dtype]")
