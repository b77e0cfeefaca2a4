"""Fields that a sync tool leaves as they are in the cluster."""

from __future__ import annotations

from typing import Any

import pytest

from llmstack.sync.ignored import left_as_it_is


def deployment(image: str = "a", replicas: int | None = 2) -> dict[str, Any]:
    containers = [{"name": "c", "image": image}, {"name": "d", "image": image}]
    spec = {"template": {"spec": {"containers": containers}}, **({} if replicas is None else {"replicas": replicas})}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "x", "namespace": "llm"}, "spec": spec}


def rule(**fields: Any) -> dict[str, Any]:
    return {"group": "apps", "kind": "Deployment", **fields}


REPLICAS = ["/spec/replicas"]
IMAGES = [".spec.template.spec.containers[].image"]
WANTED = deployment("b", 4)

CASES: dict[str, tuple[dict[str, Any], dict[str, Any], dict[str, Any]]] = {
    "replicas": (rule(jsonPointers=REPLICAS), WANTED, deployment("b", 2)),
    "replicas that it does not state": (rule(jsonPointers=REPLICAS), deployment("b", None), deployment("b", None)),
    "images": (rule(jqPathExpressions=IMAGES), WANTED, deployment("a", 4)),
    "every kind": (rule(group="*", kind="*", jsonPointers=REPLICAS), WANTED, deployment("b", 2)),
    "another kind": (rule(kind="StatefulSet", jsonPointers=REPLICAS), WANTED, WANTED),
    "another group": (rule(group="", jsonPointers=REPLICAS), WANTED, WANTED),
    "another name": (rule(name="y", jsonPointers=REPLICAS), WANTED, WANTED),
    "its name": (rule(name="x", namespace="llm", jsonPointers=REPLICAS), WANTED, deployment("b", 2)),
    "an expression that is not read": (rule(jqPathExpressions=["select(.a)"]), WANTED, WANTED),
    "of Flux": ({"paths": REPLICAS, "target": {"kind": "Deployment", "group": "apps"}}, WANTED, deployment("b", 2)),
    "of Flux, every object": ({"paths": REPLICAS}, WANTED, deployment("b", 2)),
    "of Flux, another name": ({"paths": REPLICAS, "target": {"name": "y"}}, WANTED, WANTED),
    "of Flux, by what is not read": ({"paths": REPLICAS, "target": {"labelSelector": "a in (b)"}}, WANTED, WANTED),
    "managers": (rule(managedFieldsManagers=["kube-controller-manager"]), WANTED, WANTED),
    "the first image": (
        rule(jsonPointers=["/spec/template/spec/containers/0/image"]),
        deployment("b"),
        {**deployment(), "spec": {"replicas": 2, "template": {"spec": {"containers": [
            {"name": "c", "image": "a"}, {"name": "d", "image": "b"}]}}}},
    ),
}  # fmt: skip


@pytest.mark.parametrize(("rule", "wanted", "applied"), CASES.values(), ids=CASES)
def test_left(rule: dict[str, Any], wanted: dict[str, Any], applied: dict[str, Any]) -> None:
    assert left_as_it_is(deployment(), wanted, [rule]) == applied
