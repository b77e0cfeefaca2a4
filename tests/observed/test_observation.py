"""What objects say of themselves, whatever stands in them, and in whatever order they come."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack.observed.documents import read_documents
from llmstack.observed.observation import observe
from llmstack.observed.read import _READERS
from llmstack.observed.things import (
    Claim,
    Node,
    Pod,
    PriorityClass,
    Quota,
    ResourceSlice,
    Scaler,
    StorageClass,
    Workload,
)
from tests.observed.support import event, listed, meta, node, pod, seen, source


def test_a_pod() -> None:
    [found] = seen(pod("a", on="n1", gpus=4, load=340, labels={"model": "llama"}, priority=7)).now(Pod)
    assert (found.node, found.gpus, found.phase, found.ready) == ("n1", {"nvidia.com/gpu": 4}, "Running", True)
    assert found.scheduled is not None
    assert found.ready_since is not None
    assert (found.ready_since - found.scheduled).total_seconds() == 340
    assert found.started == datetime(2026, 11, 20, 10, 0, 10, tzinfo=UTC)
    assert found.start_bound == 900
    assert (found.priority, found.requests["cpu"], found.is_over) == (7, Fraction(8), False)
    [waiting] = seen(pod("b", phase="Pending")).now(Pod)
    assert (waiting.node, waiting.scheduled, waiting.ready, waiting.waiting) == ("", None, False, "ContainerCreating")


def test_a_node() -> None:
    taints = [{"key": "gpu", "effect": "NoSchedule", "timeAdded": "2026-11-20T10:00:00Z"}]
    [found] = seen(node("a", unschedulable=True, taints=taints)).now(Node)
    assert (found.cordoned, found.ready, found.kubelet) == (True, True, "v1.34.2")
    assert found.allocatable["nvidia.com/gpu"] == 8
    assert [(taint.key, taint.value, taint.effect) for taint in found.taints] == [("gpu", "", "NoSchedule")]


def test_what_else_counts() -> None:
    found = seen(
        {**meta("Deployment", "d", "llm"), "spec": {"replicas": 3}, "status": {"replicas": 4, "updatedReplicas": 1}},
        {
            **meta("ScaledObject", "s", "llm"),
            "spec": {"scaleTargetRef": {"name": "d"}, "minReplicaCount": 1, "maxReplicaCount": 8},
        },
        {
            **meta("HorizontalPodAutoscaler", "h", "llm"),
            "spec": {"scaleTargetRef": {"kind": "StatefulSet", "name": "d"}, "maxReplicas": 4},
            "status": {"currentReplicas": 2, "desiredReplicas": 3},
        },
        {
            **meta("PersistentVolumeClaim", "c", "llm"),
            "spec": {"storageClassName": "fast", "resources": {"requests": {"storage": "50Gi"}}},
            "status": {"phase": "Bound", "capacity": {"storage": "100Gi"}},
        },
        {
            **meta("StorageClass", "fast", annotations={"storageclass.kubernetes.io/is-default-class": "true"}),
            "allowVolumeExpansion": True,
        },
        {**meta("PriorityClass", "high"), "value": 1000, "preemptionPolicy": "Never"},
        {**meta("ResourceQuota", "q", "llm"), "spec": {"hard": {"requests.nvidia.com/gpu": "8"}}},
        {**meta("ResourceSlice", "r"), "spec": {"driver": "gpu.nvidia.com", "nodeName": "a", "devices": [{}, {}]}},
    )
    [workload] = found.now(Workload)
    assert (workload.replicas, workload.current, workload.updated) == (3, 4, 1)
    horizontal, keda = found.now(Scaler)
    assert (horizontal.target, horizontal.least, horizontal.most, horizontal.wanted) == (
        ("StatefulSet", "d"),
        None,
        4,
        3,
    )
    assert (keda.target, keda.least, keda.most) == (("Deployment", "d"), 1, 8)
    [claim] = found.now(Claim)
    assert (claim.storage_class, claim.asked) == ("fast", Fraction(50 << 30))
    assert [(each.default, each.expands) for each in found.now(StorageClass)] == [(True, True)]
    assert [(each.value, each.preempts) for each in found.now(PriorityClass)] == [(1000, False)]
    assert [each.hard for each in found.now(Quota)] == [{"requests.nvidia.com/gpu": Fraction(8)}]
    assert [(each.driver, len(each.devices)) for each in found.now(ResourceSlice)] == [("gpu.nvidia.com", 2)]


def test_a_secret_is_passed_over_unread() -> None:
    found = seen({**meta("Secret", "token", "llm"), "data": {"token": "aHVudGVyMg=="}}, node("a"))
    assert "Secret" in found.kinds
    assert "hunter2" not in repr(found)
    assert "aHVudGVyMg" not in repr(found)
    assert "token" not in repr(found.history)


def test_the_newest_moment_is_none_that_is_to_come() -> None:
    expiring = {**pod("a", on="n", load=60), "notAfter": "2031-01-01T00:00:00Z"}
    expiring["metadata"]["deletionTimestamp"] = "2030-01-01T00:00:00Z"
    found = seen(expiring, node("n"))
    assert found.newest == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert found.now(Pod)[0].meta.deleting


def test_a_recording_shows_what_happened_and_what_is_there() -> None:
    first, ready = pod("a", on="n", version=5), pod("a", on="n", load=300, version=9)
    other = pod("b", on="n", version=7)
    text = event("ADDED", first) + event("ADDED", other) + event("MODIFIED", ready) + event("DELETED", other)
    found = observe([source(text)])
    assert [(each.event, each.thing.meta.name) for each in found.history] == [
        ("ADDED", "a"), ("ADDED", "b"), ("DELETED", "b"), ("MODIFIED", "a"),
    ]  # fmt: skip
    assert [each.meta.name for each in found.now(Pod)] == ["a"]
    assert found.now(Pod)[0].ready
    assert len(list(found.all_of(Pod))) == 4


def test_a_heartbeat_is_no_change() -> None:
    early, late = node("a", version=3), node("a", version=9)
    late["status"]["conditions"][0]["lastHeartbeatTime"] = "2026-11-21T12:00:00Z"
    found = observe([source(event("ADDED", early) + event("MODIFIED", late))])
    assert len(found.history) == 1
    assert found.newest == datetime(2026, 11, 21, 12, tzinfo=UTC)


@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_neither_order_nor_files_play_a_part(shuffled: random.Random, files: int) -> None:
    objects = [node(f"n{number}", version=number) for number in range(3)]
    objects += [pod(f"p{number % 3}", on="n1", version=10 + number, load=number * 10) for number in range(6)]
    objects += [{**meta("RuntimeClass", name), "handler": name} for name in ("nvidia", "kata")]
    expected = seen(*objects)
    mixed = list(objects)
    shuffled.shuffle(mixed)
    parts = [listed(mixed[number::files]) for number in range(files)]
    assert observe([source(part, f"{number}.json") for number, part in enumerate(parts)]) == expected


_SCALAR = st.none() | st.booleans() | st.integers() | st.text(max_size=4) | st.sampled_from(["True", "Ready", "1e999"])
_FIELDS = sorted(
    {
        "spec", "status", "metadata", "name", "namespace", "labels", "annotations", "ownerReferences", "containers",
        "image", "resources", "limits", "requests", "nvidia.com/gpu", "conditions", "type", "lastTransitionTime",
        "allocatable", "taints", "template", "leaderWorkerTemplate", "scaleTargetRef", "devices", "hard",
        "containerStatuses", "state", "running", "volumes", "startupProbe", "periodSeconds", "controller",
        "resourceVersion", "creationTimestamp", "initContainers", "restartPolicy", "args", "nodeInfo", "storage",
    }
)  # fmt: skip
_ANY = st.recursive(
    _SCALAR,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(_FIELDS), inner, max_size=6),
    max_leaves=25,
)


@pytest.mark.parametrize("kind", ["Pod", *sorted(_READERS)])
@given(data=st.data())
def test_whatever_stands_in_an_object_is_no_traceback(kind: str, data: st.DataObject) -> None:
    fields = st.fixed_dictionaries({"metadata": _ANY | st.just({"name": "a"}), "spec": _ANY, "status": _ANY})
    obj: dict[str, Any] = {"kind": kind, **data.draw(fields)}
    found = observe([source(json.dumps(obj))])
    assert len(found.history) <= 1
    assert not found.findings


def test_a_text_that_no_name_may_be_is_left_out() -> None:
    odd = pod("a", image="x\x1b[31m\ud800")
    assert [each.image for each in seen(odd).now(Pod)[0].containers] == [""]
    assert not list(seen(meta("Pod", "a\nb")).history)
    assert list(read_documents(source(listed([odd]))))
