"""What is read from both sides of a workload: pools, sizes, and whether anything moves."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from llmstack.facts.cluster import ClusterFacts, Load
from llmstack.kubernetes.replicas import scalers
from llmstack.review.facts import Facts, Pool
from llmstack.review.loads import load_of
from llmstack.review.rollout.template import template_of
from llmstack.review.rollout.workload import read_workload

Make = Callable[..., Any]
GPU = "nvidia.com/gpu"
NOBODY = scalers([])


def facts(*pools: Pool, load: int | None = None) -> Facts:
    return Facts(pools=pools, load_seconds={} if load is None else {"llama": load})


def pool(name: str, zone: str | None = None) -> Pool:
    return Pool(name, GPU, 8, None, {"zone": zone} if zone else {})


def sides(deployment: Make, change: Make, *zones: str | None) -> Any:
    """A new image, and maybe other nodes."""
    objects = [deployment(image=image) for image in ("v1", "v2")]
    for obj, zone in zip(objects, zones or (None, None), strict=True):
        obj["spec"]["template"]["spec"] |= {"nodeSelector": {"zone": zone}} if zone else {}
    return change(*objects)


def pools_of(read: Any) -> tuple[Any, Any]:
    return read.old.pool, read.new.pool


def test_pods_that_stay_on_their_nodes_are_in_the_pool_as_it_is_called_now(deployment: Make, change: Make) -> None:
    known = facts(pool("before")), facts(pool("after"))
    read = read_workload(sides(deployment, change), (NOBODY, NOBODY), known)
    assert pools_of(read) == (("after", GPU), ("after", GPU))


def test_pods_that_are_sent_elsewhere_were_where_the_facts_of_then_say(deployment: Make, change: Make) -> None:
    known = facts(pool("a", "a"), pool("x", "b")), facts(pool("y", "a"), pool("b", "b"))
    read = read_workload(sides(deployment, change, "a", "b"), (NOBODY, NOBODY), known)
    assert pools_of(read) == (("a", GPU), ("b", GPU))


def test_where_one_side_knows_no_pool_the_other_does(deployment: Make, change: Make) -> None:
    stays = read_workload(sides(deployment, change), (NOBODY, NOBODY), (facts(pool("then")), facts()))
    assert pools_of(stays) == ((None, GPU), (None, GPU)), "they are on the same nodes, whatever these are called"
    objects = [deployment(), deployment()]
    objects[1]["spec"]["template"]["spec"]["containers"][0]["resources"] = {"limits": {"amd.com/gpu": "1"}}
    other = read_workload(change(*objects), (NOBODY, NOBODY), (facts(pool("then")), facts()))
    assert pools_of(other) == (("then", GPU), (None, "amd.com/gpu"))
    moved = sides(deployment, change, "a", "b")
    read = read_workload(moved, (NOBODY, NOBODY), (facts(), facts(pool("a", "a"), pool("b", "b"))))
    assert pools_of(read) == (("a", GPU), ("b", GPU))


def test_a_load_that_was_measured_later_holds_for_the_old_template_too(deployment: Make, change: Make) -> None:
    both = read_workload(sides(deployment, change), (NOBODY, NOBODY), (facts(load=60), facts(load=90)))
    assert (both.old.load, both.new.load) == (60, 90)
    later = read_workload(sides(deployment, change), (NOBODY, NOBODY), (facts(), facts(load=90)))
    assert (later.old.load, later.new.load) == (90, 90)


def pod(**limits: int) -> dict[str, Any]:
    named = {name.replace("_", "."): count for name, count in limits.items()}
    container = {"name": "a", "image": "a", "resources": {"limits": {f"{name}/gpu": n for name, n in named.items()}}}
    return {"spec": {"containers": [container]}}


def test_a_group_is_counted_by_the_resource_of_its_largest_pod() -> None:
    group = {
        "kind": "LeaderWorkerSet",
        "metadata": {"name": "llama"},
        "spec": {
            "leaderWorkerTemplate": {
                "size": 3,
                "leaderTemplate": pod(nvidia_com=1),
                "workerTemplate": pod(amd_com=4),
            }
        },
    }
    template = template_of(group, facts(), None)
    assert (template.gpus, template.pool) == ((4, 4), (None, "amd.com/gpu"))


def cluster(workers: int, *, suspend: bool = False) -> dict[str, Any]:
    group = {"groupName": "w", "replicas": workers, "template": pod(nvidia_com=2)}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "llama", "labels": {"model": "llama"}},
        "spec": {"suspend": suspend, "headGroupSpec": {"template": pod()}, "workerGroupSpecs": [group]},
    }


def test_of_a_ray_cluster_that_grows_only_the_pods_of_the_size_that_changes_move(change: Make) -> None:
    read = read_workload(change(cluster(1), cluster(3)), (NOBODY, NOBODY), (facts(), facts()))
    assert (read.move, read.before, read.after, read.old.gpus) == ("scale", 1, 3, (2,))


def test_a_suspended_ray_cluster_has_no_pods_to_grow(change: Make) -> None:
    both = change(cluster(1, suspend=True), cluster(3, suspend=True))
    assert read_workload(both, (NOBODY, NOBODY), (facts(), facts())) is None
    stops = read_workload(change(cluster(1), cluster(1, suspend=True)), (NOBODY, NOBODY), (facts(), facts()))
    assert (stops.move, stops.before, stops.after) == ("scale", 1, 0)


def test_a_ray_cluster_that_goes_has_no_new_template(change: Make) -> None:
    read = read_workload(change(cluster(2), None), (NOBODY, NOBODY), (facts(), facts()))
    assert (read.move, read.before, read.after, read.old.gpus, read.new) == ("remove", 1, 0, (2, 2), None)


FETCH = {"name": "fetch", "image": "busybox", "command": ["fetch"]}
SERVES = {"command": ["vllm", "serve", "org/model"]}


@pytest.mark.parametrize(
    ("container", "pod", "loads", "assumed"),
    [
        ({}, {}, (300, 300), False),
        ({}, {"initContainers": [FETCH]}, (300, 300), True),
        ({}, {"initContainers": [FETCH]}, (300, 400), False),  # measured anew
        ({}, {"initContainers": [{**FETCH, "restartPolicy": "Always"}]}, (300, 300), False),  # a sidecar runs on
        ({"args": ["--revision", "abc"]}, {}, (300, 300), True),
        ({"args": ["--max-model-len", "4096"]}, {}, (300, 300), False),
        ({"command": ["vllm", "serve", "org/other"]}, {}, (300, 300), True),
    ],
)
def test_a_load_that_was_measured_of_pods_that_do_less_is_assumed(
    container: Any, pod: Any, loads: tuple[int, int], assumed: bool, deployment: Make, change: Make
) -> None:
    objects = [deployment(image=image) for image in ("v1", "v2")]
    for obj, more in zip(objects, ({}, container), strict=True):
        obj["spec"]["template"]["spec"]["containers"][0] |= SERVES | more
    objects[1]["spec"]["template"]["spec"] |= pod
    read = read_workload(change(*objects), (NOBODY, NOBODY), tuple(facts(load=load) for load in loads))  # type: ignore[arg-type]
    assert read is not None
    assert read.new is not None
    assert (read.new.load, read.new.load_assumed, read.new.prepares) == (
        loads[1], assumed, FETCH in pod.get("initContainers", ()),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("loads", "moved_from", "load", "assumed"),
    [
        ([("llama", "v2", 60)], {}, 60, False),
        ([("llama", "v1", 60)], {}, 60, True),
        ([("old", "v2", 60)], {}, None, False),
        ([("old", "v2", 60)], {"llama": "old"}, 60, True),
        ([("old", "v2", 60), ("llama", "v2", 90)], {"llama": "old"}, 90, False),
        ([("old", "v2", 60), ("llama", "v1", 90)], {"llama": "old"}, 60, True),
        ([("old", "v1", 60)], {"llama": "old"}, 60, True),
    ],
)
def test_a_renamed_model_loads_as_it_did(
    loads: list[tuple[str, str, int]], moved_from: dict[str, str], load: int | None, assumed: bool, deployment: Make
) -> None:
    measured = tuple(Load(model, image, seconds, seconds, 1) for model, image, seconds in loads)
    known = Facts(cluster=ClusterFacts(date=date(2026, 1, 1), loads=measured), moved_from=moved_from)
    found = load_of(deployment(image="v2"), known)
    assert (load, assumed) == (None, False) if found is None else (found.usual, found.assumed) == (load, assumed)
