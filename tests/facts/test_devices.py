"""Accelerators that nodes offer to claims (DRA): what is learned of them, and what a review makes of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from llmstack.facts.cluster import ClusterFacts, Devices
from llmstack.facts.cluster_file import read_cluster, write_cluster
from llmstack.facts.learned import learn_cluster
from llmstack.facts.release import Release
from llmstack.review.assess import assess
from llmstack.review.capacity import gpu_pods, know_pools
from llmstack.review.compare import compare
from llmstack.review.facts import Facts, Pool
from llmstack.review.result import EnvironmentReview
from tests.observed.support import Object, meta, node, pod, seen

DAY = date(2026, 11, 20)
DRIVER = "gpu.nvidia.com"
H100, A100 = "NVIDIA H100 80GB HBM3", "NVIDIA A100-SXM4-80GB"
HANGS = {"gpu-shortage", "gpu-deadlock", "rollout-stuck"}


def slice_of(name: str, count: int, *, product: str = H100, kind: str = "gpu", **more: Any) -> Object:
    attributes = {"type": {"string": kind}, "productName": {"string": product}}
    devices = [{"name": f"{kind}-{number}", "attributes": attributes} for number in range(count)]
    place = {"pool": {"name": name, "generation": 1, "resourceSliceCount": 1}, "nodeName": name}
    spec = {"driver": DRIVER, **place, "devices": devices, **more}
    return {**meta("ResourceSlice", f"{name}-{kind}-{spec['pool']['generation']}"), "spec": spec}


def device_class(name: str = DRIVER, expression: str | None = None, resource: str | None = None) -> Object:
    shipped = f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].type == 'gpu'"
    spec = {"selectors": [{"cel": {"expression": expression or shipped}}], "extendedResourceName": resource}
    return {**meta("DeviceClass", name), "spec": spec}


def by_product(product: str) -> str:
    return f"device.driver == '{DRIVER}' && device.attributes['{DRIVER}'].productName == '{product}'"


def tenant(name: str, on: str, gpus: int, first: int = 0, *, priority: int = 0, claim: bool = True) -> list[Object]:
    """Another one's pod, and the claim that was given the devices of a node from the `first` on."""
    one = pod(name, "research", on=on, gpus=0, priority=priority, version=50)
    one["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": "gpu"}]
    results = [{"driver": DRIVER, "pool": on, "device": f"gpu-{first + number}"} for number in range(gpus)]
    status = {
        "allocation": {"devices": {"results": results}},
        "reservedFor": [{"resource": "pods", "name": name}],
    }
    return [one, {**meta("ResourceClaim", f"{name}-gpu", "research"), "status": status}][: 1 + claim]


def empty(name: str, **spec: Any) -> Object:
    return node(name, 0, labels={}, **spec)


def learn(*objects: Object) -> ClusterFacts:
    facts = learn_cluster(seen(*objects), [Release("llm", "llmstack")], at=DAY)
    assert read_cluster(write_cluster("c", facts)) == facts
    return facts


def test_devices_of_a_node_group() -> None:
    [group] = learn(
        device_class(), empty("a"), empty("b"), slice_of("a", 8), slice_of("b", 8), *tenant("job", "b", 2, priority=5)
    ).nodes
    assert group.devices == (Devices(DRIVER, 8, (DRIVER,), DRIVER, (("productName", H100), ("type", "gpu"))),)
    assert (group.name, group.count, group.gpu, group.per_node) == ("h100", 2, DRIVER, 8)
    assert (group.nodes, group.priorities) == ((8, 6), {5: 2})


def test_where_a_node_counts_a_resource_claims_are_not_counted() -> None:
    [group] = learn(device_class(), node("a"), slice_of("a", 8)).nodes
    assert (group.devices, group.gpu) == ((), "nvidia.com/gpu")


def test_a_resource_that_stands_for_a_class() -> None:
    old, new = empty("a"), empty("a")
    new["status"]["nodeInfo"]["kubeletVersion"] = "v1.36.4"
    bridged = device_class(resource="nvidia.com/gpu")
    assert [learn(bridged, each, slice_of("a", 8)).nodes[0].gpu for each in (old, new)] == [DRIVER, "nvidia.com/gpu"]


def test_what_cannot_be_counted_is_not() -> None:
    unread = device_class(expression=f"device.attributes['{DRIVER}'].productName.matches('H100')")
    part = slice_of("a", 1)
    part["spec"]["devices"][0]["consumesCounters"] = [{"counterSet": "x"}]
    half = {"pool": {"name": "a", "generation": 1, "resourceSliceCount": 2}}
    unseen = tenant("job", "a", 2, claim=False)
    for objects in (
        [unread, slice_of("a", 8)],
        [device_class(), part],
        [device_class(), slice_of("a", 8, **half)],
        [device_class(), slice_of("a", 8, nodeName=None, allNodes=True)],
        [device_class(), slice_of("a", 8), *unseen],
        [slice_of("a", 8)],
    ):
        [group] = learn(empty("a"), *objects).nodes
        assert group.gpu is None
        assert not group.device_classes


