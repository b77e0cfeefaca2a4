"""Nodes that stand in the way of new pods: one that must hold them all, an even spread, and nodes of another label."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review_rollout.obstacles_found import HOST, Find, Make, Object, find, made

__all__ = ["find"]
"""The fixture."""


NAMED, BY_LABEL = {"nodeName": "n1"}, {"nodeSelector": {"kubernetes.io/hostname": "n1"}}
REJECTED = "the kubelet rejects the pod, again and again"


def pinned(needed: int, room: str = "8 GPUs", fate: str = REJECTED) -> list[tuple[str, str]]:
    said = f"all pods are on node `n1`, which has {room}, and {needed} are needed at a time: {fate}"
    return [(said, "always")]


@pytest.mark.parametrize(
    ("pod", "options", "found"),
    [
        (NAMED, {}, []),
        (NAMED, {"surge": 1}, pinned(12)),
        (NAMED, {"number": (3, 3)}, pinned(12)),
        (BY_LABEL, {"surge": 1}, pinned(12, fate="the pod stays Pending")),
        (NAMED, {"number": (2, 3), "images": "aa"}, pinned(12)),
        (NAMED, {"number": (3, 2), "images": "aa"}, []),
        (NAMED, {"number": (4, 3), "images": "aa"}, []),  # nothing comes
        (NAMED, {"gpus": 0, "surge": 1}, []),
        ({}, {"surge": 1}, []),
    ],
)
def test_pods_that_one_node_must_hold(pod: Object, options: Any, found: Any, find: Find) -> None:
    assert find(pod, pod, **options) == found


def test_the_room_of_the_one_node(find: Find, pool: Make, deployment: Make) -> None:
    assert find(NAMED, NAMED, surge=1, pools=[pool(12)]) == [], "one node of which nobody says more"
    assert find(NAMED, NAMED, surge=1, pools=[pool(11)]) == pinned(12, "11 GPUs")
    assert find(NAMED, NAMED, surge=1, pools=[]) == []
    other = made(deployment, "x", NAMED, name="other", replicas=2, gpus=1)
    assert find(NAMED, NAMED, others=[other]) == pinned(10)
    elsewhere = made(deployment, "x", {"nodeName": "n2"}, name="other", replicas=2, gpus=1)
    assert find(NAMED, NAMED, others=[elsewhere]) == []


def spread(key: str = "zone", when: str = "DoNotSchedule") -> Object:
    return {"topologySpreadConstraints": [{"topologyKey": key, "whenUnsatisfiable": when}]}


UNEVEN = "the pods must be spread evenly over `{}` (DoNotSchedule), and what is free in each is not known: a "


@pytest.mark.parametrize(
    ("before", "after", "options", "key"),
    [
        (spread(), spread(), {"surge": 1}, "zone"),
        (spread(), spread(), {}, None),
        (spread(), {**spread(), "nodeSelector": {"a": "b"}}, {}, "zone"),  # they go to other nodes
        (spread(), spread(), {"number": (1, 2), "images": "aa"}, "zone"),
        (spread(), spread(), {"number": (2, 1), "images": "aa"}, None),
        (spread(), spread(), {"number": (1, 1), "surge": 1}, "zone"),
        (spread(), spread(), {"number": (0, 1), "images": "aa"}, None),  # of one pod any place is even
        (spread(when="ScheduleAnyway"), spread(when="ScheduleAnyway"), {"surge": 1}, None),
        (spread(HOST), spread(HOST), {"surge": 1}, None),
        (spread(HOST), spread(HOST), {"surge": 1, "number": (4, 4)}, HOST),  # three on one of two nodes of 8
        (spread(HOST), spread(HOST), {"number": (3, 4), "images": "aa"}, None),
    ],
)
def test_an_even_spread(before: Object, after: Object, options: Any, key: str | None, find: Find) -> None:
    said = [message for message, hangs in find(before, after, **options) if hangs == "unknown, unlikely"]
    assert [message for message in said if "evenly" in message] == (
        [f"{UNEVEN.format(key)}new pod waits where the one that may take it has no room"] if key else []
    )


def test_an_even_spread_over_nodes_that_others_use_too(find: Find, deployment: Make, pool: Make) -> None:
    other = deployment("other", replicas=1, gpus=1)
    assert len(find(spread(HOST), spread(HOST), surge=1, others=[other])) == 1
    assert find(spread(HOST), spread(HOST), surge=1, others=[deployment("other", gpus=0)]) == []
    assert len(find(spread(HOST), spread(HOST), surge=1, pools=[pool(16)])) == 1, "nobody says how many nodes"


def zone(name: str) -> Object:
    return {"nodeSelector": {"zone": name}}


def test_nodes_that_no_declared_pool_has(find: Find, pool: Make) -> None:
    pools = [pool(8, 8, "a", zone="a"), pool(8, 8, "b", zone="b")]
    [(message, hangs)] = find(zone("a"), zone("c"), pools=pools)
    assert hangs == "unknown"
    assert message == (
        "none of the declared pools (`a`, `b`) has the nodes that the pods ask for: they stay Pending unless there "
        "are others"
    )
    assert find(zone("c"), zone("c"), pools=pools) == [], "what runs has found some"
    assert find(zone("a"), zone("b"), pools=pools) == []
    assert find(zone("a"), zone("c"), pools=[]) == []
    assert find(zone("a"), zone("c"), pools=pools, gpus=0) == []


def test_nodes_of_a_label_that_only_some_of_a_pool_may_have(find: Find, pool: Make) -> None:
    pools = [pool(16, 8, "a", zone="a")]
    asked = {"nodeSelector": {"zone": "a", "rack": "1", "disk": "ssd", HOST: "n1"}}
    [(message, hangs)] = [each for each in find(zone("a"), asked, pools=pools, gpus=1) if "begin to ask" in each[0]]
    assert (hangs, message) == (
        "unknown, unlikely",
        "the pods begin to ask for nodes with `disk=ssd`, `rack=1`, and how many of pool `a` have it is not known",
    )
    assert find({}, zone("a"), pools=pools) == [], "all of them have that"
    assert find(asked, zone("a"), pools=pools) == []
    assert find(None, asked, pools=pools, number=(0, 1), gpus=1) == [], "nobody says that it was otherwise"


GPU_TAINT = {"key": "gpu", "operator": "Equal", "value": "a", "effect": "NoSchedule"}


@pytest.mark.parametrize(
    ("before", "after", "taint"),
    [
        (GPU_TAINT, None, "gpu=a"),
        (GPU_TAINT, GPU_TAINT, None),
        (GPU_TAINT, {"operator": "Exists"}, None),
        (GPU_TAINT, {"key": "gpu", "operator": "Exists"}, None),
        (GPU_TAINT, {"key": "other", "operator": "Exists"}, "gpu=a"),
        (GPU_TAINT, {**GPU_TAINT, "effect": "NoExecute"}, "gpu=a"),
        (GPU_TAINT, {"key": "gpu", "value": "a"}, None),
        (GPU_TAINT, {**GPU_TAINT, "value": "b"}, "gpu=a"),
        ({"key": "gpu", "operator": "Exists"}, GPU_TAINT, "gpu"),
        ({"key": "gpu", "operator": "Exists"}, {"key": "gpu"}, "gpu"),
        ({"operator": "Exists"}, None, "any taint"),
        ({**GPU_TAINT, "effect": "PreferNoSchedule"}, None, None),
    ],
)
def test_a_toleration_that_is_taken_away(before: Object, after: Object | None, taint: str | None, find: Find) -> None:
    kept = {"tolerations": [after]} if after else {}
    found = find({"tolerations": [before]}, kept)
    said = f"the toleration of `{taint}` is taken away: a node with that taint takes no new pod"
    assert found == ([(said, "unknown, unlikely")] if taint else [])
    assert find(None, kept, number=(0, 2)) == []


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ({}, {"schedulerName": "volcano"}, "the pods wait for scheduler `volcano`"),
        ({"schedulerName": "volcano"}, {"schedulerName": "volcano"}, None),
        ({}, {"schedulerName": "default-scheduler"}, None),
        ({}, {"schedulingGates": [{"name": "a"}]}, "the pods wait until something removes their scheduling gate `a`"),
        ({"schedulingGates": [{"name": "a"}]}, {"schedulingGates": [{"name": "a"}]}, None),
        ({"schedulingGates": [{"name": "a"}]}, {"schedulingGates": [{"name": "b"}]}, "scheduling gate `b`"),
        ({"schedulingGates": [{"name": "a"}]}, {}, None),
    ],
)
def test_what_pods_wait_for_before_they_are_scheduled(
    before: Object, after: Object, said: str | None, find: Find, deployment: Make
) -> None:
    found = find(before, after)
    assert [(said or "") in message for message, _ in found] == ([True] if said else [])
    other = made(deployment, "x", {"schedulerName": "volcano"}, name="other")
    if after.get("schedulerName"):
        assert find(before, after, others=[other]) == [], "another workload has it"
        assert find(None, after, number=(0, 2)) == [], "of an environment that is new nothing is known"
