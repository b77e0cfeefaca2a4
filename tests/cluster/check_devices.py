"""Devices that nodes offer to claims (DRA): what is learned of a real API server and scheduler decides right."""

from __future__ import annotations

import io
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

import pytest

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
OTHER = "NVIDIA A100-SXM4-40GB"
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


def machine(name: str) -> Object:
    """A node that counts no GPU as a resource."""
    node = gpu_node(name, 0, {POOL: "devices"})
    for amounts in node["status"].values():
        amounts.pop(GPU, None)
    return node


def resource_slice(name: str, card: str = CARD, memory: str = "80Gi") -> Object:
    attributes = {"type": {"string": "gpu"}, "productName": {"string": card}}
    device = {"attributes": attributes, "capacity": {"memory": {"value": memory}}}
    devices = [{"name": f"gpu-{number}", **device} for number in range(4)]
    pool = {"name": name, "generation": 1, "resourceSliceCount": 1}
    spec = {"driver": DRIVER, "nodeName": name, "pool": pool, "devices": devices}
    return {**API, "kind": "ResourceSlice", "metadata": {"name": name}, "spec": spec}


def template(where: str, count: int, *expressions: str) -> Object:
    selectors = [{"cel": {"expression": each}} for each in expressions]
    exactly = {"deviceClassName": DRIVER, "count": count, **({"selectors": selectors} if selectors else {})}
    request = {"name": "gpu", "exactly": exactly}
    spec = {"spec": {"devices": {"requests": [request]}}}
    return {**API, "kind": "ResourceClaimTemplate", "metadata": {"name": "gpu", "namespace": where}, "spec": spec}


def of_product(card: str) -> str:
    return f"device.attributes['{DRIVER}'].productName == '{card}'"


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


def foreseen(known: Any, replicas: int, *expressions: str) -> set[str]:
    """The risks of a scale-up from two replicas, or from one where claims select."""
    was = 1 if expressions else 2
    before, after = ([workload("llama", OURS, number), template(OURS, 2, *expressions)] for number in (was, replicas))
    facts = Facts(pools=know_pools((), known, gpu_pods(after)), cluster=known)
    found = assess(compare({"m": before}, {"m": after}), before, after, facts, facts, DAY)
    assert all(row.deadlock is not None for row in found.gpus)
    return {risk.id for risk in found.risks if risk.severity == "error"}


