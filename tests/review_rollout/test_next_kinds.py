"""Kinds of changes that were once silent or wrong: Jobs, pull secrets, ports of the host, StatefulSets, packing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.facts import Pool

Make = Callable[..., Any]
Object = dict[str, Any]


def job(**spec: Any) -> Object:
    container = {"name": "c", "image": "a", "resources": {"limits": {"nvidia.com/gpu": "2"}}}
    template = {"spec": {"restartPolicy": "Never", "containers": [container]}}
    return {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "j"}, "spec": {"template": template, **spec}}


@pytest.mark.parametrize(
    ("before", "after", "missing"),
    [
        (None, job(parallelism=3), 2),
        (None, job(parallelism=3, suspend=True), None),
        (None, job(parallelism=3, completions=2), None),
        (job(parallelism=1), job(parallelism=4), 4),  # its first one has two of the four
        (job(parallelism=3), job(parallelism=2), None),
        (job(parallelism=3, suspend=True), job(parallelism=3, suspend=False), 2),
        (job(parallelism=3), job(parallelism=3, suspend=True), None),
    ],
)
def test_what_jobs_begin_to_take(
    before: Any, after: Object, missing: int | None, deployment: Make, compared: Make
) -> None:
    """Pods of two GPUs each; four of six are free."""
    stays = deployment(replicas=2, surge=0, unavailable=1)
    pools = (Pool("h100", "nvidia.com/gpu", 6, 8),)
    sides = [stays, *([before] if before else [])], [stays, after]
    found = [each for each in compared(*sides, pools=pools).risks if each.id == "gpu-shortage"]
    assert [each.amount for each in found] == ([] if missing is None else [missing])


def pulling(deployment: Make, image: str, *names: str) -> Any:
    obj = deployment(image=image, surge=0, unavailable=1)
    obj["spec"]["template"]["spec"]["imagePullSecrets"] = [{"name": name} for name in names]
    return obj


def secret(name: str) -> Object:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}}


def test_secrets_that_images_are_pulled_with(deployment: Make, compared: Make) -> None:
    begins = compared([pulling(deployment, "a")], [pulling(deployment, "b", "reg")])
    assert [severity for severity, _, _ in told(begins, "not-judged")] == ["note"]
    goes = compared([pulling(deployment, "a", "reg"), secret("reg")], [pulling(deployment, "a", "reg")])
    assert [(severity, subject) for severity, subject, _ in told(goes, "unreachable")] == [
        ("warning", "Deployment/llama")
    ]
    for after in ([pulling(deployment, "b", "reg"), secret("reg")], [pulling(deployment, "b")]):
        risks = compared([pulling(deployment, "a")], after).risks
        assert not {each.id for each in risks} & {"not-judged", "unreachable"}


def on_port(obj: Any, port: int | None) -> Any:
    container = obj["spec"]["template"]["spec"]["containers"][0]
    container["ports"] = [{"containerPort": 80, **({"hostPort": port} if port else {})}]
    return obj


@pytest.mark.parametrize(
    ("ports", "nodes", "hangs"),
    [
        ((80, 80), 2, True),  # old and new cannot share a node
        ((None, 80), 2, False),  # those of before have no port of the host
        ((None, 80), 1, True),
        ((80, 81), 2, False),
    ],
)
def test_ports_of_the_host(
    ports: tuple[int | None, int], nodes: int, hangs: bool, deployment: Make, review: Make, pool: Make
) -> None:
    sides = (
        on_port(deployment(replicas=2, surge=1, unavailable=0, image=f"v{number}"), port)
        for number, port in enumerate(ports)
    )
    result = review(tuple(sides), pools=[pool(8 * nodes, 8)])
    assert bool(told(result, "rollout-stuck")) is hangs


def test_advice_that_can_be_followed(deployment: Make, review: Make) -> None:
    def set_of(image: str) -> Any:
        obj = deployment(replicas=2, surge=0, unavailable=2, image=image)
        rolling = {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 2}}
        obj["spec"] = {key: value for key, value in obj["spec"].items() if key != "strategy"} | {
            "updateStrategy": rolling
        }
        return obj | {"kind": "StatefulSet"}

    [of_set] = [each for each in review((set_of("a"), set_of("b"))).risks if each.id == "outage"]
    assert of_set.advice == "Set maxUnavailable to 1: a StatefulSet has no surge."
    assert "from Kubernetes 1.37 on" in of_set.message
    pair = tuple(deployment(replicas=2, image=each) for each in "ab")
    [recreated] = [each for each in review(pair).risks if each.id == "outage"]
    assert recreated.advice.startswith("Use `type: RollingUpdate`")


ROLLING = "with maxSurge 1 and maxUnavailable 0"


@pytest.mark.parametrize(
    ("shape", "count", "advice"),
    [
        ({"replicas": 2}, None, f"Use `type: RollingUpdate` {ROLLING} (needs 1 spare GPU)."),
        ({"replicas": 2, "gpus": 0}, 2, f"Use `type: RollingUpdate` {ROLLING}."),
        ({"replicas": 2}, 3, f"Use `type: RollingUpdate` {ROLLING} (needs 1 spare GPU)."),
        ({"replicas": 2}, 2, "Add 1 GPU to the pool, and set maxSurge 1 and maxUnavailable 0; with the GPUs that are there, merge at a quiet time."),
        ({"surge": 0, "unavailable": 1}, 2, "Set maxSurge 1 and maxUnavailable 0 (needs 1 spare GPU), or run two replicas."),
        ({"replicas": 2, "surge": 0, "unavailable": 2}, 3, "Set maxUnavailable below 2, or maxSurge 1 and maxUnavailable 0 (needs 1 spare GPU)."),
    ],
)  # fmt: skip
def test_advice_goes_by_the_gpus_that_are_there(
    shape: Any, count: int | None, advice: str, deployment: Make, review: Make, pool: Make
) -> None:
    pair = tuple(deployment(image=image, **shape) for image in ("v1", "v2"))
    result = review(pair, pools=[] if count is None else [pool(count)])
    assert [each.advice for each in result.risks if each.id == "outage"] == [advice]


def test_a_goal_that_fits_in_sum_and_on_no_node_is_a_shortage(deployment: Make, review: Make, pool: Make) -> None:
    """Two pods of 3 GPUs and one of 2, on two nodes of 4."""
    pairs = [
        (deployment("a", 2, 2, surge=0, unavailable=1), deployment("a", 2, 3, surge=0, unavailable=1)),
        (deployment("b", 1, 1, surge=0, unavailable=1), deployment("b", 1, 2, surge=0, unavailable=1)),
    ]
    result = review(*pairs, pools=[pool(8, 4)])
    assert told(result, "gpu-shortage")
    assert not told(result, "gpu-deadlock")


@pytest.mark.parametrize(("level", "said"), [("restricted", True), ("baseline", False), ("privileged", False)])
def test_a_namespace_that_enforces_more(level: str, said: bool, deployment: Make, compared: Make) -> None:
    obj = deployment(surge=0, unavailable=1)
    obj["metadata"]["namespace"] = "llm"
    spaces = [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "llm", "labels": labels}}
        for labels in ({}, {"pod-security.kubernetes.io/enforce": level})
    ]
    found = told(compared([obj, spaces[0]], [obj, spaces[1]]), "rollout-stuck")
    assert [severity for severity, _, _ in found] == (["warning"] if said else [])


def test_a_namespace_that_enforces_what_an_annotation_is_beyond(deployment: Make, review: Make) -> None:
    """k8s.io/pod-security-admission, policy/check_appArmorProfile.go: AppArmor's annotation of before Kubernetes 1.30."""
    space = {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": "llm", "labels": {"pod-security.kubernetes.io/enforce": "baseline"}},
    }
    for profile, severities in (("unconfined", ["error"]), ("runtime/default", [])):
        old, new = deployment(surge=0, unavailable=1), deployment(surge=0, unavailable=1, image="v2")
        for each in (old, new):
            each["metadata"]["namespace"] = "llm"
        annotations = {"container.apparmor.security.beta.kubernetes.io/vllm": profile}
        new["spec"]["template"]["metadata"] = {**new["spec"]["template"]["metadata"], "annotations": annotations}
        found = told(review((old, new), stays=[space]), "rollout-stuck")
        assert [severity for severity, _, _ in found] == severities


