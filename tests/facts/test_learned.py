"""What is learned of a cluster: groups, others' GPUs, load times, versions; and what is not."""

from __future__ import annotations

import random
from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmstack.facts.cluster import ClusterFacts, Load, PriorityClass, StorageClass
from llmstack.facts.cluster_file import read_cluster, write_cluster
from llmstack.facts.learned import PoolName, learn_cluster
from llmstack.facts.release import Release
from llmstack.observed.observation import observe
from llmstack.observed.things import Taint
from tests.observed.support import Object, event, listed, meta, node, pod, seen, source

OURS = Release("llm", "llmstack")
ENGINE = {
    "app.kubernetes.io/instance": "llmstack", "app.kubernetes.io/component": "engine",
    "app.kubernetes.io/name": "llama-8b",
}  # fmt: skip


def learn(*objects: Object, **options: Any) -> ClusterFacts:
    return learn_cluster(seen(*objects), [OURS], at=date(2026, 11, 20), **options)


def engine(name: str, load: int | None = None, **more: Any) -> Object:
    return pod(f"llmstack-{name}", on="n1", load=load, labels=ENGINE, **more)


def test_nodes_that_are_alike_are_a_group() -> None:
    taint = {"key": "nvidia.com/gpu", "effect": "NoSchedule"}
    passing = {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}
    facts = learn(
        node("n1"),
        node("n2", taints=[passing], unschedulable=True),
        node("n3", taints=[taint]),
        node("c1", 0, labels={}),
    )
    assert [(each.name, each.count, each.cordoned, each.taints) for each in facts.nodes] == [
        ("h100", 2, 1, ()), ("h100-2", 1, 0, (Taint("nvidia.com/gpu", "NoSchedule"),)), ("cpu", 1, 0, ()),
    ]  # fmt: skip
    assert facts.nodes[0].allocatable == {"cpu": "95", "memory": "700Gi", "nvidia.com/gpu": 8}
    assert facts.nodes[0].nodes == (8,)


def test_nodes_that_differ_by_a_taint_alone_are_of_two_groups() -> None:
    taints = [{"key": "dedicated", "value": each, "effect": "NoSchedule"} for each in ("training", "serving")]
    groups = learn(*(node(f"n{number}", taints=[each]) for number, each in enumerate(taints))).nodes
    assert [(each.name, each.taints[0].value) for each in groups] == [("h100", "serving"), ("h100-2", "training")]


def test_more_gpus_than_any_machine_has_are_no_number() -> None:
    wild = node("n1", 10**18)
    facts = learn(wild)
    assert facts.nodes[0].gpu is None
    assert read_cluster(write_cluster("c", facts)) == facts


def test_a_node_that_is_not_ready_takes_no_pod() -> None:
    lost = node("n2")
    lost["status"]["conditions"][0]["status"] = "Unknown"
    assert [(each.count, each.cordoned) for each in learn(node("n1"), lost).nodes] == [(2, 1)]


def test_nodes_of_other_sizes_are_of_other_groups_and_slight_differences_are_none() -> None:
    small, slight = node("n2"), node("n3")
    small["status"]["allocatable"]["memory"] = "100Gi"
    slight["status"]["allocatable"]["memory"] = "690Gi"
    groups = learn(node("n1"), small, slight).nodes
    assert [(each.count, each.allocatable["memory"]) for each in groups] == [(2, "690Gi"), (1, "100Gi")]


