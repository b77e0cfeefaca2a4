"""An environment that goes, or all of its models: one risk, which names them, and what to do by who made the objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import pytest

from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts
from llmstack.review.result import Risk
from llmstack.review.surroundings import Surroundings

Make = Callable[..., Any]
Object = dict[str, Any]


def models(deployment: Make, *names: str, replicas: int = 2) -> list[Object]:
    found = []
    for name in names:
        obj = deployment(name, replicas)
        obj["metadata"]["labels"]["model"] = name
        found.append(obj)
    return found


def router(deployment: Make) -> Object:
    obj: Object = deployment("router", gpus=0)
    obj["metadata"]["labels"]["app.kubernetes.io/component"] = "router"
    return obj


def removals(before: Sequence[Object], after: Sequence[Object], **near: Any) -> list[Risk]:
    around = Surroundings(**{"environment": "prod", **near})
    review = assess(
        compare({"u": before}, {"u": after}), before, after, Facts(), Facts(), date(2026, 1, 1), near=around
    )
    return [risk for risk in review.risks if risk.id == "removal"]


def test_no_model_is_left(deployment: Make) -> None:
    [risk] = removals(models(deployment, "a", "b"), [])
    assert (risk.object, risk.amount, str(risk.severity)) == ("Environment/prod", 4, "error")
    assert risk.message == "no model is left in the environment: `a`, `b` go"
    assert risk.advice.startswith("Look at the merge: an empty modelSpec replaces the list.")
    [risk] = removals([*models(deployment, "a"), router(deployment)], [])
    assert risk.message == "no model is left in the environment: `a`, `router` go and what is around them"


def test_more_than_six_are_counted(deployment: Make) -> None:
    [risk] = removals(models(deployment, *"abcdef"), [])
    assert risk.message.endswith("environment: `a`, `b`, `c`, `d`, `e`, `f` go")
    [risk] = removals(models(deployment, *"abcdefgh"), [])
    assert risk.message.endswith("environment: `a`, `b`, `c`, `d`, `e`, `f` and 2 more go")


def test_where_a_model_is_left_each_is_told_by_itself(deployment: Make) -> None:
    a, b, c = models(deployment, *"abc")
    found = removals([a, b, c], [c])
    assert [(risk.object, str(risk.severity), risk.amount) for risk in found] == [
        ("Deployment/a", "warning", 2), ("Deployment/b", "warning", 2),
    ]  # fmt: skip
    assert found[0].message == "model `a` goes with 2 replicas and 2 GPUs, and nothing takes its place"
    assert [risk.object for risk in removals([a], [], environment="")] == ["Deployment/a"], "a stream is none"
    [alone] = removals([router(deployment), a], [a])
    assert alone.message == "the router goes with 1 replica: the Service that clients call has nothing behind it"
    assert str(alone.severity) == "error"
    assert removals([a], [a]) == []


def test_an_engine_that_its_own_controller_makes_may_take_the_place(deployment: Make) -> None:
    pod = {"containers": [{"name": "c", "image": "vllm/vllm-openai:v1", "command": ["vllm", "serve", "m"]}]}
    widget = {
        "apiVersion": "example.com/v1",
        "kind": "Widget",
        "metadata": {"name": "w"},
        "spec": {"template": {"spec": pod}},
    }
    [risk] = removals(models(deployment, "a"), [widget])
    assert risk.object == "Deployment/a"
    assert risk.message.endswith("and nothing that can be judged takes its place")


@pytest.mark.parametrize(
    ("near", "message", "advice"),
    [
        (
            {"goes": True}, "the environment goes, with all that it runs: `a`",
            "If it is meant, acknowledge it in values/base.yaml, in the commit before, at Environment/prod.",
        ),
        (
            {"goes": True, "renamed_to": "live"},
            "the environment goes, with all that it runs, and `live` brings objects of the same names, which load again "
            "from nothing: `a`",
            "See the order of commits for the cluster: keep the objects first, then rename.",
        ),
        (
            {"has_values": False}, "no model is left in the environment: `a` goes",
            "If it is meant, acknowledge it in the file of --gitops, at Environment/stream.",
        ),
    ],
)  # fmt: skip
def test_why_an_environment_goes(near: Any, message: str, advice: str, deployment: Make) -> None:
    [risk] = removals(models(deployment, "a"), [], **near)
    assert (risk.message, risk.advice) == (message, advice)


def test_a_router_is_known_by_what_it_is_told(deployment: Make) -> None:
    plain = deployment("front", gpus=0)
    plain["spec"]["template"]["spec"]["containers"][0]["args"] = ["--service-discovery", "k8s"]
    llama = models(deployment, "a")
    [risk] = removals([plain, *llama], llama)
    assert risk.message.startswith("the router goes with 1 replica")
