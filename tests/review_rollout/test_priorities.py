"""Pods of a higher priority end those below where no GPU is free: then a rollout goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.facts.cluster import ClusterFacts, PriorityClass
from llmstack.review.result import EnvironmentReview

Make = Callable[..., Any]
SURGE = {"surge": 1, "unavailable": 0, "replicas": 2}


def priority(name: str, value: int, **more: Any) -> dict[str, Any]:
    head = {"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": {"name": name}}
    return head | {"value": value, **more}


CLASSES = (priority("hi", 1000), priority("lo", 10))


@pytest.fixture
def model(deployment: Make) -> Make:
    def made(name: str, of: str | None, image: str = "v1", **spec: Any) -> Any:
        obj = deployment(name=name, image=image, **(SURGE | spec))
        if of is not None:
            obj["spec"]["template"]["spec"]["priorityClassName"] = of
        return obj

    return made


def rolled(review: EnvironmentReview) -> dict[str, tuple[int | None, ...]]:
    return {each.name: (each.seconds, each.seconds_min, each.seconds_max, each.min_ready) for each in review.rollouts}


def hangs(review: EnvironmentReview) -> list[str]:
    return [subject.partition("/")[2] for _, subject, _ in told(review, "gpu-deadlock")]


LOADS = {"hi": 300, "lo": 300, "a": 300}


def test_a_rollout_ends_pods_below_it_and_goes_on(model: Make, review: Make, pool: Make) -> None:
    result = review(
        (model("hi", "hi"), model("hi", "hi", "v2")), pools=[pool(4)], stays=[model("lo", "lo"), *CLASSES], loads=LOADS
    )
    assert (hangs(result), rolled(result)) == ([], {"hi": (None, 600, 660, 2)})
    assert [(severity, subject) for severity, subject, _ in told(result, "preemption")] == [
        ("warning", "Deployment/lo")
    ]


@pytest.mark.parametrize(
    ("classes", "ours", "theirs", "stuck"),
    [
        (CLASSES, "lo", "hi", ["hi"]),  # those below wait
        (CLASSES, "hi", "hi", ["hi"]),
        ((priority("hi", 1000, preemptionPolicy="Never"), CLASSES[1]), "hi", "lo", ["hi"]),
        ((priority("hi", 1000),), "hi", None, []),  # none named: 0
        ((priority("hi", 1000), priority("d", 2000, globalDefault=True)), "hi", None, ["hi"]),
        ((), "hi", "lo", ["hi"]),  # nobody knows the classes
    ],
)
def test_who_ends_whom(
    classes: Any, ours: str | None, theirs: str | None, stuck: list[str], model: Make, review: Make, pool: Make
) -> None:
    stays = [model("lo", theirs), *classes]
    assert hangs(review((model("hi", ours), model("hi", ours, "v2")), pools=[pool(4)], stays=stays)) == stuck


def scaler(most: int) -> dict[str, Any]:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "hi"}, "minReplicas": 1, "maxReplicas": most}
    return {"apiVersion": "autoscaling/v2", "kind": "HorizontalPodAutoscaler", "metadata": {"name": "hi"}, "spec": spec}


@pytest.mark.parametrize(("before", "after", "ended"), [(4, 4, 0), (2, 4, 1), (2, 2, 0), (6, 4, 0)])
def test_what_scalers_may_end_at_their_most_is_told_where_it_grows(
    before: int, after: int, ended: int, model: Make, review: Make, pool: Make
) -> None:
    pair = tuple(model("hi", "hi", image, replicas=None, surge=0, unavailable=1) for image in ("v1", "v2"))
    result = review(
        pair, (scaler(before), scaler(after)), pools=[pool(4)], stays=[model("lo", "lo"), *CLASSES], loads=LOADS
    )
    found = [(subject, "with scalers at their most, " in message) for _, subject, message in told(result, "preemption")]
    assert found == [("Deployment/lo", True)] * ended


def test_classes_that_facts_know(model: Make, review: Make, pool: Make) -> None:
    known = ClusterFacts(date(2026, 1, 1), priority_classes=(PriorityClass("hi", 1000), PriorityClass("lo", 10)))
    pair = model("hi", "hi"), model("hi", "hi", "v2")
    result = review(pair, pools=[pool(4)], stays=[model("lo", "lo")], facts={"cluster": known})
    assert hangs(result) == []
    assert [subject for _, subject, _ in told(result, "preemption")] == ["Deployment/lo"]


def test_those_below_hang_beside_those_that_go_on(model: Make, review: Make, pool: Make) -> None:
    pairs = [(model(name, name), model(name, name, "v2")) for name in ("hi", "lo")]
    result = review(*pairs, pools=[pool(4)], stays=[*CLASSES], loads=LOADS)
    assert (hangs(result), rolled(result)["hi"]) == (["lo"], (None, 600, 660, 2))


def test_a_workload_that_rises_ends_old_pods_of_its_own(model: Make, review: Make, pool: Make) -> None:
    result = review((model("a", "lo"), model("a", "hi")), pools=[pool(2)], stays=[*CLASSES], loads=LOADS)
    assert (hangs(result), rolled(result)["a"][3]) == ([], 1)


def test_a_class_that_the_cluster_was_seen_to_have(model: Make, review: Make) -> None:
    pair = model("a", None), model("a", "hi")
    for there, said in ((("hi",), []), ((), ["(it had none when it was looked at)"])):
        known = ClusterFacts(date(2026, 1, 1), exists={"priorityClasses": there})
        messages = [message for _, _, message in told(review(pair, facts={"cluster": known}), "not-judged")]
        assert [part in message for part, message in zip(said, messages, strict=True)] == [True] * len(said)


@pytest.mark.parametrize(
    ("before", "after", "stuck"),
    [
        ([], [priority("standard", 10, globalDefault=True)], []),
        ([priority("standard", 10, globalDefault=True)], [], ["a"]),
        ([priority("standard", 10, globalDefault=True)], [priority("higher", 20, globalDefault=True)], []),
        (
            [priority("standard", 10, globalDefault=True)],
            [priority("standard", 20, globalDefault=True)],
            ["a"],
        ),  # fixed
        ([priority("standard", 10, globalDefault=True)], [priority("standard", 10, globalDefault=True)], ["a"]),
        ([], [priority("standard", -10, globalDefault=True)], ["a"]),
    ],
)
def test_pods_that_stay_keep_the_default_of_their_day(
    before: list[Any], after: list[Any], stuck: list[str], model: Make, compared: Make, pool: Make
) -> None:
    """kubernetes.io, "Pod Priority and Preemption": another default changes no pod that is there."""
    sides = ([model("a", None), model("b", None), *before], [model("a", None, "v2"), model("b", None), *after])
    found = compared(*sides, pools=(pool(4, 4),), load_seconds=LOADS)
    lost = [subject for _, subject, message in told(found, "preemption") if "replica" in message]
    assert (hangs(found), lost) == (stuck, [] if stuck else ["Deployment/b"])


@pytest.mark.parametrize(
    ("hi", "lo", "goes_on", "lost"),
    [(4, 2, True, 2), (3, 2, True, 1), (6, 2, False, 2), (4, 3, True, 3), (2, 3, None, 0)],
)
def test_who_goes_on_where_the_pool_is_too_small_for_all(
    hi: int, lo: int, goes_on: bool | None, lost: int, model: Make, review: Make, pool: Make
) -> None:
    """Two each of four GPUs; what is above takes what it asks for, and what is below waits for ever."""
    pairs = [
        (model(name, name, surge=0, unavailable=1), model(name, name, surge=0, unavailable=1, replicas=number))
        for name, number in (("hi", hi), ("lo", lo))
    ]
    result = review(*[pair for pair in pairs if pair[0] != pair[1]], pools=[pool(4)], loads=LOADS,
                    stays=[*CLASSES, *(pair[0] for pair in pairs if pair[0] == pair[1])])  # fmt: skip
    found = rolled(result)
    short = {subject for _, subject, _ in told(result, "gpu-shortage")}
    assert ("Deployment/hi" in short, found["hi"][1] if "hi" in found else None) == (
        goes_on is False, 300 if goes_on else None,
    )  # fmt: skip
    assert short
    assert [risk.amount for risk in result.risks if risk.id == "preemption"] == ([lost] if lost else [])
    if "lo" in found:
        assert found["lo"][3] == (0 if lost == lo else 2)
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (True, True)


def test_one_that_comes_below_a_rollout_waits_and_ends_nothing(model: Make, review: Make, pool: Make) -> None:
    """Four replicas that restart one by one in a full pool, and a model of a lower priority that is new."""
    strategy = {"replicas": 4, "surge": 0, "unavailable": 1}
    pair = [model("hi", "hi", image, **strategy) for image in ("v1", "v2")]
    new = None, model("lo", "lo", replicas=1, surge=0, unavailable=1)
    result = review((pair[0], pair[1]), new, pools=[pool(4)], stays=CLASSES, loads=LOADS)
    assert told(result, "preemption") == []
    assert [subject for _, subject, _ in told(result, "gpu-shortage")] == ["Deployment/lo"]
    assert rolled(result)["hi"] == (None, 1320, 1440, 3)