def test_labels_that_nobody_asks_for_are_left_out() -> None:
    labels = {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB", "kubernetes.io/hostname": "n1", "rack": "7", "id": "x"}
    [group] = learn(node("n1", labels=labels), labels=["rack", "kubernetes.io/hostname"]).nodes
    assert group.labels == {"nvidia.com/gpu.product": "NVIDIA-A100-SXM4-80GB", "rack": "7"}
    assert group.name == "a100"
    pools = [PoolName("big", {"rack": "7"}), PoolName("other", {"rack": "8"})]
    assert learn(node("n1", labels=labels), labels=["rack"], pools=pools).nodes[0].name == "big"


def test_other_tenants_are_counts_alone() -> None:
    facts = learn(
        node("n1"), node("n2"),
        engine("a"),
        pod("x", "secret-team", on="n1", gpus=4, priority=100),
        pod("y", "secret-team", on="n1", gpus=2),
        pod("done", "secret-team", on="n2", gpus=8, phase="Succeeded"),
        pod("waits", "secret-team", gpus=8, phase="Pending"),
    )  # fmt: skip
    [group] = facts.nodes
    assert group.free == {8: 1, 2: 1}
    assert group.priorities == {100: 4, 0: 2}
    assert "secret" not in write_cluster("prod", facts)


def test_what_is_our_own_is_told_by_namespace_and_label_or_name() -> None:
    theirs = pod("llmstack-x", "elsewhere", on="n1", gpus=1)
    labelled = pod("odd", on="n1", gpus=1, labels={"helm-release-name": "llmstack"})
    other = pod("job", on="n1", gpus=4)
    neighbour = pod("llmstack-b-x", on="n1", gpus=1, labels={"app.kubernetes.io/instance": "llmstack-b"})
    plain = pod("llmstack-router-x", on="n1", gpus=1)
    [group] = learn(node("n1"), theirs, labelled, other, neighbour, plain, engine("a")).nodes
    assert group.free == {2: 1}


def test_load_times_by_model_and_image() -> None:
    facts = learn(
        node("n1"),
        *(engine(f"a{number}", load) for number, load in enumerate((300, 340, 410))),
        engine("b", 100, image="vllm/vllm-openai:v0.12.0"),
        engine("again", 20, restarts=2),
        engine("late", 3000),
        engine("waits"),
    )
    assert facts.loads == (
        Load("llama-8b", "vllm/vllm-openai:v0.11.2", 340, 410, 3),
        Load("llama-8b", "vllm/vllm-openai:v0.12.0", 100, 100, 1),
    )


def test_a_recording_shows_the_first_time_that_a_pod_was_ready() -> None:
    first, again = engine("a", 200, version=5), engine("a", 2000, version=9)
    for each in (first, again):
        each["metadata"]["uid"] = "u1"
    recording = event("ADDED", first) + event("MODIFIED", again) + event("DELETED", again)
    facts = learn_cluster(observe([source(recording)]), [OURS], at=date(2026, 11, 20))
    assert [(each.median, each.of) for each in facts.loads] == [(200, 1)]


def test_versions_classes_and_what_exists() -> None:
    def controller(name: str, image: str, *args: str, **labels: str) -> Object:
        spec = {"template": {"spec": {"containers": [{"name": "manager", "image": image, "args": list(args)}]}}}
        return {**meta("Deployment", name, "system", labels=dict(labels)), "spec": spec}

    default = {"storageclass.kubernetes.io/is-default-class": "true"}
    facts = learn(
        node("n1"),
        controller(
            "kustomize-controller", "ghcr.io/fluxcd/kustomize-controller:v1.7.0", "--concurrent", "12",
            **{"app.kubernetes.io/version": "v2.9.1"},
        ),
        controller("keda-operator", "ghcr.io/kedacore/keda:2.18.1"),
        controller("argocd-server", "registry.example.com:5000/argoproj/argocd:v3.2.0@sha256:abc"),
        {**meta("StorageClass", "fast", annotations=default), "allowVolumeExpansion": True},
        meta("StorageClass", "slow"),
        meta("RuntimeClass", "nvidia"),
        {**meta("PriorityClass", "high"), "value": 1000, "preemptionPolicy": "Never"},
        {**meta("PriorityClass", "system-node-critical"), "value": 2000001000},
        {**meta("PersistentVolumeClaim", "weights", "llm"), "spec": {"accessModes": ["ReadWriteOnce"]}},
        {**meta("PersistentVolumeClaim", "llmstack-own", "llm"), "spec": {"accessModes": ["ReadWriteOnce"]}},
        meta("PersistentVolumeClaim", "theirs", "elsewhere"),
    )  # fmt: skip
    assert facts.versions == {"argo": "3.2", "flux": "2.9", "keda": "2.18", "kubernetes": "1.34"}
    assert facts.concurrent == 12
    assert facts.storage_classes == (StorageClass("fast", True, True), StorageClass("slow", False, False))
    assert facts.priority_classes == (PriorityClass("high", 1000, default=False, preempts=False),)
    names = ("high", "system-node-critical")
    claims = ("llm/llmstack-own", "llm/weights")
    assert facts.exists == {"claims": claims, "priorityClasses": names, "runtimeClasses": ("nvidia",)}
    assert facts.claim_modes == {"llm/weights": ("ReadWriteOnce",)}


def test_the_groups_of_a_cluster_are_those_that_somebody_defined() -> None:
    managed = "kube-aggregator.kubernetes.io/automanaged"
    facts = learn(
        meta("APIService", "v1.apps", labels={managed: "onstart"}),
        meta("APIService", "v1alpha1.keda.sh", labels={managed: "true"}),
        meta("APIService", "v1beta1.metrics.k8s.io"),
    )
    assert facts.exists == {"apiServices": ("v1alpha1.keda.sh", "v1beta1.metrics.k8s.io")}


def test_a_kind_that_was_not_seen_is_not_known() -> None:
    facts = learn(node("n1"))
    assert facts.storage_classes is None
    assert facts.concurrent is None
    assert facts.exists == {}


@given(st.randoms(use_true_random=False))
def test_the_same_input_in_any_order_gives_the_same_bytes(shuffled: random.Random) -> None:
    objects = [node(f"n{number}", version=number + 1) for number in range(3)] + [node("c1", 0, labels={})]
    objects += [engine(f"a{number}", 10 * number, version=20 + number) for number in range(4)]
    objects += [pod(f"o{number}", "team", on=f"n{number}", gpus=number, version=40) for number in range(3)]
    objects += [meta("RuntimeClass", name) for name in ("nvidia", "kata")]
    mixed = list(objects)
    shuffled.shuffle(mixed)
    texts = [listed(each) for each in (objects, mixed)]
    facts = [learn_cluster(observe([source(text)]), [OURS], at=date(2026, 11, 20)) for text in texts]
    assert write_cluster("prod", facts[0]) == write_cluster("prod", facts[1])
