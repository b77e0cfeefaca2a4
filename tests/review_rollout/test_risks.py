"""Each risk where it belongs, with its severity, figures and advice, and not where it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from llmstack.finding import Severity
from llmstack.review.assess import assess
from llmstack.review.facts import Acknowledgement, Facts, ForeseenLoad
from llmstack.review.risks.deadline_too_short import Step

Make = Callable[..., Any]


def found(result: Any, *ids: str) -> list[tuple[str, str, str]]:
    return [(risk.id, risk.severity.value, risk.object) for risk in result.risks if not ids or risk.id in ids]


def only(result: Any, id: str) -> Any:
    [risk] = [risk for risk in result.risks if risk.id == id]
    return risk


def test_a_restart_alone_is_a_note(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=image, replicas=3, surge=0, unavailable=1) for image in ("v1", "v2")]
    result = review(tuple(pair), pools=[pool(3)], loads={"llama": 600})
    assert found(result) == [("restart", "note", "Deployment/llama")]
    assert result.risks[0].message == "3 replicas restart because of `spec.template.spec.containers[vllm].image`"


def test_a_goal_beyond_the_pool(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(replicas=replicas, gpus=4, surge=0, unavailable=1) for replicas in (2, 5)]
    result = review(tuple(pair), pools=[pool(16)], loads={"llama": 600})
    assert found(result) == [("gpu-shortage", "error", "Deployment/llama")]
    risk = only(result, "gpu-shortage")
    assert risk.message == "after the change the pods need 20 GPUs in pool `h100`, which has 16"
    assert risk.advice == "Add 4 GPUs to the pool, or run 4 replicas of `llama` instead of 5."
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (True, True)
    assert result.rollouts[0].seconds is None


def test_a_goal_that_fits_by_number_and_not_by_node(deployment: Make, review: Make, pool: Make) -> None:
    result = review(
        (None, deployment(replicas=2, gpus=5, surge=0, unavailable=1)),
        pools=[pool(12, 6)],
        loads={"llama": 60},
    )
    assert found(result) == []
    result = review(
        (None, deployment(replicas=3, gpus=5, surge=0, unavailable=1)),
        pools=[pool(16, 8)],
        loads={"llama": 60},
    )
    assert "16 on nodes of 8: the pods do not fit on these nodes" in only(result, "gpu-shortage").message


def test_a_pool_that_shrinks_under_what_runs(deployment: Make, pool: Make) -> None:
    llama = deployment(replicas=4, surge=0, unavailable=1)
    facts = [Facts(pools=(pool(count),)) for count in (4, 2)]
    result = assess([], [llama], [llama], *facts, date(2026, 1, 1))
    assert found(result) == [("gpu-shortage", "error", "Pool/h100")]
    assert found(assess([], [llama], [llama], facts[1], facts[1], date(2026, 1, 1))) == []


@pytest.mark.parametrize(
    ("gpus", "sizes", "said"),
    [
        (2, (8, 1), "8 GPUs in pool `h100`, which has 8 on nodes of 1: pods of 2 fit on none"),
        (2, (8, 3), "8 GPUs in pool `h100`, which has 8 on nodes of 3: the pods do not fit on these nodes"),
        (2, (8, 2), ""),
        (1, (4, 3), ""),
    ],
)
def test_nodes_that_do_not_hold_what_runs(
    gpus: int, sizes: tuple[int, int], said: str, deployment: Make, pool: Make
) -> None:
    llama = deployment(replicas=4, gpus=gpus, surge=0, unavailable=1)
    facts = [Facts(pools=(pool(*each),)) for each in ((8, 8), sizes)]
    result = assess([], [llama], [llama], *facts, date(2026, 1, 1))
    assert [risk.message.partition("need ")[2] for risk in result.risks] == ([said] if said else [])


def test_a_rollout_that_never_finishes(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=image, replicas=2, gpus=4, surge=1, unavailable=0) for image in ("v1", "v2")]
    result = review(tuple(pair), pools=[pool(8)], loads={"llama": 600})
    risk = only(result, "gpu-deadlock")
    assert risk.severity is Severity.ERROR
    assert risk.message == (
        "the rollout never finishes: a new replica (4 GPUs) must be ready before an old one is removed "
        "(maxSurge 1, maxUnavailable 0), and after the change 0 of 8 GPUs in pool `h100` are free"
    )
    assert risk.advice == "Set maxSurge 0 and maxUnavailable 1 for `llama`: this was found to finish in every order."
    advised = [deployment(image=image, replicas=2, gpus=4, surge=0, unavailable=1) for image in ("v1", "v2")]
    followed = review(tuple(advised), pools=[pool(8)], loads={"llama": 600})
    assert (followed.gpus[0].deadlock, followed.seconds) == (False, 1260)


def test_a_race_for_the_last_gpu(deployment: Make, review: Make, pool: Make) -> None:
    """A surge of one model and a new one want the same GPU: the surge can wait for ever, or go first."""
    old, new = (deployment("llama", image=image, surge=1, unavailable=0) for image in ("v1", "v2"))
    added = deployment("opt", surge=1, unavailable=0)
    result = review((old, new), (None, added), pools=[pool(2)], loads={"llama": 600, "opt": 60})
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (True, False)
    risk = only(result, "gpu-deadlock")
    assert (risk.severity, risk.object) == (Severity.WARNING, "Deployment/llama")
    assert risk.advice == (
        "Merge in two commits, the change of `llama` first and the rest once that is done; or set maxSurge 0 "
        "and maxUnavailable 1 for `llama` (no replica is ready meanwhile): this was found to finish in every order."
    )
    assert result.seconds == 600 + 30 + 60
    assert (result.gpus[0].before, result.gpus[0].after, result.gpus[0].peak) == (1, 2, 3)


def test_two_surges_share_a_spare_gpu(deployment: Make, review: Make, pool: Make) -> None:
    pairs = [
        tuple(deployment(name, image=image, surge=1, unavailable=0) for image in ("v1", "v2")) for name in ("a", "b")
    ]
    result = review(*pairs, pools=[pool(3)], loads={"a": 600, "b": 600})
    assert (result.gpus[0].deadlock, result.seconds, result.gpus[0].peak) == (False, 1230, 4)


def test_pods_of_several_sizes_take_the_room_of_large_ones(deployment: Make, review: Make, pool: Make) -> None:
    pairs = [
        tuple(deployment(name, replicas=2, gpus=gpus, image=image, surge=0, unavailable=1) for image in ("v1", "v2"))
        for name, gpus in (("large", 4), ("small", 2))
    ]
    result = review(*pairs, pools=[pool(12, 4)], loads={"large": 600, "small": 60})
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (True, False)
    assert "Merge in 2 commits by GPUs of a replica, 4, then 2" in only(result, "gpu-deadlock").advice


def test_room_enough_but_maybe_on_no_node(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=image, gpus=4, surge=1, unavailable=0) for image in ("v1", "v2")]
    small = deployment("small", replicas=4, gpus=1, surge=0, unavailable=1)
    result = review(tuple(pair), pools=[pool(12, 4)], loads={"llama": 600}, stays=[small])
    assert (result.gpus[0].deadlock, result.gpus[0].certain, result.seconds) == (True, False, 600)
    assert only(result, "gpu-deadlock").message.endswith(
        "after the change 4 of 12 GPUs in pool `h100` are free, possibly not enough on any one node"
    )


def test_a_place_left_behind_is_free(deployment: Make, review: Make, pool: Make) -> None:
    gone, added = (
        deployment("old", gpus=4, surge=1, unavailable=0),
        deployment("new", gpus=4, surge=1, unavailable=0),
    )
    result = review((gone, None), (None, added), pools=[pool(4)], loads={"old": 60, "new": 600})
    assert (result.gpus[0].deadlock, result.gpus[0].peak, result.seconds) == (False, 4, 630)
    assert [(rollout.name, rollout.why) for rollout in result.rollouts] == [("new", "new")]


@pytest.mark.parametrize(
    ("annotations", "severity"),
    [
        ({}, "error"),
        ({"kustomize.toolkit.fluxcd.io/prune": "disabled"}, "warning"),
        ({"argocd.argoproj.io/sync-options": "Prune=false,Delete=false"}, "warning"),
        ({"argocd.argoproj.io/sync-options": "ServerSideApply=true, Prune=false"}, "warning"),
        ({"argocd.argoproj.io/sync-options": "Delete=false"}, "error"),
        ({"kustomize.toolkit.fluxcd.io/prune": "enabled"}, "error"),
    ],
)
@pytest.mark.parametrize("kind", ["PersistentVolumeClaim", "Namespace"])
def test_data_loss(kind: str, annotations: dict[str, str], severity: str, review: Make) -> None:
    obj = {"apiVersion": "v1", "kind": kind, "metadata": {"name": "weights", "annotations": annotations}}
    result = review((obj, None))
    assert found(result) == [("data-loss", severity, f"{kind}/weights")]
    moved = {**obj, "metadata": {**obj["metadata"], "name": "other"}}
    renamed = review((obj, None), (None, moved))
    assert "renamed to `other`, which starts empty" in only(renamed, "data-loss").message
    assert found(renamed) == [("data-loss", severity, f"{kind}/weights")]


@pytest.mark.parametrize(
    ("before", "after", "lost"),
    [
        ({"nfs": {"server": "a", "path": "/m"}}, {"nfs": {"server": "a", "path": "/m"}}, False),
        ({"nfs": {"server": "a", "path": "/m"}}, {"nfs": {"server": "b", "path": "/m"}}, True),
        ({"csi": {"driver": "d", "volumeHandle": "1"}}, {"csi": {"driver": "d", "volumeHandle": "1"}}, False),
        ({"hostPath": {"path": "/m"}}, {"hostPath": {"path": "/m"}}, True),  # of whichever node the pod comes to
    ],
)
def test_data_that_another_volume_leads_to_is_not_lost(
    before: dict[str, Any], after: dict[str, Any], lost: bool, review: Make
) -> None:
    def objects(namespace: str, source: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        volume = {
            "apiVersion": "v1",
            "kind": "PersistentVolume",
            "metadata": {"name": f"{namespace}-v"},
            "spec": source,
        }
        claim = {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": "c", "namespace": namespace},
            "spec": {"volumeName": f"{namespace}-v"},
        }
        return volume, claim

    gone, new = objects("a", before), objects("b", after)
    result = review(*((each, None) for each in gone), *((None, each) for each in new))
    assert bool([risk for risk in result.risks if risk.id == "data-loss"]) == lost


def test_what_moves_to_another_namespace_waits_there_and_not_where_it_goes(
    review: Make, deployment: Callable[..., Any], pool: Callable[..., Any]
) -> None:
    def within(namespace: str, name: str, **more: Any) -> dict[str, Any]:
        made = deployment(name, surge=1, unavailable=0, **more)
        return {**made, "metadata": {**made["metadata"], "namespace": namespace}}

    models = (("large", 2, 4), ("small", 4, 1))
    old, new = ([within(space, name, replicas=n, gpus=g) for name, n, g in models] for space in ("a", "b"))
    result = review(*((each, None) for each in old), *((None, each) for each in new), pools=[pool(14, per_node=8)])
    found = [risk.message for risk in result.risks if risk.id == "gpu-deadlock"]
    assert len(found) == 1
    assert "a replica (4 GPUs) waits" in found[0]
    assert "commits" not in only(result, "gpu-deadlock").advice, "one key moves all of them"
    assert not result.waves


def test_nothing_is_advised_on_gpus_where_something_else_stops_the_pods(
    review: Make, deployment: Callable[..., Any], pool: Callable[..., Any]
) -> None:
    pairs = [[deployment(name, image=image, surge=1, unavailable=0) for image in ("v1", "v2")] for name in "ab"]
    free = review(*map(tuple, pairs), pools=[pool(3)], loads={"a": 60, "b": 60})
    assert free.waves
    none = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": {"pods": "0"}}}
    stopped = review(*map(tuple, pairs), pools=[pool(3)], loads={"a": 60, "b": 60}, stays=[none])
    assert "rollout-stuck" in {risk.id for risk in stopped.risks}
    assert not stopped.waves
    assert "gpu-deadlock" not in {risk.id for risk in stopped.risks}


def test_a_claim_of_the_same_name_in_another_namespace_is_told_as_such(review: Make) -> None:
    def claim(namespace: str) -> dict[str, Any]:
        metadata = {"name": "weights", "namespace": namespace}
        return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata}

    message = only(review((claim("a"), None), (None, claim("b"))), "data-loss").message
    assert "`weights` is replaced by one of its name in namespace `b`, which starts empty" in message


def test_a_retained_volume_keeps_its_data(review: Make) -> None:
    volume = {"apiVersion": "v1", "kind": "PersistentVolume", "metadata": {"name": "v"}, "spec": {}}
    assert found(review((volume, None))) == [("data-loss", "warning", "PersistentVolume/v")]
    deleted = {**volume, "spec": {"persistentVolumeReclaimPolicy": "Delete"}}
    assert found(review((deleted, None))) == [("data-loss", "error", "PersistentVolume/v")]
    assert found(review((None, volume))) == []


@pytest.mark.parametrize(
    ("replicas", "surge", "unavailable", "message"),
    [
        (1, 0, 1, "no replica is ready for 10 min 30 s: up to 1 of 1 replica may be unavailable"),
        (2, None, None, "no replica is ready for 10 min 30 s: all replicas are deleted before new ones start"),
        (2, 0, 2, "no replica is ready for 10 min 30 s: up to 2 of 2 replicas may be unavailable"),
        (2, 0, 1, None),
        (1, 1, 0, None),
    ],
)
def test_outage(
    replicas: int,
    surge: Any,
    unavailable: Any,
    message: str | None,
    deployment: Make,
    review: Make,
    pool: Make,
) -> None:
    pair = [deployment(image=image, replicas=replicas, surge=surge, unavailable=unavailable) for image in ("v1", "v2")]
    spare = 1 if surge else 0
    result = review(tuple(pair), pools=[pool(replicas + spare)], loads={"llama": 600})
    assert [risk.message for risk in result.risks if risk.id == "outage"] == ([message] if message else [])
    assert {risk.severity for risk in result.risks if risk.id == "outage"} <= {Severity.WARNING}


def test_replaced_by_another_kind(deployment: Make, review: Make) -> None:
    old = deployment("llama", surge=1, unavailable=0)
    new = {**old, "apiVersion": "leaderworkerset.x-k8s.io/v1", "kind": "LeaderWorkerSet"}
    new = {**new, "spec": {"leaderWorkerTemplate": {"size": 2, "workerTemplate": old["spec"]["template"]}}}
    result = review((old, None), (None, new))
    assert found(result, "outage") == [("outage", "warning", "LeaderWorkerSet/llama")]
    beside = {**old, "metadata": {**old["metadata"], "name": "second"}}
    assert found(review((old, None), (None, new), stays=[beside]), "outage") == []


def test_a_progress_deadline_restarts_at_each_step(deployment: Make, review: Make, pool: Make) -> None:
    def case(deadline: int, capacity: int) -> list[str]:
        pair = [
            deployment(image=i, replicas=4, surge=0, unavailable=1, progressDeadlineSeconds=deadline)
            for i in ("v1", "v2")
        ]
        result = review(tuple(pair), pools=[pool(capacity)], loads={"llama": 600})
        return [risk.message for risk in result.risks if risk.id == "deadline-too-short"]

    assert case(600, 16) == []
    assert case(599, 16) == [
        "progressDeadlineSeconds is 9 min 59 s and one step takes 10 min (10 min of loading): "
        "the rollout is reported as failed while it goes on"
    ]
    assert case(630, 4) == []
    assert case(629, 4) == [
        "progressDeadlineSeconds is 10 min 29 s and one step takes 10 min 30 s (30 s of waiting, 10 min of loading): "
        "the rollout is reported as failed while it goes on"
    ]


def probed(deployment: Make, image: str, replicas: int) -> Any:
    """A Deployment whose start-up probe gives a pod five minutes."""
    obj = deployment(image=image, replicas=replicas, surge=0, unavailable=1)
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container["startupProbe"] = {"exec": {}, "periodSeconds": 10, "failureThreshold": 30}
    return obj


def test_a_model_that_goes_hides_no_other_s_deadline(deployment: Make, review: Make) -> None:
    probed_pair = probed(deployment, "v1", replicas=2), probed(deployment, "v2", replicas=2)
    result = review((deployment("a"), None), probed_pair, loads={"llama": 301})
    risk = only(result, "deadline-too-short")
    assert risk.object == "Deployment/llama"
    assert risk.advice.startswith("Allow more than 5 min 1 s,")


def test_probes_and_sync_timeouts(deployment: Make, review: Make) -> None:
    pair = probed(deployment, "v1", replicas=2), probed(deployment, "v2", replicas=2)
    risk = only(review(pair, loads={"llama": 301}), "deadline-too-short")
    assert risk.message == "the probes kill a pod that is not ready after 5 min, and loading takes 5 min 1 s"
    assert found(review(pair, loads={"llama": 300}), "deadline-too-short") == []
    timeouts = {"sync_timeout_seconds": {"llama": 240}}
    risk = only(review(pair, loads={"llama": 250}, facts=timeouts), "deadline-too-short")
    assert risk.message == (
        "the sync tool waits 4 min and one step takes 4 min 10 s (4 min 10 s of loading): it reports a failure while the rollout goes on"
    )
    assert found(review(pair, facts=timeouts), "deadline-too-short") == []


def scaler(name: str, least: int = 1) -> dict[str, Any]:
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": name},
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": name}, "minReplicas": least},
    }


def test_handover_to_a_scaler(deployment: Make, review: Make, pool: Make) -> None:
    old, new = (deployment("llama", replicas=replicas, surge=0, unavailable=1) for replicas in (4, None))
    result = review((old, new), (None, scaler("llama", 4)), pools=[pool(8)], loads={"llama": 600})
    risk = only(result, "scaler-handover")
    assert risk.severity is Severity.ERROR
    assert "it falls from 4 to 1 at the apply" in risk.message
    assert "`spec.replicas: 4`" in risk.advice
    assert (result.rollouts[0].min_ready, result.rollouts[0].seconds) == (1, 600)
    owned = review((old, new), stays=[scaler("llama", 4)], loads={"llama": 600})
    assert found(owned) == []
    single = deployment("llama", replicas=1, surge=0, unavailable=1)
    assert found(review((single, new), (None, scaler("llama")), loads={"llama": 600})) == []


def test_a_scaler_that_asks_for_more(deployment: Make, review: Make, pool: Make) -> None:
    llama = deployment("llama", replicas=None, surge=0, unavailable=1)
    result = review((llama, llama), (scaler("llama", 2), scaler("llama", 3)), pools=[pool(2)], loads={"llama": 600})
    assert [(r.name, r.why, r.replicas) for r in result.rollouts] == [("llama", "scale", 3)]
    assert found(result) == [("gpu-shortage", "error", "Deployment/llama")]


def ray(image: str, strategy: str | None, workers: int = 2) -> dict[str, Any]:
    pod = {"spec": {"containers": [{"name": "ray", "image": image, "resources": {"limits": {"nvidia.com/gpu": 2}}}]}}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": "llama", "labels": {"model": "llama"}},
        "spec": {
            **({"upgradeStrategy": {"type": strategy}} if strategy else {}),
            "headGroupSpec": {"template": pod},
            "workerGroupSpecs": [{"groupName": "w", "replicas": workers, "template": pod}],
        },
    }


def test_ray_clusters(review: Make, pool: Make) -> None:
    idle = review((ray("v1", None), ray("v2", None)), pools=[pool(6)], loads={"llama": 600})
    assert found(idle) == [("not-applied", "warning", "RayCluster/llama")]
    assert (idle.rollouts, idle.gpus[0].after, idle.seconds) == ((), 6, 0)
    whole = review((ray("v1", "Recreate"), ray("v2", "Recreate")), pools=[pool(6)], loads={"llama": 600})
    assert found(whole) == [
        ("outage", "warning", "RayCluster/llama"),
        ("restart", "note", "RayCluster/llama"),
    ]
    assert (whole.rollouts[0].gpus_per_replica, whole.rollouts[0].max_unavailable, whole.seconds) == (
        6,
        1,
        630,
    )
    grown = review((ray("v1", None), ray("v1", None, 3)), pools=[pool(8)], loads={"llama": 600})
    assert [(r.why, r.replicas, r.gpus_per_replica, r.min_ready, r.seconds) for r in grown.rollouts] == [
        ("scale", 4, 2, 3, 600)
    ]
    assert (grown.gpus[0].before, grown.gpus[0].after, grown.gpus[0].peak) == (6, 8, 8)


def test_paused(deployment: Make, review: Make) -> None:
    pair = [deployment(image=image, replicas=2, surge=0, unavailable=1, paused=True) for image in ("v1", "v2")]
    result = review(tuple(pair))
    assert found(result) == [("not-applied", "warning", "Deployment/llama")]
    assert result.rollouts == ()


@pytest.mark.parametrize(
    ("entry", "acknowledged"),
    [
        (("outage", "Deployment/llama", date(2026, 6, 1)), True),
        (("outage", "llama", date(2027, 1, 1)), True),
        (("outage", "Deployment/llama", None), True),
        (("outage", "Deployment/llama", date(2026, 5, 31)), False),
        (("gpu-deadlock", "Deployment/llama", None), False),
        (("outage", "Deployment/opt", None), False),
    ],
)
def test_acknowledgements(
    entry: tuple[str, str, date | None], acknowledged: bool, deployment: Make, review: Make
) -> None:
    pair = [deployment(image=image, surge=0, unavailable=1) for image in ("v1", "v2")]
    facts = {"acknowledgements": (Acknowledgement(*entry, reason="agreed"),)}
    result = review(tuple(pair), facts=facts, today=date(2026, 6, 1))
    risk = only(result, "outage")
    assert (risk.severity, risk.acknowledged) == (Severity.WARNING, acknowledged)
    assert not only(result, "restart").acknowledged


def test_acknowledged_by_the_model(review: Make) -> None:
    facts = {"acknowledgements": (Acknowledgement("outage", "opt", None, "agreed"),)}
    pair = [ray(image, "Recreate") for image in ("v1", "v2")]
    for obj in pair:
        obj["metadata"]["labels"]["model"] = "opt"
    assert only(review(tuple(pair), facts=facts), "outage").acknowledged


def test_the_severest_come_first(deployment: Make, review: Make, pool: Make) -> None:
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "weights"}}
    pair = [deployment(image=image, surge=0, unavailable=1) for image in ("v1", "v2")]
    result = review(tuple(pair), (claim, None))
    assert [risk.severity.value for risk in result.risks] == ["error", "warning", "note"]


def test_unknown_loads_are_bounded(deployment: Make, review: Make) -> None:
    def side(image: str, probe: dict[str, Any]) -> Any:
        obj = deployment(image=image, replicas=2, surge=0, unavailable=1)
        obj["spec"]["template"]["spec"]["containers"][0].update(probe)
        return obj

    probe = {"startupProbe": {"exec": {}, "initialDelaySeconds": 60, "periodSeconds": 10, "failureThreshold": 60}}
    result = review((side("v1", probe), side("v2", probe)))
    [rollout] = result.rollouts
    assert (rollout.seconds, rollout.seconds_min, rollout.seconds_max, result.seconds) == (
        None,
        120,
        1320,
        None,
    )
    result = review((side("v1", {}), side("v2", {})))
    [rollout] = result.rollouts
    assert (rollout.seconds, rollout.seconds_min, rollout.seconds_max, result.seconds) == (
        None,
        None,
        None,
        None,
    )
    assert rollout.min_ready == 1


def test_an_unknown_load_that_ends_earlier_hides_no_total(deployment: Make, review: Make) -> None:
    """The router's load is not measured, but its probes bound it below the model's."""
    probe = {
        "startupProbe": {"exec": {}, "periodSeconds": 5},
        "readinessProbe": {"exec": {}, "initialDelaySeconds": 30},
    }

    def router(image: str) -> Any:
        obj = deployment("router", gpus=0, image=image, surge=1, unavailable=0)
        obj["metadata"]["labels"]["app.kubernetes.io/component"] = "router"
        obj["spec"]["template"]["spec"]["containers"][0].update(probe)
        return obj

    pair = [deployment(image=image, replicas=2, surge=0, unavailable=1) for image in ("v1", "v2")]
    result = review(tuple(pair), (router("v1"), router("v2")), loads={"llama": 600})
    assert [(r.name, r.model, r.seconds, r.seconds_min, r.seconds_max) for r in result.rollouts] == [
        ("llama", "llama", 1200, None, None),
        ("router", None, None, 30, 30),
    ]
    assert result.seconds == 1200
    assert review((router("v1"), router("v2"))).seconds is None


def test_a_load_that_published_starts_bear_out_is_a_band(deployment: Make, review: Make) -> None:
    """What is over is told with "may"; what fits is not; and the end of the rollout is from one to the other."""
    pair = probed(deployment, "v1", replicas=1), probed(deployment, "v2", replicas=1)

    def band(low: int, high: int) -> dict[str, object]:
        return {"foreseen_loads": {"llama": ForeseenLoad(20, low, high)}}

    risk = only(review(pair, facts=band(60, 301)), "deadline-too-short")
    assert "loading may take 5 min 1 s" in risk.message
    assert risk.amount == 1
    inside = review(pair, facts=band(60, 300))
    assert found(inside, "deadline-too-short") == []
    [rollout] = inside.rollouts
    assert (rollout.seconds, rollout.seconds_min, rollout.seconds_max) == (None, 60, 300)
    assert rollout.basis["seconds"] == "assumed"
    assert rollout.seconds_max_without == ("image pull",)
    over = review(pair, facts=band(400, 900))
    [rollout] = over.rollouts
    assert (rollout.seconds_min, rollout.seconds_max) == (400, 900)


@pytest.mark.parametrize(
    ("load", "wait", "step", "said"),
    [
        (600.0, 30.0, 630.0, "10 min 30 s (30 s of waiting, 10 min of loading)"),
        (300.0, 2010.0, 1980.0, "33 min (28 min of waiting, 5 min of loading)"),  # others got ready while it waited
        (300.0, 2010.0, 300.0, "5 min (5 min of loading)"),
        (None, 2010.0, 1980.0, "33 min (33 min of waiting)"),
    ],
)
def test_a_step_is_what_is_waited_and_loaded_in_it(load: float | None, wait: float, step: float, said: str) -> None:
    assert str(Step(load, wait, step)) == f"one step takes {said}"
