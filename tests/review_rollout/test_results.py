"""What a review answers itself, what runs at present, and claims that are to grow: small tables."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from llmstack.facts.cluster import ClusterFacts, StorageClass
from llmstack.finding import Severity
from llmstack.review.facts import Present
from llmstack.review.present import present_scale, unsettled
from llmstack.review.result import ClusterReview, EnvironmentReview, Review, Risk, RuleChange
from llmstack.review.storage import class_that_refuses


def environment(*risks: Risk) -> EnvironmentReview:
    return EnvironmentReview(objects=(), rollouts=(), gpus=(), risks=risks)


def risk(severity: Severity, *, acknowledged: bool = False) -> Risk:
    return Risk("outage", severity, "Deployment/a", "m", "a", None, acknowledged=acknowledged)


@pytest.mark.parametrize(
    ("found", "levels"),
    [
        (risk(Severity.ERROR), {"error", "warning"}),
        (risk(Severity.WARNING), {"warning"}),
        (risk(Severity.NOTE), set()),
        (risk(Severity.ERROR, acknowledged=True), set()),
    ],
)
def test_what_a_review_fails_at(found: Risk, levels: set[str]) -> None:
    cluster = ClusterReview(environments=("prod",), gpus=(), seconds=0, risks=(found,))
    of_environment = Review("a", "b", {"dev": environment(), "prod": environment(found)})
    of_cluster = Review("a", "b", {"prod": environment()}, {"east": cluster})
    for review in (of_environment, of_cluster):
        assert {level for level in ("error", "warning", "never") if review.fails(level)} == levels


def test_a_review_of_one_environment() -> None:
    rules = tuple(RuleChange("check", name, "x") for name in ("", "dev", "prod"))
    clusters = {
        name: ClusterReview(environments=names, gpus=(), seconds=0)
        for name, names in (("a", ("dev", "prod")), ("b", ("dev",)))
    }
    review = Review("x", "y", {"dev": environment(), "prod": environment()}, clusters, rules=rules)
    narrow = review.narrowed("prod")
    assert (list(narrow.environments), list(narrow.clusters), narrow.only) == (["prod"], ["a"], "prod")
    assert [rule.environment for rule in narrow.rules] == ["", "prod"]


def test_the_replicas_that_scalers_have_given() -> None:
    least = {("Deployment", "llm", name): 1 for name in "abcd"}
    most = {("Deployment", "llm", name): 8 for name in "abc"}
    present = {
        ("Deployment", "llm", name): Present(replicas, replicas, replicas)
        for name, replicas in (("a", 3), ("b", 9), ("d", 5))
    }
    found = present_scale(least, most, present)
    assert found == {
        ("Deployment", "llm", "a"): 3,
        ("Deployment", "llm", "b"): 8,
        ("Deployment", "llm", "c"): 1,
        ("Deployment", "llm", "d"): 1,
    }


@pytest.mark.parametrize(
    ("there", "moves", "told"),
    [
        (Present(2, 2, 2), True, None), (Present(2, 1, 2), False, None), (Present(2, 2, 1), False, None),
        (Present(2, 1, 2), True, "1 of 2 replicas ready, 2 of the new template"),
        (Present(2, 2, 1), True, "2 of 2 replicas ready, 1 of the new template"),
        (Present(1, 1, 1, beyond=1), False, "1 of 1 replica ready, 1 of the new template, 1 pod beyond them on nodes"),
    ],
)  # fmt: skip
def test_a_rollout_that_goes_on(there: Present, moves: bool, told: str | None) -> None:
    found = list(
        unsettled({("Deployment", "llm", "a"): there}, {("Deployment" if moves else "StatefulSet", "llm", "a")})
    )
    expected = [] if told is None else [f"Deployment/a is in the middle of a rollout ({told}): figures start there"]
    assert [(each.id, each.message) for each in found] == [("not-settled", message) for message in expected]


@pytest.mark.parametrize(
    ("count", "beyond", "hangs", "before"), [(3, 0, False, 2), (3, 1, True, 3), (4, 1, False, 3), (4, 2, True, 4)]
)
def test_pods_that_leave_hold_their_gpus_meanwhile(
    count: int, beyond: int, hangs: bool, before: int, deployment: Any, review: Any, pool: Any
) -> None:
    pair = tuple(deployment(replicas=2, surge=1, unavailable=0, image=image) for image in ("v1", "v2"))
    present = {("Deployment", "", "llama"): Present(2, 2, 2, beyond=beyond)} if beyond else {}
    result = review(pair, pools=[pool(count)], loads={"llama": 300}, facts={"present": present})
    [row] = result.gpus
    assert (row.deadlock, row.certain, row.before, row.peak) == (hangs, False, before, max(3, before))
    told = [risk.message for risk in result.risks if risk.id == "gpu-deadlock"]
    assert [f"once pods that hold {beyond} more are gone" in message for message in told] == [True] * hangs


def claim(size: Any = "1Gi", name: str | None = None) -> dict[str, Any]:
    spec = {"resources": {"requests": {"storage": size}}} | ({"storageClassName": name} if name is not None else {})
    return {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "c"}, "spec": spec}


FAST, SLOW = StorageClass("fast", default=True, expands=False), StorageClass("slow", default=False, expands=True)
STILL = StorageClass("still", default=True, expands=False)


@pytest.mark.parametrize(
    ("before", "after", "classes", "refuses"),
    [
        (claim("1Gi", "fast"), claim("2Gi", "fast"), (FAST, SLOW), "fast"),
        (claim("1Gi"), claim("2Gi"), (FAST, SLOW), "fast"),
        (claim("1Gi", "slow"), claim("2Gi", "slow"), (FAST, SLOW), None),
        (claim("1Gi", "other"), claim("2Gi", "other"), (FAST, SLOW), None),
        (claim("1Gi"), claim("2Gi"), (FAST, STILL), None),
        (claim("2Gi"), claim("1Gi"), (FAST,), None),
        (claim("1Gi"), claim("1024Mi"), (FAST,), None),
        (claim("x"), claim("2Gi"), (FAST,), None),
        (claim("1Gi"), claim("x"), (FAST,), None),
        (claim("1Gi"), claim("2Gi"), None, None),
        (None, claim("2Gi"), (FAST,), None),
        (claim("1Gi"), None, (FAST,), None),
    ],
)  # fmt: skip
def test_a_class_that_lets_no_claim_grow(
    before: Any, after: Any, classes: Any, refuses: str | None, change: Any
) -> None:
    known = ClusterFacts(date(2026, 1, 1), storage_classes=classes)
    found = class_that_refuses(change(before, after), known)
    assert (found.name if found is not None else None) == refuses
    assert class_that_refuses(change(before, after), None) is None