def test_a_scaler_whose_least_grows_may_change_nothing(deployment: Make, compared: Make) -> None:
    def scaler(least: int) -> Object:
        target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama"}
        spec = {"scaleTargetRef": target, "minReplicas": least, "maxReplicas": 8}
        return {
            "apiVersion": "autoscaling/v2",
            "kind": "HorizontalPodAutoscaler",
            "metadata": {"name": "h"},
            "spec": spec,
        }

    obj = deployment(replicas=None, surge=0, unavailable=1)
    result = compared([obj, scaler(1)], [obj, scaler(6)], load_seconds={"llama": 300})
    [rollout] = result.rollouts
    assert (rollout.replicas, rollout.replicas_max) == (6, 8)
    assert (rollout.seconds, rollout.seconds_min, rollout.seconds_max) == (None, 0, 300)


def hpa(name: str, most: int = 4) -> Object:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "llama"}
    spec = {"scaleTargetRef": target, "minReplicas": 1, "maxReplicas": most}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": name}, "spec": spec}


def test_replicas_that_nobody_states_stay_when_their_scaler_goes(deployment: Make, compared: Make) -> None:
    """No manifest owns the field: an apply leaves it as the scaler left it."""
    silent = deployment(replicas=None, surge=0, unavailable=1)
    pools = (Pool("h100", "nvidia.com/gpu", 8, 8),)
    result = compared([silent, hpa("h")], [silent], pools=pools)
    assert [
        (severity, "they stay what it gave last" in said) for severity, _, said in told(result, "scaler-handover")
    ] == [("warning", True)]
    assert result.rollouts == ()
    assert [(row.after, row.after_max) for row in result.gpus] == [(1, 4)]
    stated = deployment(replicas=2, surge=0, unavailable=1)
    [(_, _, message)] = told(compared([silent, hpa("h")], [stated]), "scaler-handover")
    assert "the apply sets 2 replicas" in message


