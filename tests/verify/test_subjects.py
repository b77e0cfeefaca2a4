"""Whose a pod is: by its owner and its labels, those of groups and of Ray too."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from llmstack.observed.pods import read_pod
from llmstack.verify.subjects import Key, owner_of


def pod(labels: Mapping[str, str], owner: tuple[str, str] | None) -> Any:
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    metadata = {"name": "p", "namespace": "llm", "labels": dict(labels), "ownerReferences": owners}
    return read_pod({"kind": "Pod", "metadata": metadata, "spec": {"containers": []}})


GROUP = {"leaderworkerset.sigs.k8s.io/name": "llama", "leaderworkerset.sigs.k8s.io/group-index": "1"}
RAY = {"ray.io/cluster": "llama-raycluster-x7"}
SERVICE = {**RAY, "ray.io/originated-from-cr-name": "llama", "ray.io/originated-from-crd": "RayService"}


@pytest.mark.parametrize(
    ("labels", "owner", "expected"),
    [
        ({"pod-template-hash": "6f7"}, ("ReplicaSet", "llama-6f7"), (("Deployment", "llm", "llama"), "p")),
        ({}, ("ReplicaSet", "seen-6f7"), (("Deployment", "llm", "seen"), "p")),
        ({}, ("ReplicaSet", "unseen-6f7"), None),
        ({}, ("StatefulSet", "llama"), (("StatefulSet", "llm", "llama"), "p")),
        (GROUP, ("StatefulSet", "llama-1"), (("LeaderWorkerSet", "llm", "llama"), "1")),
        (RAY, ("RayCluster", "llama-raycluster-x7"), (("RayCluster", "llm", "llama-raycluster-x7"), "")),
        (SERVICE, ("RayCluster", "llama-raycluster-x7"), (("RayService", "llm", "llama"), "")),
        ({}, None, (("Pod", "llm", "p"), "p")),
    ],
)
def test_whose_a_pod_is(
    labels: Mapping[str, str], owner: tuple[str, str] | None, expected: tuple[Key, str] | None
) -> None:
    assert owner_of(pod(labels, owner), {("llm", "seen-6f7"): "seen"}) == expected