@contextmanager
def cluster(kubectl: Kubectl, slices: Sequence[Object], replicas: int, *expressions: str) -> Iterator[None]:
    """A node of four devices for each slice, another tenant who holds a `CARD`, and our first replicas."""
    machines = [machine(each["spec"]["nodeName"]) for each in slices]
    with (
        nodes(kubectl, *machines),
        kubectl.holding(namespace(OURS), namespace("somebody"), CLASS, *slices, *rbac_manifests()),
    ):
        kubectl.apply([template("somebody", 1, of_product(CARD)), workload("job", "somebody", 1)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", "somebody"))), "the tenant")
        kubectl.apply([template(OURS, 2, *expressions), workload("llama", OURS, replicas)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", OURS))), "the first replicas")
        yield


def test_claims_are_counted_as_the_scheduler_counts_them(kubectl: Kubectl) -> None:
    with cluster(kubectl, [resource_slice("devices-a"), resource_slice("devices-b")], 2):
        known = learned(kubectl)
        [group] = [each for each in known.nodes if each.labels.get(POOL) == "devices"]
        assert group.devices == (
            Devices(DRIVER, 4, (DRIVER,), DRIVER, (("productName", CARD), ("type", "gpu")), "80Gi"),
        )
        assert dict(group.free) == {4: 1, 3: 1}
        assert foreseen(known, 3) == set()
        assert "gpu-shortage" in foreseen(known, 4)
        kubectl.apply([workload("llama", OURS, 3)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", OURS))), "three replicas")
        kubectl.apply([workload("llama", OURS, 4)])
        wait_until(lambda: len(kubectl.items("pods", OURS)) == 4, "the fourth pod")
        assert_last_waits(kubectl)


def assert_last_waits(kubectl: Kubectl) -> None:
    """The scheduler says that one of our pods has no devices."""
    [last] = [pod for pod in kubectl.items("pods", OURS) if not pod["spec"].get("nodeName")]
    name = last["metadata"]["name"]
    said = "cannot allocate all claims"
    wait_until(lambda: said in kubectl("get", "pod", name, "-n", OURS, "-o", "json"), "the scheduler")


SELECTED = (
    of_product(OTHER),
    f"device.capacity['{DRIVER}'].memory.compareTo(quantity('60Gi')) < 0",
    f"device.capacity['{DRIVER}'].memory.isLessThan(quantity('60Gi'))",
)
"""Each selects the cards of one node of two."""


@pytest.mark.parametrize("expression", SELECTED)
def test_claims_that_select_are_counted_as_the_scheduler_counts_them(expression: str, kubectl: Kubectl) -> None:
    slices = [resource_slice("devices-a"), resource_slice("devices-b", OTHER, "40Gi")]
    with cluster(kubectl, slices, 1, expression):
        known = learned(kubectl)
        assert foreseen(known, 2, expression) == set()
        assert "gpu-shortage" in foreseen(known, 3, expression)
        kubectl.apply([workload("llama", OURS, 2)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", OURS))), "two replicas")
        kubectl.apply([workload("llama", OURS, 3)])
        wait_until(lambda: len(kubectl.items("pods", OURS)) == 3, "the third pod")
        assert_last_waits(kubectl)


def claim(name: str) -> Object:
    """Two devices, for all pods that name it."""
    wanted = {"requests": [{"name": "gpu", "exactly": {"deviceClassName": DRIVER, "count": 2}}]}
    metadata = {"name": name, "namespace": OURS}
    return {**API, "kind": "ResourceClaim", "metadata": metadata, "spec": {"devices": wanted}}


def sharing(name: str, replicas: int) -> Object:
    """A workload of our release all of whose pods name one claim, which is called as it is."""
    made = workload(name, OURS, replicas)
    labels = {"app.kubernetes.io/instance": "llama", "app.kubernetes.io/name": name}
    pods = made["spec"]["template"]
    pods["metadata"]["labels"] = made["metadata"]["labels"] = made["spec"]["selector"]["matchLabels"] = labels
    pods["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimName": name}]
    return made


def test_devices_that_pods_share_are_counted_once(kubectl: Kubectl) -> None:
    """Of four devices a tenant has one and a claim two: further pods of that claim run, and another claim's wait."""
    with cluster(kubectl, [resource_slice("devices-a")], 0):
        kubectl.apply([claim("one"), sharing("one", 1)])
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", OURS))), "the first pod")
        known, before = learned(kubectl), [claim("one"), sharing("one", 1)]

        def told(*after: Object) -> tuple[int, bool | None, set[str]]:
            """The devices that are taken then, whether the rollout may hang, and what is said of it."""
            facts = Facts(pools=know_pools((), known, gpu_pods(after)), cluster=known)
            found = assess(compare({"m": before}, {"m": after}), before, after, facts, facts, DAY)
            [row] = found.gpus
            return row.after, row.deadlock, {risk.id for risk in found.risks}

        more = [claim("one"), sharing("one", 3)]
        assert told(*more) == (2, False, set())
        assert told(*more, claim("two"), sharing("two", 1)) == (2, None, {"not-judged"})
        kubectl.apply(more)
        wait_until(lambda: all(map(is_rolled_out, kubectl.items("deployments", OURS))), "three pods of one claim")
        kubectl.apply([claim("two"), sharing("two", 1)])
        wait_until(lambda: len(kubectl.items("pods", OURS)) == 4, "the pod of the second claim")
        assert_last_waits(kubectl)