def test_a_second_scaler(deployment: Make, compared: Make) -> None:
    silent = deployment(replicas=None, surge=0, unavailable=1)
    result = compared([silent, hpa("h")], [silent, hpa("h"), hpa("i")])
    assert [severity for severity, _, _ in told(result, "scaler-handover")] == ["warning"]
    assert told(compared([silent, hpa("h"), hpa("i")], [silent, hpa("h"), hpa("i", 5)]), "scaler-handover") == []


def claiming(deployment: Make, *, count: int | None = 1) -> list[Object]:
    obj = deployment(gpus=0, surge=0, unavailable=1)
    obj["spec"]["template"]["spec"]["resourceClaims"] = [{"name": "gpu", "resourceClaimTemplateName": "one"}]
    requests = [{"name": "g", "exactly": {"deviceClassName": "gpu.nvidia.com", "count": count}}]
    template = {
        "apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaimTemplate", "metadata": {"name": "one"},
        "spec": {"spec": {"devices": {"requests": requests}}},
    }  # fmt: skip
    return [obj] if count is None else [obj, template]


def test_templates_of_claims(deployment: Make, compared: Make) -> None:
    """They cannot change (pkg/apis/resource/validation), and without one no further pod starts."""
    grown = compared(claiming(deployment), claiming(deployment, count=2))
    assert [subject for _, subject, _ in told(grown, "immutable-field")] == ["ResourceClaimTemplate/one"]
    [(severity, subject, message)] = told(
        compared(claiming(deployment), claiming(deployment, count=None)), "unreachable"
    )
    assert (severity, subject) == ("error", "Deployment/llama")
    assert "claim by it" in message