def test_the_newest_generation_of_a_pool_counts_and_tainted_devices_do_not() -> None:
    newer = slice_of("a", 6, pool={"name": "a", "generation": 2, "resourceSliceCount": 1})
    newer["spec"]["devices"][0]["taints"] = [{"key": "gpu.nvidia.com/xid", "effect": "NoSchedule"}]
    [group] = learn(device_class(), empty("a"), slice_of("a", 8), newer).nodes
    assert group.per_node == 5


def test_devices_of_other_drivers_are_none_of_ours() -> None:
    fabric = {"driver": "compute-domain.nvidia.com"}
    [group] = learn(device_class(), empty("a"), slice_of("a", 8), slice_of("a", 2048, kind="channel", **fabric)).nodes
    assert [(each.driver, each.count) for each in group.devices] == [(DRIVER, 8)]


def template(count: int, name: str = DRIVER, **request: Any) -> Object:
    exact = {"deviceClassName": name, "count": count, **request}
    spec = {"devices": {"requests": [{"name": "gpu", "exactly": exact}]}}
    return {**meta("ResourceClaimTemplate", "gpu", "llm"), "spec": {"spec": spec}}


def deployment(replicas: int, image: str, surge: int) -> Object:
    labels = {"app.kubernetes.io/name": "llama", "app.kubernetes.io/component": "engine"}
    claims = [{"name": "gpu", "resourceClaimTemplateName": "gpu"}]
    container = {"name": "vllm", "image": image, "resources": {"claims": [{"name": "gpu"}]}}
    spec = {"containers": [container], "resourceClaims": claims}
    return {
        **meta("Deployment", "llama", "llm", labels=labels),
        "apiVersion": "apps/v1",
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "strategy": {"rollingUpdate": {"maxSurge": surge, "maxUnavailable": 1 - surge}},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def review(
    known: ClusterFacts | None, replicas: int, asked: Object, declared: tuple[Pool, ...] = ()
) -> EnvironmentReview:
    """A rollout of one pod over the replicas: each needs a place beside all others."""
    before, after = ([deployment(replicas, image, 1), asked] for image in ("v1", "v2"))
    facts = Facts(pools=know_pools(declared, known, gpu_pods(after)), load_seconds={"llama": 60}, cluster=known)
    return assess(compare({"models/llama": before}, {"models/llama": after}), before, after, facts, facts, DAY)


def hangs(found: EnvironmentReview) -> bool:
    return any(risk.id in HANGS and risk.severity == "error" for risk in found.risks)


@given(
    st.lists(st.tuples(st.sampled_from([4, 8]), st.integers(0, 4), st.booleans()), min_size=1, max_size=4),
    st.integers(1, 5),
    st.sampled_from([1, 2, 4]),
)
def test_claims_are_counted_against_what_nodes_offer(
    machines: list[tuple[int, int, bool]], replicas: int, gpus: int
) -> None:
    objects = [device_class()]
    for number, (size, held, cordoned) in enumerate(machines):
        name = f"n{number}"
        objects += [empty(name, version=number + 1, unschedulable=cordoned), slice_of(name, size)]
        objects += tenant(f"job-{number}", name, held) if held else []
    place = sum((size - held) // gpus for size, held, cordoned in machines if not cordoned)
    if replicas > place:
        return  # what runs there now is not where it would be placed
    found = review(learn(*objects), replicas, template(gpus))
    assert hangs(found) == (replicas + 1 > place), [(risk.id, risk.message) for risk in found.risks]


def test_a_class_of_one_product_has_the_nodes_of_that_product() -> None:
    objects = [
        device_class(), device_class("h100", by_product(H100)), device_class("a100", by_product(A100)),
        empty("a"), slice_of("a", 8), empty("b"), slice_of("b", 4, product=A100),
    ]  # fmt: skip
    known = learn(*objects)
    [h100] = [row for row in review(known, 1, template(2, "h100")).gpus if row.peak]
    [a100] = [row for row in review(known, 1, template(2, "a100")).gpus if row.peak]
    [both] = [row for row in review(known, 1, template(2)).gpus if row.peak]
    assert [(row.pool, row.capacity, row.peak, row.deadlock) for row in (h100, a100, both)] == [
        ("h100", 8, 4, False), ("a100", 4, 4, False), ("h100+a100", 12, 4, False),
    ]  # fmt: skip
    assert hangs(review(known, 1, template(3, "a100")))
    assert not hangs(review(known, 1, template(3, "h100")))


def test_a_claim_that_cannot_be_read_leaves_no_answer() -> None:
    known = learn(device_class(), empty("a"), slice_of("a", 2))
    matching = f"device.attributes['{DRIVER}'].productName.matches('H100')"
    for asked in (
        template(2, **selecting(matching)),
        template(2, **selecting(at_least("40Gi"))),
        template(2, "other"),
        template(2, allocationMode="All"),
    ):
        found = review(known, 1, asked)
        assert {row.deadlock for row in found.gpus} <= {None}
        assert [risk.id for risk in found.risks if risk.id == "not-judged"]
        assert not hangs(found)


def selecting(*expressions: str) -> dict[str, Any]:
    return {"selectors": [{"cel": {"expression": each}} for each in expressions]}


def at_least(memory: str) -> str:
    return f"device.capacity['{DRIVER}'].memory.compareTo(quantity('{memory}')) >= 0"


def of_memory(one: Object, memory: str) -> Object:
    for device in one["spec"]["devices"]:
        device["capacity"] = {"memory": {"value": memory}}
    return one


CARDS = {H100: "81559Mi", A100: "40Gi"}
ASKED = {
    "the product": (by_product(H100), {H100}),
    "one of two products": (f"device.attributes['{DRIVER}'].productName in ['{H100}', '{A100}']", {H100, A100}),
    "memory that one has": (at_least("79Gi"), {H100}),
    "memory that both have": (at_least("40Gi"), {H100, A100}),
    "less memory": (f"device.capacity['{DRIVER}'].memory.isLessThan(quantity('41Gi'))", {A100}),
    "both of it": (f"{by_product(A100)} && {at_least('40Gi')}", {A100}),
}


@given(
    st.lists(st.tuples(st.sampled_from(sorted(CARDS)), st.sampled_from([4, 8]), st.integers(0, 4)), min_size=1, max_size=4),
    st.sampled_from(sorted(ASKED)), st.integers(1, 5), st.sampled_from([1, 2, 4]),
)  # fmt: skip
def test_claims_that_select_are_counted_against_what_they_select(
    machines: list[tuple[str, int, int]], case: str, replicas: int, gpus: int
) -> None:
    expression, cards = ASKED[case]
    objects = [device_class()]
    for number, (card, size, held) in enumerate(machines):
        name = f"n{number}"
        objects += [empty(name, version=number + 1), of_memory(slice_of(name, size, product=card), CARDS[card])]
        objects += tenant(f"job-{number}", name, held) if held else []
    place = sum((size - held) // gpus for card, size, held in machines if card in cards)
    if replicas > place:
        return  # what runs there now is not where it would be placed
    found = review(learn(*objects), replicas, template(gpus, **selecting(expression)))
    assert hangs(found) == (replicas + 1 > place), [(risk.id, risk.message) for risk in found.risks]
    assert not [risk.id for risk in found.risks if risk.id == "not-judged"]


def test_what_claims_select_is_told_where_it_cannot_be_counted() -> None:
    known = learn(device_class(), empty("a"), slice_of("a", 2))
    found = review(known, 1, template(2, **selecting(at_least("40Gi"))))
    [told] = [risk.message for risk in found.risks if risk.id == "not-judged"]
    assert f"no pool counts `{DRIVER}` where `{at_least('40Gi')}`" in told


def test_a_class_of_which_a_node_has_several_sorts_is_not_counted() -> None:
    both = slice_of("a", 8)
    for device in both["spec"]["devices"][:2]:
        device["attributes"] = {"type": {"string": "gpu"}, "productName": {"string": A100}}
    known = learn(device_class(), device_class("h100", by_product(H100)), empty("a"), both)
    assert [row.deadlock for row in review(known, 1, template(8)).gpus if row.peak] == []
    [row] = [row for row in review(known, 1, template(3, "h100")).gpus if row.peak]
    assert (row.capacity, row.peak, row.deadlock) == (6, 6, False)
    assert [row.deadlock for row in review(known, 1, template(2, **selecting(by_product(A100)))).gpus if row.peak] == []


def test_a_pool_that_is_declared_by_its_class_has_the_nodes_that_offer_it() -> None:
    known = learn(device_class(), empty("a"), empty("b"), slice_of("a", 2), slice_of("b", 2), *tenant("job", "b", 1))
    declared = Pool("h100", "nvidia.com/gpu", 4, 2, device_classes=frozenset([DRIVER]))
    [row] = review(known, 1, template(2), (declared,)).gpus
    assert (row.capacity, row.peak, row.deadlock) == (3, 4, True)
