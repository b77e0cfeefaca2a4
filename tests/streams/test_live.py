"""What `kubectl get -o yaml` shows of an object is the object that was applied: no difference, no restart."""

from __future__ import annotations

import copy
from datetime import date
from pathlib import Path
from typing import Any

from llmstack import yamlio
from llmstack.repository.stream_review import review_streams
from llmstack.repository.stream_terms import Terms
from llmstack.repository.streams import Objects, read_objects
from llmstack.review.result import EnvironmentReview

WRITTEN: dict[str, Any] = {
    "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "a", "namespace": "n", "labels": {"x": "y"}},
    "spec": {
        "selector": {"matchLabels": {"app": "a"}},
        "template": {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{
            "name": "vllm", "image": "vllm/vllm-openai:v0.19.1", "args": ["--model", "Qwen/Qwen3-8B"],
            "env": [{"name": "A", "value": "1"}], "ports": [{"containerPort": 8000}],
            "resources": {"limits": {"nvidia.com/gpu": 1}}, "readinessProbe": {"tcpSocket": {"port": 8000}},
        }]}},
    },
}  # fmt: skip
CONTAINER = {
    "imagePullPolicy": "IfNotPresent", "terminationMessagePath": "/dev/termination-log",
    "terminationMessagePolicy": "File", "ports": [{"containerPort": 8000, "protocol": "TCP"}],
    "resources": {"limits": {"nvidia.com/gpu": "1"}},
    "readinessProbe": {"tcpSocket": {"port": 8000}, "timeoutSeconds": 1, "periodSeconds": 10, "successThreshold": 1,
                       "failureThreshold": 3},
}  # fmt: skip
POD = {
    "dnsPolicy": "ClusterFirst", "restartPolicy": "Always", "schedulerName": "default-scheduler", "securityContext": {},
    "terminationGracePeriodSeconds": 30,
}  # fmt: skip


def running(replicas: int = 3) -> dict[str, Any]:
    """The object as an API server returns it, with the replicas that a scaler gave it."""
    live = copy.deepcopy(WRITTEN)
    live["metadata"] |= {"uid": "1", "resourceVersion": "7", "generation": 4, "managedFields": [{"manager": "helm"}]}
    live["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "3"}
    live["spec"] |= {"replicas": replicas, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600}
    live["spec"]["strategy"] = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    pod = live["spec"]["template"]["spec"]
    pod |= POD
    pod["containers"][0] |= CONTAINER
    return {**live, "status": {"replicas": replicas}}


def review(before: Any, after: Any, folder: Path) -> EnvironmentReview:
    sides = [side(objects, folder / f"{number}.yaml") for number, objects in enumerate((before, after))]
    return review_streams(sides[0], sides[1], Terms(), today=date(2026, 1, 1)).environments["stream"]


def side(object: Any, file: Path) -> Objects:
    file.write_text(yamlio.dump({"apiVersion": "v1", "kind": "List", "items": [object]}), encoding="utf-8")
    return read_objects(str(file), None)


def test_nothing_differs(tmp_path: Path) -> None:
    found = review(running(), WRITTEN, tmp_path)
    assert found.objects == ()
    assert [(row.before, row.after) for row in found.gpus] == [(3, 3)]
    assert review(WRITTEN, running(), tmp_path).objects == ()


def test_what_differs_is_told_alone(tmp_path: Path) -> None:
    changed = copy.deepcopy(WRITTEN)
    changed["spec"]["template"]["spec"]["containers"][0]["args"][1] = "Qwen/Qwen3-4B"
    (found,) = review(running(), changed, tmp_path).objects
    assert [change.path for change in found.changes] == ["spec.template.spec.containers[vllm].args[--model]"]
    assert found.restarts


def test_two_live_objects_are_compared_as_they_are(tmp_path: Path) -> None:
    (found,) = review(running(3), running(2), tmp_path).objects
    assert [change.path for change in found.changes] == ["spec.replicas"]
