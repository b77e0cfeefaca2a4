"""`diff --observed`: simulations start from what is: nodes, other tenants, scaled replicas, a rollout in progress."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests import forks
from tests.facts.test_diff import FACTS, SIX, facts, group, plain, risks, values
from tests.observed.support import Object, listed, meta, node, pod
from tests.sync.repository import Repository, new_repository

NAME = "llmstack-llama-deployment-vllm"


def deployment(replicas: int, available: int, updated: int, name: str = NAME) -> Object:
    status = {
        "replicas": replicas,
        "availableReplicas": available,
        "readyReplicas": available,
        "updatedReplicas": updated,
    }
    return {**meta("Deployment", name, "llm", resourceVersion="5"), "spec": {"replicas": replicas}, "status": status}


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("observed") / "repository", prod=values())


@pytest.fixture
def one(start: Repository, tmp_path: Path) -> Repository:
    return start.copy(tmp_path / "repository")


def look(one: Repository, *objects: Object, codes: tuple[int, ...] = (0,)) -> dict[str, Any]:
    one.file("now.json", listed(objects))
    return one.review("--observed", "now.json", codes=codes)


def prod(review: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = review["envs"]["prod"]
    return found


def test_nodes_and_tenants_of_now_decide(one: Repository) -> None:
    one.values(prod=values(*SIX))
    free = look(one, node("n1"), node("n2", unschedulable=True))
    assert not risks(free).keys() & {"gpu-shortage", "gpu-deadlock"}
    taken = look(one, node("n1"), pod("job", "research", on="n1", gpus=2))
    assert risks(taken)["gpu-shortage"] == "error"
    assert [row["capacity"] for row in prod(taken)["gpus"]] == [6]


def test_what_is_now_has_the_last_word_on_declared_sizes_and_on_facts(one: Repository) -> None:
    one.values(prod=values(*SIX, capacity=[{"pool": "h100", "count": 16, "perNode": 8}]))
    one.file(FACTS, facts(group(count=2)))
    assert [row["capacity"] for row in prod(one.review())["gpus"]] == [16]
    lost = look(one, node("n1", 4))
    assert [row["capacity"] for row in prod(lost)["gpus"]] == [4]
    assert risks(lost)["gpu-shortage"] == "error"


def test_nodes_without_pods_say_nothing_of_what_others_hold(one: Repository) -> None:
    one.values(prod=values(*SIX))
    one.commit()
    one.values(prod=values(*SIX[1:]))
    look(one, node("n1"))
    program = forks.command("diff", "HEAD", "--observed", "now.json")
    done = subprocess.run(program, cwd=one.root, capture_output=True, text=True, check=True)
    assert "note[kept-facts]: there are nodes and no pods in the input" in done.stderr


@pytest.mark.parametrize(
    ("known", "objects", "deadlock"),
    [
        (None, [node("n1")], None),
        (None, [node("n1"), pod("job", "research", on="n1", gpus=0)], False),
        (None, [node("n1", 4)], True),  # too few, whatever others hold
        (facts(group(free={8: 1})), [node("n1")], False),
        (facts(group(free={7: 1})), [node("n1")], True),
    ],
)
def test_nodes_without_pods_say_of_no_rollout_that_it_finishes(
    known: str | None, objects: list[Object], deadlock: bool | None, one: Repository
) -> None:
    if known is not None:
        one.file(FACTS, known)
    one.values(prod=values(*SIX))
    [row] = [each for each in prod(look(one, *objects))["gpus"] if each["after"]]
    assert row["deadlock"] is deadlock


KEDA: dict[str, Any] = {"keda": {"enabled": True, "minReplicaCount": 1, "maxReplicaCount": 8}}


def test_a_scaler_starts_from_the_replicas_that_it_has_given(one: Repository) -> None:
    scaled = [plain(**KEDA), plain("qwen")]
    one.values(prod=values(*scaled))
    one.commit()
    one.values(prod=values(plain(**KEDA, tag="v0.12.0"), plain("qwen")))
    [blind] = prod(one.review())["rollouts"]
    assert (blind["replicasMin"], blind["replicasMax"]) == (1, 8)
    [rollout] = prod(look(one, node("n1"), deployment(5, 5, 5)))["rollouts"]
    assert (rollout["replicas"], rollout["replicasMin"], rollout["replicasMax"]) == (5, 5, 8)
    assert rollout["minReady"] is not None


def test_a_rollout_in_progress_is_where_it_starts(one: Repository) -> None:
    one.values(prod=values(plain(replicaCount=4), plain("qwen")))
    one.commit()
    one.values(prod=values(plain(replicaCount=4, tag="v0.12.0"), plain("qwen")))
    [calm] = prod(look(one, node("n1"), deployment(4, 4, 4)))["rollouts"]
    [busy] = prod(look(one, node("n1"), deployment(4, 2, 1)))["rollouts"]
    assert (calm["minReady"], busy["minReady"]) == (3, 2)
    text = one.llmstack("diff", "HEAD", "--observed", "now.json")
    assert "in the middle of a rollout (2 of 4 replicas ready, 1 of the new template)" in text


@pytest.mark.parametrize(
    ("beyond", "deleted", "row"),
    [
        ([], None, (3, False, False)),
        (["b"], None, (4, True, False)),  # the surge of a rollout that goes on: it may hang as well
        (["b"], "2026-11-20T12:00:00Z", (4, True, False)),  # a pod that terminates holds its GPU until it is gone
        (["b", "c"], None, (5, True, False)),
    ],
)
def test_pods_beyond_the_replicas_hold_gpus(
    beyond: list[str], deleted: str | None, row: tuple[Any, ...], one: Repository
) -> None:
    """Two of llama, which needs a spare GPU, one of qwen, and what a rollout of that has beside it."""
    gentle = {"strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
    one.values(prod=values(plain(replicaCount=2, **gentle), plain("qwen", replicaCount=1)))
    one.commit()
    one.values(prod=values(plain(replicaCount=2, tag="v0.12.0", **gentle), plain("qwen", replicaCount=1)))
    other = "llmstack-qwen-deployment-vllm"
    owned = {"ownerReferences": [{"kind": "ReplicaSet", "name": f"{other}-x", "controller": True, "uid": "u"}]}
    there = []
    for name in ("a", *beyond):
        made = pod(f"{other}-x-{name}", on="n1", labels={"app.kubernetes.io/instance": "llmstack"})
        made["metadata"] |= owned | ({"deletionTimestamp": deleted} if deleted and name != "a" else {})
        there.append(made)
    found = prod(look(one, node("n1", 4), deployment(1, 1, 1, other), *there))
    [pool] = found["gpus"]
    assert (pool["before"], pool["deadlock"], pool["certain"]) == row
    messages = [risk["message"] for risk in found["risks"] if risk["id"] == "gpu-deadlock"]
    assert [f"once pods that hold {len(beyond)} more are gone" in each for each in messages] == [True] * bool(beyond)
    assert any(each["id"] == "not-settled" for each in found["findings"]) is bool(beyond)


def test_load_times_of_now_are_used_and_older_ones_stay(one: Repository) -> None:
    one.values(prod=values(plain(tag="v0.12.0"), plain("qwen")))
    labels = {"app.kubernetes.io/component": "engine", "app.kubernetes.io/name": "llama"}
    running = pod(NAME + "-1", on="n1", load=200, labels=labels)
    [rollout] = prod(look(one, node("n1"), running))["rollouts"]
    assert rollout["basis"]["seconds"] == "assumed"
    assert 400 <= rollout["seconds"] <= 520


def test_what_cannot_be_read_is_said_and_the_rest_counts(one: Repository) -> None:
    one.values(prod=values(*SIX))
    one.file("now.json", listed([node("n1", 4)]) + '\n{"kind": "Pod", "metadata"')
    assert risks(one.review("--observed", "now.json"))["gpu-shortage"] == "error"
    one.llmstack("diff", "HEAD", "--observed", "missing.json", codes=(5,))


def test_a_file_of_several_clusters_has_to_say_which(one: Repository) -> None:
    other = values(plain("other"))
    other["gitops"]["sync"]["cluster"] = "c2"
    one.values(prod=values(*SIX), test=other)
    one.file("now.json", listed([node("n1", 4)]))
    one.llmstack("diff", "HEAD", "--observed", "now.json", codes=(2,))
    review = one.review("--observed", "c1=now.json")
    capacity = {name: [row["capacity"] for row in env["gpus"]] for name, env in review["envs"].items()}
    assert capacity == {"prod": [4], "test": [None]}


def test_nothing_of_it_is_written(one: Repository) -> None:
    one.values(prod=values(*SIX))
    look(one, node("n1"), pod("job", "research", on="n1", gpus=2))
    assert json.loads((one.root / "now.json").read_text())
    assert not (one.root / "facts").exists()
