"""Workloads that go, rights that come, pools that nobody declared: the risks of a change of one environment."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review_rollout.values_review import reviewed, values

from llmstack.report.words import say_rollouts
from llmstack.review.facts import Pool
from llmstack.review.result import EnvironmentReview


def _risks(review: EnvironmentReview, id: str) -> list[tuple[str, str]]:
    return [(risk.object, str(risk.severity)) for risk in review.risks if risk.id == id]


def test_a_model_that_goes(review: Any, deployment: Any, pool: Any) -> None:
    result = review((deployment("a", 2), None), stays=[deployment("b")], pools=[pool(8)])
    assert [(each.name, each.replicas, each.gpus, each.by) for each in result.removed] == [("a", 2, 2, "")]
    assert _risks(result, "removal") == [("Deployment/a", "warning")]
    [removal] = [risk for risk in result.risks if risk.id == "removal"]
    assert removal.message == "model `a` goes with 2 replicas and 2 GPUs, and nothing takes its place"
    assert (removal.amount, removal.advice.partition(" ")[0]) == (2, "Put")


def test_the_router_that_goes(review: Any, deployment: Any) -> None:
    router = deployment("router", gpus=0)
    router["metadata"]["labels"]["app.kubernetes.io/component"] = "router"
    result = review((router, None), stays=[deployment("b")])
    assert _risks(result, "removal") == [("Deployment/router", "error")]


def test_a_model_that_another_workload_serves_does_not_go(review: Any, deployment: Any) -> None:
    old, new = deployment("a"), deployment("a")
    new["metadata"] = {**new["metadata"], "name": "a-new"}
    assert not review((old, None), (None, new)).removed


def serving(make: Any, name: str, replicas: int = 1, *ids: str) -> Any:
    """An engine that serves ids, by its arguments."""
    made = make(name, replicas)
    made["spec"]["template"]["spec"]["containers"][0]["command"] = [
        "vllm",
        "serve",
        "org/x",
        "--served-model-name",
        *ids,
    ]
    return made


BESIDE = "goes with 2 replicas and 2 GPUs, and what else serves `x` stays as it is"


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ((1, "x"), (1, "x"), BESIDE),  # which served the id before, and goes on as it was
        ((3, "x"), (2, "x"), BESIDE),
        ((1, "x"), (3, "x"), None),  # it takes over with more pods
        ((1, "y"), (1, "x", "y"), None),  # or begins to serve the id
        (None, (1, "x"), None),
        ((1, "y"), (1, "y"), "goes with 2 replicas and 2 GPUs, and nothing takes its place"),
        ((1, "x"), (1, "y"), "goes with 2 replicas and 2 GPUs, and nothing takes its place"),
    ],
)
def test_what_served_the_same_before_takes_no_place(
    before: Any, after: Any, message: str | None, review: Any, deployment: Any, pool: Any
) -> None:
    pair = tuple(serving(deployment, "b", *side) if side else None for side in (before, after))
    result = review((serving(deployment, "a", 2, "x"), None), pair, pools=[pool(8)])
    told = [(risk.message, str(risk.severity)) for risk in result.risks if risk.id == "removal"]
    assert told == ([(f"model `a` {message}", "warning")] if message else [])
    assert [each.name for each in result.removed] == (["a"] if message else [])


def elsewhere(made: Any) -> Any:
    return {**made, "metadata": {**made["metadata"], "namespace": "other"}}


def router(make: Any, name: str) -> Any:
    made = make(name, gpus=0)
    made["metadata"]["labels"]["app.kubernetes.io/component"] = "router"
    return made


@pytest.mark.parametrize(
    ("old", "new", "moved_from", "said"),
    [
        (serving, lambda make, name: make("b"), {"b": "a"}, "1 model is renamed"),
        (serving, lambda make, name: serving(make, "b", 1, "x"), {}, "1 model is renamed"),  # both serve the same id
        (serving, lambda make, name: elsewhere(serving(make, name, 1, "x")), {}, "1 model is made anew"),
        (router, lambda make, name: router(make, "b"), {}, "1 workload is made anew"),
        (serving, lambda make, name: serving(make, "b", 1, "y"), {}, "1 model is new"),
        (router, lambda make, name: serving(make, "b", 1, "y"), {}, "1 model is new"),
    ],
)
def test_what_comes_in_the_place_of_what_goes(
    old: Any, new: Any, moved_from: Any, said: str, review: Any, deployment: Any
) -> None:
    sides = old(deployment, "a", *(() if old is router else (1, "x"))), new(deployment, "a")
    result = review((sides[0], None), (None, sides[1]), facts={"moved_from": moved_from})
    assert say_rollouts(result.rollouts) == said
    assert bool(result.removed) is (said == "1 model is new")


@pytest.mark.parametrize(
    ("pools", "after", "told"),
    [
        ((), 2, [("Pool/nvidia.com/gpu", "warning")]),
        ((), 1, []),
        ((Pool("h100", "nvidia.com/gpu", 8),), 2, []),
    ],
)
def test_growth_in_a_pool_of_no_size_cannot_be_judged(
    pools: tuple[Pool, ...], after: int, told: list[tuple[str, str]], review: Any, deployment: Any
) -> None:
    result = review((deployment("a", 1), deployment("a", after, image="v2")), pools=pools)
    assert _risks(result, "unknown-capacity") == told


def test_pods_that_do_not_divide_usual_nodes_on_nodes_of_no_size_cannot_be_judged(
    review: Any, deployment: Any, pool: Any
) -> None:
    odd = deployment("a", 1, 6), deployment("a", 2, 6)
    assert _risks(review(odd, pools=[pool(16)]), "unknown-capacity") == [("Pool/h100", "warning")]
    assert not _risks(review(odd, pools=[pool(16, 8)]), "unknown-capacity")


def test_pods_of_several_sizes_on_nodes_of_no_size_cannot_be_judged(review: Any, deployment: Any, pool: Any) -> None:
    pair, stays = (deployment("a", 1, 4), deployment("a", 2, 4)), [deployment("b", 3)]
    assert _risks(review(pair, pools=[pool(16)], stays=stays), "unknown-capacity") == [("Pool/h100", "warning")]
    assert not _risks(review(pair, pools=[pool(16, 8)], stays=stays), "unknown-capacity")
    assert not _risks(review(pair, pools=[pool(16)]), "unknown-capacity")


def _role(name: str, **more: Any) -> dict[str, Any]:
    kind = "ClusterRoleBinding" if "roleRef" in more else "ClusterRole"
    return {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": kind, "metadata": {"name": name}, **more}


@pytest.mark.parametrize(
    ("object", "severity"),
    [
        (_role("admin", roleRef={"kind": "ClusterRole", "name": "cluster-admin"}, subjects=[]), "error"),
        (_role("all", rules=[{"verbs": ["*"], "resources": ["*"], "apiGroups": ["*"]}]), "error"),
        (_role("read", rules=[{"verbs": ["get"], "resources": ["pods"], "apiGroups": [""]}]), "warning"),
    ],
)
def test_rights_of_the_cluster(object: dict[str, Any], severity: str, review: Any) -> None:
    subject = f"{object['kind']}/{object['metadata']['name']}"
    assert _risks(review((None, object)), "privilege") == [(subject, severity)]
    relabelled = {**object, "metadata": {**object["metadata"], "labels": {"a": "b"}}}
    assert not _risks(review((object, relabelled)), "privilege")
    others = {key: [*value, {"kind": "User", "name": "eve"}] for key, value in object.items() if key == "subjects"}
    wider = {**object, **others, **({"rules": [*object["rules"], {"verbs": ["list"]}]} if "rules" in object else {})}
    assert _risks(review((object, wider)), "privilege") == [(subject, severity)]


def test_a_role_of_a_namespace_is_no_privilege(review: Any) -> None:
    role = {**_role("read", rules=[{"verbs": ["get"], "resources": ["pods"]}]), "kind": "Role"}
    assert not _risks(review((None, role)), "privilege")


def _values(*models: dict[str, Any], **gitops: Any) -> dict[str, Any]:
    return values(list(models) or None, gitops={**values()["gitops"], **gitops})


PAIR: dict[str, Any] = {"modelURL": "org/x", "lmcacheConfig": {"enabled": True, "enableNixl": True}}
SENDER, RECEIVER = (
    {**PAIR, "name": name, "lmcacheConfig": {**PAIR["lmcacheConfig"], "nixlRole": role, "nixlPeerHost": "x"}}
    for name, role in (("prefill", "sender"), ("decode", "receiver"))
)


@pytest.mark.parametrize(
    ("before", "after", "gone"),
    [
        (_values(), _values(namespace="ai"), []),
        (_values(), _values(release="x"), []),
        (_values({"name": "a", "modelURL": "org/x"}), _values({"name": "b", "modelURL": "org/x"}), []),
        (_values({"name": "a", "modelURL": "org/x"}), _values({"name": "b", "modelURL": "org/y"}), ["a"]),
        (
            {**_values(SENDER, RECEIVER), "routerSpec": {"routingLogic": "disaggregated_prefill"}},
            {**_values(SENDER), "routerSpec": {"routingLogic": "disaggregated_prefill"}},
            ["decode"],
        ),
    ],
    ids=["namespace", "release", "renamed, same id", "renamed, another id", "half of a pair"],
)
def test_what_takes_the_place_of_a_model(before: dict[str, Any], after: dict[str, Any], gone: list[str]) -> None:
    result = reviewed(before, after)
    assert [each.model for each in result.removed] == gone
    assert bool(_risks(result, "removal")) == bool(gone)
