"""Workloads of every kind under review: who rolls, how, and of whom nobody can say how many."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from llmstack.report.review_json import render as render_json
from llmstack.report.review_text import render as render_text
from llmstack.review.result import Review

Make = Callable[..., Any]
Object = dict[str, Any]


def pod(image: str, gpus: int = 0) -> Object:
    resources = {"limits": {"nvidia.com/gpu": gpus}} if gpus else {}
    return {"spec": {"containers": [{"name": "a", "image": image, "resources": resources}]}}


def workload(kind: str, image: str = "a:1", gpus: int = 0, **spec: Any) -> Object:
    template = pod(image, gpus)
    if kind == "Job":
        template["spec"]["restartPolicy"] = "Never"
    body = template["spec"] if kind == "Pod" else {"template": template}
    return {"apiVersion": "apps/v1", "kind": kind, "metadata": {"name": "a"}, "spec": body | spec}


def both(kind: str, gpus: int = 0, **spec: Any) -> tuple[Object, Object]:
    return workload(kind, "a:1", gpus, **spec), workload(kind, "a:2", gpus, **spec)


def told(result: Any) -> list[tuple[str, str]]:
    return [(risk.id, risk.severity.value) for risk in result.risks]


def test_a_stateful_set_takes_turns(review: Make, pool: Make) -> None:
    result = review(both("StatefulSet", 2, replicas=3), pools=[pool(6)])
    [rollout] = result.rollouts
    assert (rollout.why, rollout.replicas, rollout.max_surge, rollout.max_unavailable) == ("restart", 3, 0, 1)
    assert (rollout.min_ready, result.gpus[0].peak, result.gpus[0].deadlock) == (2, 6, False)
    assert told(result) == [("restart", "note")]


def test_a_partition_restarts_the_replicas_above_it(review: Make) -> None:
    result = review(both("StatefulSet", replicas=3, updateStrategy={"rollingUpdate": {"partition": 2}}))
    assert told(result) == [("not-applied", "warning"), ("restart", "note")]
    assert result.risks[1].message == "1 replica restarts because of `spec.template.spec.containers[a].image`"


def test_of_a_daemon_set_nobody_says_how_many_pods_there_are(review: Make) -> None:
    result = review(both("DaemonSet"))
    [rollout] = result.rollouts
    assert (rollout.replicas, rollout.max_surge, rollout.max_unavailable, rollout.min_ready) == (None,) * 4
    assert (rollout.seconds, result.seconds) == (None, None)
    assert "on how many nodes is not known" in result.risks[0].message
    shown = Review("a", "b", {"prod": result})
    assert "one pod per node" in render_text(shown)
    assert "0 replicas" not in render_text(shown)
    [said] = json.loads(render_json(shown))["envs"]["prod"]["rollouts"]
    assert (said["replicas"], said["minReady"]) == (None, None)


def test_a_new_daemon_set_is_a_rollout_and_one_that_waits_for_deletions_is_none(review: Make) -> None:
    assert [each.why for each in review((None, workload("DaemonSet"))).rollouts] == ["new"]
    waits = review(both("DaemonSet", updateStrategy={"type": "OnDelete"}))
    assert (waits.rollouts, told(waits)) == ((), [("not-applied", "warning")])


def test_a_pool_that_a_daemon_set_takes_from_has_no_verdict_and_beside_a_job_what_hangs_hangs(
    deployment: Make, review: Make, pool: Make
) -> None:
    pair = [deployment(image=image, replicas=2, gpus=4, surge=1, unavailable=0) for image in ("v1", "v2")]
    alone = review(tuple(pair), pools=[pool(8)])
    assert (alone.gpus[0].deadlock, alone.gpus[0].certain) == (True, True)
    for kind, said in (("DaemonSet", None), ("Job", True)):
        beside = review(tuple(pair), pools=[pool(8)], stays=[workload(kind, gpus=1)])
        assert (beside.gpus[0].deadlock, beside.gpus[0].certain) == (said, said), kind
        without = review(tuple(pair), pools=[pool(8)], stays=[workload(kind)])
        assert without.gpus[0].deadlock is True, kind


def test_the_gpus_of_pods_and_replica_sets_count(review: Make, pool: Make) -> None:
    stays = [workload("Pod", gpus=1), workload("ReplicaSet", gpus=2, replicas=2)]
    result = review((None, workload("StatefulSet", gpus=1)), pools=[pool(8)], stays=stays)
    assert (result.gpus[0].before, result.gpus[0].after) == (5, 6)


def test_a_pod_with_a_new_image_is_away_for_a_while(review: Make) -> None:
    result = review(both("Pod"))
    assert told(result) == [("outage", "warning"), ("restart", "note")]
    assert result.risks[0].advice == "A Pod has no second one to take its place: run it as a Deployment."
    assert told(review((workload("Pod"), workload("Pod", nodeName="b")))) == [
        ("immutable-field", "error"),
        ("privilege", "warning"),
    ]


def test_a_replica_set_leaves_its_pods_as_they_are(review: Make, pool: Make) -> None:
    result = review(both("ReplicaSet", 2, replicas=2), pools=[pool(4)])
    assert (result.rollouts, told(result), result.gpus[0].after) == ((), [("not-applied", "warning")], 4)


def test_a_cron_job_takes_a_new_template_at_its_next_run(review: Make) -> None:
    def cron(image: str) -> Object:
        template = pod(image)
        template["spec"]["restartPolicy"] = "Never"
        return {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "a"},
                "spec": {"jobTemplate": {"spec": {"template": template}}}}  # fmt: skip

    result = review((cron("a:1"), cron("a:2")))
    assert (result.rollouts, result.risks) == ((), ())
    assert told(review(both("Job"))) == [("immutable-field", "error")]


def service(image: str, strategy: str | None = None) -> Object:
    group = {"groupName": "w", "replicas": 2, "template": pod(image, 2)}
    return {
        "apiVersion": "ray.io/v1",
        "kind": "RayService",
        "metadata": {"name": "a"},
        "spec": {
            **({"upgradeStrategy": {"type": strategy}} if strategy else {}),
            "serveConfigV2": "",
            "rayClusterConfig": {"headGroupSpec": {"template": pod(image)}, "workerGroupSpecs": [group]},
        },
    }


def test_a_ray_service_needs_the_gpus_of_two_clusters(review: Make, pool: Make) -> None:
    result = review((service("a:1"), service("a:2")), pools=[pool(8)])
    [rollout] = result.rollouts
    assert (rollout.gpus_per_replica, rollout.max_surge, rollout.max_unavailable, rollout.min_ready) == (4, 1, 0, 1)
    assert (result.gpus[0].before, result.gpus[0].after, result.gpus[0].peak, result.gpus[0].deadlock) == (
        4,
        4,
        8,
        False,
    )
    assert told(result) == [("restart", "note")]
    tight = review((service("a:1"), service("a:2")), pools=[pool(7)])
    assert (tight.gpus[0].deadlock, tight.gpus[0].certain) == (True, True)


def test_a_ray_service_without_an_upgrade_keeps_its_cluster(review: Make, pool: Make) -> None:
    result = review((service("a:1", "None"), service("a:2", "None")), pools=[pool(4)])
    assert (result.rollouts, told(result)) == ((), [("not-applied", "warning")])


def test_of_a_ray_service_that_moves_over_step_by_step_nobody_can_tell(review: Make, pool: Make) -> None:
    gradual = "NewClusterWithIncrementalUpgrade"
    result = review((service("a:1", gradual), service("a:2", gradual)), pools=[pool(7)])
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (None, None)
    assert told(result) == [("restart", "note")]
