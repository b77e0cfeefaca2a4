"""What people write by hand may be any object: the review says what it can, names what it cannot read, and never ends
with a traceback."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from datetime import date
from typing import Any

import pytest

from llmstack import schemas
from llmstack.kubernetes.sound import sound
from llmstack.report.review_formats import REVIEW_FORMATS, render_review
from llmstack.repository.built import leave_out_unsound
from llmstack.review.assess import assess
from llmstack.review.compare import compare, with_unread
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import Review

Object = dict[str, Any]
Path = tuple[Any, ...]

ODD: tuple[Any, ...] = (
    None, "", 0, -1, 1.5, True, [], {}, "x", ["x"], [None], [[]], [{}], {"a": None}, {"a": "b"}, {"name": None},
    [{"name": "a"}], [{"name": None}], [{"name": ["x"]}], "100%", "-5%", "x%", 10**7, 10**9, 2**31, 10**30,
    float("inf"), float("nan"), "1Gi", "Gi", "1e400", "9" * 5000, {"x": [1, {"y": 2}]}, [{"key": "a"}], [1, 2],
)  # fmt: skip

PLACES: tuple[Path, ...] = (
    ("spec",), ("spec", "strategy"), ("spec", "strategy", "rollingUpdate"), ("spec", "replicas"),
    ("spec", "minReadySeconds"), ("spec", "progressDeadlineSeconds"), ("spec", "selector"), ("spec", "template"),
    ("spec", "template", "metadata"), ("spec", "template", "spec"), ("metadata", "labels"), ("metadata", "annotations"),
    ("spec", "updateStrategy"), ("spec", "leaderWorkerTemplate"), ("spec", "leaderWorkerTemplate", "size"),
    ("spec", "workerGroupSpecs"), ("spec", "headGroupSpec"), ("spec", "scaleTargetRef"), ("spec", "resources"),
    ("spec", "rules"), ("rules",), ("roleRef",), ("subjects",), ("data",), ("stringData",), ("type",), ("apiVersion",),
    *(("spec", "template", "spec", name) for name in (
        "nodeSelector", "affinity", "initContainers", "volumes", "containers", "hostNetwork", "tolerations",
    )),
    *(("spec", "template", "spec", "containers", 0, name) for name in (
        "env", "envFrom", "resources", "readinessProbe", "startupProbe", "args", "command", "ports", "volumeMounts",
    )),
)  # fmt: skip


def pod() -> Object:
    limits = {"limits": {"nvidia.com/gpu": "1"}}
    probe = {"httpGet": {"path": "/health", "port": 8000}, "failureThreshold": 10}
    container = {
        "name": "vllm", "image": "vllm/vllm-openai:v0.11.0", "args": ["--model", "m"], "resources": limits,
        "startupProbe": probe, "readinessProbe": probe, "ports": [{"containerPort": 8000}],
        "env": [{"name": "A", "value": "b"}], "volumeMounts": [{"name": "v", "mountPath": "/v"}],
    }  # fmt: skip
    return {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [container], "volumes": [{"name": "v"}]}}


def made(kind: str, version: str, **rest: Any) -> Object:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "m", "labels": {"app": "a"}}, **rest}


def objects() -> list[Object]:
    """One of each kind that the review reads."""
    selector = {"matchLabels": {"app": "a"}}
    workload = {"replicas": 2, "selector": selector, "template": pod()}
    claim = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
    group = {"replicas": 1, "groupName": "g", "template": pod()}
    target = {"kind": "Deployment", "name": "m", "apiVersion": "apps/v1"}
    cluster = {"headGroupSpec": {"template": pod()}, "workerGroupSpecs": [group]}
    return [
        made("Deployment", "apps/v1", spec={**workload, "strategy": {"rollingUpdate": {"maxSurge": 1}}}),
        made("StatefulSet", "apps/v1", spec={**workload, "updateStrategy": {"rollingUpdate": {"partition": 1}}}),
        made("DaemonSet", "apps/v1", spec={"selector": selector, "template": pod()}),
        made("Job", "batch/v1", spec={"template": pod()}),
        made("Pod", "v1", spec=pod()["spec"]),
        made("LeaderWorkerSet", "leaderworkerset.x-k8s.io/v1", spec={
            "replicas": 1, "leaderWorkerTemplate": {"size": 2, "workerTemplate": pod()},
        }),
        made("RayCluster", "ray.io/v1", spec=cluster),
        made("RayService", "ray.io/v1", spec={"rayClusterConfig": cluster}),
        made("HorizontalPodAutoscaler", "autoscaling/v2", spec={"minReplicas": 1, "scaleTargetRef": target}),
        made("ScaledObject", "keda.sh/v1alpha1", spec={"minReplicaCount": 1, "scaleTargetRef": target}),
        made("PersistentVolumeClaim", "v1", spec=claim),
        made("PersistentVolume", "v1", spec={"capacity": {"storage": "1Gi"}, "hostPath": {"path": "/v"}}),
        made("Service", "v1", spec={"selector": {"app": "a"}, "ports": [{"port": 80, "name": "http"}]}),
        made("Ingress", "networking.k8s.io/v1", spec={"rules": [{"host": "a.b"}]}),
        made("ConfigMap", "v1", data={"a": "b"}),
        made("Secret", "v1", data={"a": "Yg=="}),
        made("Role", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get"], "resources": ["pods"]}]),
        made("Widget", "example.com/v1", spec={"template": pod()}),
    ]  # fmt: skip


def paths(value: Any, here: Path = ()) -> Iterator[Path]:
    yield here
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield from paths(item, (*here, key))


def put(item: Any, path: Path, value: Any) -> None:
    """Put a value at a path, if the object has one there."""
    try:
        for key in path[:-1]:
            item = item[key]
        item[path[-1]] = value
    except (KeyError, IndexError, TypeError):
        pass


def spoilt(choice: random.Random) -> list[Object]:
    """Some objects with one to three odd values in them."""
    found = copy.deepcopy(choice.sample(objects(), 4))
    for _ in range(choice.choice((1, 1, 2, 3))):
        item = choice.choice(found)
        path = choice.choice(PLACES) if choice.random() < 0.5 else choice.choice([each for each in paths(item) if each])
        if path not in (("kind",), ("metadata",)):
            put(item, path, copy.deepcopy(choice.choice(ODD)))
    return found


def review(before: list[Object], after: list[Object]) -> Review:
    sides = [leave_out_unsound({"models/m": items}, {"models/m": "custom/prod/models/m"}) for items in (before, after)]
    facts = Facts(pools=(Pool("p", "nvidia.com/gpu", 16, 8, {"a": "b"}),))
    changes = compare(sides[0].units, sides[1].units)
    changes = with_unread(changes, sides[1].units, (sides[0].unread, sides[1].unread))
    old, new = (side.units["models/m"] for side in sides)
    return Review("a" * 40, "b" * 40, {"prod": assess(changes, old, new, facts, facts, date(2026, 11, 28))})


@pytest.mark.parametrize("seed", range(4))
def test_no_object_ends_a_review(seed: int) -> None:
    choice = random.Random(seed)
    for _ in range(40):
        odd, plain = spoilt(choice), objects()
        pair = (plain, odd) if choice.random() < 0.6 else (odd, plain)
        found = review(*pair)
        for format in REVIEW_FORMATS:
            assert render_review(found, format)


@pytest.mark.parametrize("kind", ["Job", "RayService", "LeaderWorkerSet", "StatefulSet", "RayCluster", "Deployment"])
@pytest.mark.parametrize("value", [None, "x", 1, ["x"], [], {}], ids=repr)
def test_an_object_whose_parts_are_something_else_ends_no_review(kind: str, value: Any) -> None:
    """Each part of the spec in turn, and the spec itself, with objects of a version that no schema is known of too."""
    for part in (
        ("spec",),
        *(("spec", name) for name in next(each for each in objects() if each["kind"] == kind)["spec"]),
    ):
        for version in (None, "unknown.io/v1"):
            odd = objects()
            (item,) = (each for each in odd if each["kind"] == kind)
            put(item, part, value)
            item["apiVersion"] = version or item["apiVersion"]
            for pair in ((objects(), odd), (odd, objects())):
                assert render_review(review(*pair), "json")


def test_what_is_sound_stays_as_it_is() -> None:
    for item in objects():
        assert sound(item) == (item, [])
        assert sound(item)[0] is item


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("spec", "replicas"), "3", "`replicas` is a whole number, not text"),
        (("spec", "replicas"), 2**31, "`replicas` is a whole number of 32 bits: up to 2147483647"),
        (("spec", "template", "spec", "terminationGracePeriodSeconds"), 2**63,
         "`terminationGracePeriodSeconds` is a whole number of 64 bits: up to 9223372036854775807"),
        (("spec", "replicas"), 1.5, "`replicas` is a whole number, not a number"),
        (("spec", "template", "spec", "containers"), {}, "`containers` is a list, not a map"),
        (("spec", "template", "spec", "containers", 0, "env", 0), "A=b", "`env` is a map, not text"),
        (("spec", "replica"), 1, "`replica` is no field of this type"),
        (("metadata", "labels", "app"), 1, "`app` is text, not a number"),
        (("metadata", "annotations"), ["a"], "`annotations` is a map, not a list"),
        (("spec", "strategy", "rollingUpdate", "maxSurge"), 1.5, "`maxSurge` is text or a whole number, not a number"),
        (("spec", "template", "spec", "containers", 0, "resources", "limits", "nvidia.com/gpu"), float("inf"),
         "`nvidia.com/gpu` is no number that JSON can hold"),
    ],
)  # fmt: skip
def test_a_field_of_another_type_is_left_out_and_named(path: Path, value: Any, message: str) -> None:
    item = objects()[0]
    put(item, path, value)
    read, problems = sound(item)
    assert [(problem.route, problem.message) for problem in problems] == [(path, message)]
    assert read is not None
    assert path not in set(paths(read)) or isinstance(path[-1], int)
    assert sound(read) == (read, [])


@pytest.mark.parametrize(
    ("path", "stored"),
    [
        (("spec", "replicas"), None),
        (("spec", "template", "metadata", "labels", "app"), ""),
        (("spec", "template", "spec", "containers", 0, "args", 0), ""),
    ],
)
def test_null_is_what_go_decodes(path: Path, stored: Any) -> None:
    """Absent for a field, empty in a map of texts and in a list (encoding/json, `Unmarshal`)."""
    item = objects()[0]
    put(item, path, None)
    read, problems = sound(item)
    assert problems == []
    found = set(paths(read))
    assert (path in found) is (stored is not None)


def test_an_object_of_another_version_is_held_against_the_version_that_is_known() -> None:
    item = made("Deployment", "apps/v1beta9", spec={"replicas": "3"})
    assert [problem.route for problem in sound(item)[1]] == [("spec", "replicas")]
    assert schemas.versions_of("1.34", "Deployment") == ("apps/v1",)


@pytest.mark.parametrize(
    "item", [None, [], "x", {}, {"kind": "Pod"}, {"apiVersion": "v1", "kind": "Pod", "metadata": []}]
)
def test_what_is_no_object_is_left_out_whole(item: Any) -> None:
    read, problems = sound(item)
    assert read is None
    assert problems


def test_more_pods_than_can_be_played_are_counted_and_not_judged() -> None:
    before, after = objects()[:1], objects()[:1]
    after[0]["spec"]["replicas"] = 10**7
    environment = review(before, after).environments["prod"]
    assert [(pool.before, pool.after, pool.capacity, pool.certain) for pool in environment.gpus] == [
        (2, 10**7, 16, True)
    ]
    assert [(rollout.replicas, rollout.seconds, rollout.min_ready) for rollout in environment.rollouts] == [
        (10**7, None, None)
    ]
    assert environment.seconds is None
    assert [finding.id for finding in environment.findings] == ["too-many-pods"]
    assert "gpu-shortage" in {risk.id for risk in environment.risks}


def test_the_pods_of_a_huge_group_are_not_told_apart() -> None:
    before, after = objects()[5:6], objects()[5:6]
    after[0]["spec"]["leaderWorkerTemplate"]["size"] = 2**31 - 1
    environment = review(before, after).environments["prod"]
    assert [(pool.after, pool.certain) for pool in environment.gpus] == [(2**31 - 1, True)]
    assert [finding.id for finding in environment.findings] == ["too-many-pods"]


def test_a_kind_of_another_group_has_fields_of_its_own() -> None:
    """Knative's Service holds pods where Kubernetes' own has a selector: nothing of it is too much."""
    template = {"spec": {"containers": [{"image": "a"}]}}
    item = {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "x"}}
    assert sound(item | {"spec": {"template": template}})[1] == []
    assert sound(item | {"apiVersion": "v1", "spec": {"template": template}})[1] != []
