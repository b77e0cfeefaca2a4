"""Data that goes with something else: claims of replicas, objects of a definition; and what moves to a namespace."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

Make = Callable[..., Any]
Object = dict[str, Any]
CLAIMS = [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}]


def stateful(deployment: Make, replicas: int, claims: Any = CLAIMS, **policy: str) -> Object:
    made = deployment(replicas=replicas, surge=0, unavailable=1, volumeClaimTemplates=claims)
    made["spec"]["persistentVolumeClaimRetentionPolicy"] = policy
    return {**made, "kind": "StatefulSet"}


CASES: dict[str, tuple[dict[str, Any], dict[str, Any] | None, str | None]] = {
    "fewer, deleted": ({}, {"replicas": 1, "whenScaled": "Delete"}, "the claims of 2 replicas"),
    "fewer, kept": ({}, {"replicas": 1, "whenDeleted": "Delete"}, None),
    "more": ({}, {"replicas": 5, "whenScaled": "Delete"}, None),
    "all, deleted": ({"whenDeleted": "Delete"}, None, "the claims of 3 replicas"),
    "all, kept": ({"whenScaled": "Delete"}, None, None),
    "no claims": ({"claims": [], "whenDeleted": "Delete"}, None, None),
}


@pytest.mark.parametrize(("before", "after", "said"), CASES.values(), ids=CASES)
def test_claims_of_replicas_that_go(
    before: Any, after: Any, said: str | None, deployment: Make, compared: Make
) -> None:
    old = stateful(deployment, **{"replicas": 3, **before})
    new = [] if after is None else [stateful(deployment, **after)]
    found = told(compared([old], new), "data-loss")
    assert [severity for severity, _, _ in found] == ([] if said is None else ["error"])
    assert said is None or said in found[0][2]


def definition(**annotations: str) -> Object:
    metadata = {"name": "foos.example.com", "annotations": annotations}
    spec = {"group": "example.com", "names": {"kind": "Foo", "plural": "foos"}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": metadata,
        "spec": spec,
    }


def test_the_objects_of_a_definition_that_goes(compared: Make) -> None:
    [(severity, subject, message)] = told(compared([definition()], []), "data-loss")
    assert (severity, subject) == ("error", "CustomResourceDefinition/foos.example.com")
    assert "every `Foo`" in message
    assert told(compared([definition(**{"kustomize.toolkit.fluxcd.io/prune": "disabled"})], []), "data-loss") == []


def volume(policy: str | None) -> Object:
    spec = {} if policy is None else {"persistentVolumeReclaimPolicy": policy}
    return {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": spec}


@pytest.mark.parametrize(
    ("old", "new", "told_of"), [("Retain", "Delete", 1), (None, "Delete", 1), ("Delete", "Retain", 0)]
)
def test_a_volume_that_is_reclaimed_from_now_on(old: Any, new: Any, told_of: int, compared: Make) -> None:
    found = told(compared([volume(old)], [volume(new)]), "data-loss")
    assert [severity for severity, _, _ in found] == ["warning"] * told_of


def test_a_workload_of_no_model_that_moves(deployment: Make, compared: Make) -> None:
    pair = [deployment("job-board", surge=0, unavailable=1) for _ in range(2)]
    for obj, namespace in zip(pair, ("llm", "other"), strict=True):
        obj["metadata"] |= {"namespace": namespace, "labels": {}}
        obj["spec"]["template"]["metadata"] = {"labels": {"app": "a"}}
        obj["spec"]["selector"] = {"matchLabels": {"app": "a"}}
    [(severity, subject, message)] = told(compared(pair[:1], pair[1:]), "outage")
    assert (severity, subject) == ("warning", "Deployment/job-board")
    assert "it moves from namespace `llm` to `other`" in message
    assert told(compared(pair[:1], pair), "outage") == []


def test_a_workload_that_becomes_another_kind(deployment: Make, compared: Make) -> None:
    old, other = (deployment("board", surge=0, unavailable=1) for _ in range(2))
    for obj in (old, other):
        obj["metadata"]["labels"] = {}
        obj["spec"]["template"]["metadata"] = {"labels": {"app": "a"}}
        obj["spec"]["selector"] = {"matchLabels": {"app": "a"}}
    new = {**other, "kind": "StatefulSet"}
    found = compared([old], [new])
    assert told(found, "removal") == []
    [(_, subject, message)] = told(found, "outage")
    assert subject == "StatefulSet/board"
    assert "it takes the place of Deployment/board" in message
    beside = compared([old, new], [new])
    assert [subject for _, subject, _ in told(beside, "removal")] == ["Deployment/board"]


def custom(kind: str = "InferenceService", gpus: int = 4, image: str = "a") -> Object:
    container = {"name": "c", "image": image, "resources": {"limits": {"nvidia.com/gpu": gpus}}}
    return {
        "apiVersion": "a.example.com/v1",
        "kind": kind,
        "metadata": {"name": "x"},
        "spec": {"containers": [container]},
    }


@pytest.mark.parametrize(
    ("before", "after", "count"),
    [
        ([], [custom()], 1),
        ([custom()], [custom(image="b")], 1),
        ([custom()], [{**custom(), "metadata": {"name": "x", "labels": {"a": "b"}}}], 0),
        ([custom()], [], 0),
        ([], [custom(gpus=0)], 0),
        ([], [custom("ServingRuntime")], 0),
    ],
)
def test_pods_whose_number_only_a_controller_knows(before: Any, after: Any, count: int, compared: Make) -> None:
    assert [severity for severity, _, _ in told(compared(before, after), "not-judged")] == ["note"] * count


def made(namespace: str) -> Object:
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}


def placed(deployment: Make, namespace: str) -> Object:
    obj = deployment(surge=0, unavailable=1)
    obj["metadata"]["namespace"] = namespace
    return obj


@pytest.mark.parametrize(
    ("namespace", "beside", "is_told"), [("ai", [], True), ("ai", [made("ai")], False), ("llm", [], False)]
)
def test_a_namespace_that_nothing_makes(
    namespace: str, beside: list[Any], is_told: bool, deployment: Make, compared: Make
) -> None:
    found = compared([placed(deployment, "llm")], [placed(deployment, namespace), *beside])
    assert [subject for _, subject, _ in told(found, "not-judged")] == ["Namespace/ai"] * is_told
    assert told(compared([], [placed(deployment, namespace)]), "not-judged") == []
