"""Devices that nodes offer to claims (DRA): what is learned of a real API server and scheduler decides right."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any

from llmstack.facts.asking import READ, READ_WHERE_THERE, kubectl_command
from llmstack.facts.asking import rbac as rbac_manifests
from llmstack.facts.cluster import Devices
from llmstack.facts.learned import learn_cluster
from llmstack.facts.release import Release
from llmstack.observed.documents import Source
from llmstack.observed.observation import observe
from llmstack.review.assess import assess
from llmstack.review.capacity import gpu_pods, know_pools
from llmstack.review.compare import compare
from llmstack.review.facts import Facts
from tests.cluster.check_facts import READER
from tests.cluster.kubectl import Kubectl, Object, is_rolled_out, namespace, wait_until
from tests.cluster.nodes import GPU, gpu_node, nodes
from tests.cluster.scenarios import POOL

DRIVER, CARD, OURS = "gpu.nvidia.com", "NVIDIA H100 80GB HBM3", "devices"
DAY = date(2026, 11, 20)
API = {"apiVersion": "resource.k8s.io/v1"}
CLASS = {
    **API,
    "kind": "DeviceClass",
    "metadata": {"name": DRIVER},
    "spec": {
        "selectors": [
            {"cel": {"expression": f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == 'gpu'"}}
        ]
    },
}
NODES = ("devices-a", "devices-b")


def machine(name: str) -> Object:
    """A node that counts no GPU as a resource."""
    node = gpu_node(name, 0, {POOL: "devices"})
    for amounts in node["status"].values():
        amounts.pop(GPU, None)
    return node


def resource_slice(name: str) -> Object:
    attributes = {"type": {"string": "gpu"}, "productName": {"string": CARD}}
    devices = [{"name": f"gpu-{number}", "attributes": attributes} for number in range(4)]
    pool = {"name": name, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": DRIVER, "nodeName": name, "pool": pool, "devices": devices}
    return {**API, "kind": "ResourceSlice", "metadata": {"name": name}, "spec": spec}


def template(where: str, count: int) -> Object:
    request = {"name": "gpu", "exactly": {"deviceClassName": DRIVER, "count": count}}
    spec = {"spec": {"devices": {"requests": [request]}}}
    return {**API, "kind": "ResourceClaimTemplate", "metadata": {"name": "gpu", "namespace": where}, "spec": spec}


def workload(name: str, where: str, replicas: int) -> Object:
    labels = {"app.kubernetes.io/instance": name, "app.kubernetes.io/name": name}
    container = {"name": "vllm", "image": "vllm:v1", "resources": {"claims": [{"name": "gpu"}]}}
    pod = {
        "containers": [container],
        "resourceClaims": [{"name": "gpu", "resourceClaimTemplateName": "gpu"}],
        "nodeSelector": {POOL: "devices"},
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": where, "labels": labels},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def learned(kubectl: Kubectl) -> Any:
    """What the commands that `learn cluster` prints show to the user who may read."""
    kinds = {group: names for group, names in READ_WHERE_THERE.items() if group == "resource.k8s.io"}
    commands = [kubectl_command(READ, "-"), kubectl_command(kinds, "-")]
    printed = [kubectl(*READER, *shlex.split(each.partition(" > ")[0])[1:]) for each in commands]
    seen = observe(Source(f"{number}.json", io.StringIO(text).read) for number, text in enumerate(printed))
    assert not seen.findings
    return learn_cluster(seen, [Release(OURS, "llama")], at=DAY, labels=[POOL])


def foreseen(known: Any, replicas: int) -> set[str]:
    """The risks of a scale-up from two replicas."""
    before, after = ([workload("llama", OURS, number), template(OURS, 2)] for number in (2, replicas))
    facts = Facts(pools=know_pools((), known, gpu_pods(after)), cluster=known)
    found = assess(compare({"m": before}, {"m": after}), before, after, facts, facts, DAY)
    assert all(row.deadlock is not None for row in found.gpus)
    return {risk.id for risk in found.risks if risk.severity == "error"}


@contextmanager
def cluster(kubectl: Kubectl) -> Iterator[None]:
    """Two nodes of four devices each, of which another tenant holds one."""
    slices = [resource_slice(name) for name in NODES]
    with (
        nodes(kubectl, *map(machine, NODES)),
        kubectl.holding(namespace(OURS), namespace("somebody"), CLASS, *slices, *rbac_manifests()),
    ):
        kubectl.apply([template("somebody", 1), workload("job", "somebody", 1)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", "somebody"))), "the tenant")
        kubectl.apply([template(OURS, 2), workload("llama", OURS, 2)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", OURS))), "the first replicas")
        yield


def test_claims_are_counted_as_the_scheduler_counts_them(kubectl: Kubectl) -> None:
    with cluster(kubectl):
        known = learned(kubectl)
        [group] = [each for each in known.nodes if each.labels.get(POOL) == "devices"]
        assert group.devices == (Devices(DRIVER, CARD, 4, (DRIVER,), DRIVER),)
        assert dict(group.free) == {4: 1, 3: 1}
        assert foreseen(known, 3) == set()
        assert "gpu-shortage" in foreseen(known, 4)
        kubectl.apply([workload("llama", OURS, 3)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", OURS))), "three replicas")
        kubectl.apply([workload("llama", OURS, 4)])
        wait_until(lambda: len(kubectl.items("pods", OURS)) == 4, "the fourth pod")
        [last] = [pod for pod in kubectl.items("pods", OURS) if not pod["spec"].get("nodeName")]
        assert wait_until(
            lambda: (
                "cannot allocate all claims"
                in kubectl("get", "pod", last["metadata"]["name"], "-n", OURS, "-o", "json")
            ),
            "the scheduler",
        )
