"""`diff` with facts of the cluster: what no values declare decides, and is judged; values that do declare it win."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from tests.sync.repository import FLUX, Repository, model, new_repository

Review = dict[str, Any]
FACTS = "facts/clusters/c1.yaml"


def values(*models: dict[str, Any], capacity: list[dict[str, Any]] | None = None, **gitops: Any) -> dict[str, Any]:
    """An environment that declares no pool, and no load time."""
    given = list(models) or [plain(), plain("qwen")]
    pools = {"capacity": capacity} if capacity is not None else {}
    return {
        "servingEngineSpec": {"modelSpec": given},
        "gitops": {"namespace": "llm", "sync": dict(FLUX), **pools, **gitops},
    }


def plain(name: str = "llama", **more: Any) -> dict[str, Any]:
    return {**model(name, **more), "gitops": more.get("gitops", {})}


def facts(*groups: dict[str, Any], day: str = "2099-01-01", **more: Any) -> str:
    return yamlio.dump({"date": day, "nodes": list(groups), **more})


def group(count: int = 1, per_node: int = 8, **more: Any) -> dict[str, Any]:
    allocatable = {"cpu": "96", "memory": "700Gi", "nvidia.com/gpu": per_node}
    free = {"others": {"free": more.pop("free")}} if "free" in more else {}
    labels = {"nvidia.com/gpu.product": "NVIDIA-H100-80GB-HBM3"}
    return {"group": "h100", "count": count, "cordoned": 0, "labels": labels, "taints": [],
            "allocatable": allocatable, **free, **more}  # fmt: skip


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return new_repository(tmp_path_factory.mktemp("facts") / "repository", prod=values())


@pytest.fixture
def one(start: Repository, tmp_path: Path) -> Repository:
    return start.copy(tmp_path / "repository")


def risks(review: Review) -> dict[str, str]:
    return {risk["id"]: risk["severity"] for risk in review["envs"]["prod"]["risks"]}


SIX = [plain(replicaCount=6), plain("qwen")]
MORE = [plain(replicaCount=3), plain("qwen")]
SPARE: dict[str, Any] = {"strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}}
BUMPED = [plain(tag="v0.12.0", **SPARE), plain("qwen", tag="v0.12.0", **SPARE)]
HEAVY = [plain(replicaCount=3, requestMemory="300Gi"), plain("qwen")]
TAINT: dict[str, Any] = {"taints": [{"key": "dedicated", "value": "training", "effect": "NoSchedule"}]}

DECIDES: dict[str, tuple[list[dict[str, Any]], str, str, str]] = {
    "too few nodes": (SIX, facts(group(per_node=4)), "gpu-shortage", "error"),
    "another tenant": (SIX, facts(group(free={4: 1})), "gpu-shortage", "error"),
    "a cordoned node": (SIX, facts(group(count=2, per_node=4, cordoned=1)), "gpu-shortage", "error"),
    "no spare GPU": (BUMPED, facts(group(per_node=4)), "gpu-deadlock", "error"),
    "no spare GPU beside another tenant": (BUMPED, facts(group(free={4: 1})), "gpu-deadlock", "error"),
    "a taint": (MORE, facts(group(**TAINT)), "rollout-stuck", "error"),
    "memory of a node": (HEAVY, facts(group()), "rollout-stuck", "error"),
    "a pod larger than a node": (
        [plain(requestMemory="900Gi"), plain("qwen")],
        facts(group()),
        "rollout-stuck",
        "error",
    ),
}
"""A change, the facts that decide it, and what is said of it then."""


@pytest.mark.parametrize("case", DECIDES)
def test_what_a_fact_decides_is_judged(case: str, one: Repository) -> None:
    models, text, id, severity = DECIDES[case]
    one.values(prod=values(*models))
    without = one.review()["envs"]["prod"]
    assert {risk["severity"] for risk in without["risks"] if risk["id"].startswith("gpu-")} == set()
    assert all(row["capacity"] is None and row["deadlock"] is None for row in without["gpus"])
    one.file(FACTS, text)
    assert risks(one.review()).get(id) == severity


@pytest.mark.parametrize(
    "text",
    [
        facts(group()),
        facts(group(count=2, per_node=4, cordoned=0)),
        facts(group(taints=[{"key": "dedicated", "value": "llm", "effect": "PreferNoSchedule"}])),
    ],
)
def test_where_there_is_room_nothing_is_said(text: str, one: Repository) -> None:
    one.file(FACTS, text)
    one.commit()
    one.values(prod=values(*SIX))
    review = one.review()
    assert not risks(review).keys() & {"gpu-shortage", "gpu-deadlock", "rollout-stuck", "unknown-capacity"}
    [row] = review["envs"]["prod"]["gpus"]
    assert (row["pool"], row["capacity"], row["peak"], row["deadlock"]) == ("h100", 8, 8, False)


def test_where_pods_that_stay_are_on_closed_nodes_or_not_decides_there_is_no_verdict(one: Repository) -> None:
    one.values(prod=values(plain(replicaCount=3), plain("qwen")))
    one.file(FACTS, facts(group(count=2, per_node=4, cordoned=1)))
    [row] = one.review()["envs"]["prod"]["gpus"]
    assert (row["capacity"], row["after"], row["deadlock"]) == (4, 5, None)


def test_a_toleration_lets_pods_in(one: Repository) -> None:
    tolerating = [{"key": "dedicated", "operator": "Equal", "value": "training", "effect": "NoSchedule"}]
    given = values(*MORE)
    given["servingEngineSpec"]["tolerations"] = tolerating
    one.values(prod=given)
    one.file(FACTS, facts(group(**TAINT)))
    assert "rollout-stuck" not in risks(one.review())


def test_nodes_that_pods_may_not_use_are_left_out(one: Repository) -> None:
    one.values(prod=values(*SIX))
    shut = {**group(**TAINT), "group": "h100-2"}
    one.file(FACTS, facts(group(per_node=4), shut))
    review = one.review()
    assert risks(review)["gpu-shortage"] == "error"
    assert [(row["pool"], row["capacity"]) for row in review["envs"]["prod"]["gpus"] if row["after"]] == [("h100", 4)]


def test_pods_that_may_use_other_nodes_each_are_not_judged(one: Repository) -> None:
    choosy = plain(replicaCount=6, nodeSelectorTerms=[{"matchExpressions": [
        {"key": "nvidia.com/gpu.product", "operator": "In", "values": ["NVIDIA-L40S"]}]}])  # fmt: skip
    one.values(prod=values(choosy, plain("qwen")))
    other = {**group(per_node=4), "group": "l40s", "labels": {"nvidia.com/gpu.product": "NVIDIA-L40S"}}
    one.file(FACTS, facts(group(per_node=4), other))
    [row] = one.review()["envs"]["prod"]["gpus"]
    assert (row["pool"], row["capacity"], row["deadlock"]) == ("h100+l40s", 8, None)


DECLARED = [{"pool": "h100", "count": 16, "perNode": 8}]


def test_a_declared_size_wins_and_others_still_hold_theirs(one: Repository) -> None:
    one.values(prod=values(*SIX, capacity=DECLARED))
    one.file(FACTS, facts(group(free={3: 1})))
    [row] = one.review()["envs"]["prod"]["gpus"]
    assert row["capacity"] == 11


def _slower(image: str, median: int, worst: int) -> str:
    load = {"model": "llama", "image": image, "seconds": {"median": median, "worst": worst, "of": 4}}
    return facts(group(), loads=[load])


@pytest.mark.parametrize(
    ("text", "seconds", "basis"),
    [
        (facts(group()), None, "assumed"),
        (_slower("vllm/vllm-openai:v0.12.0", 340, 340), 340, "exact"),
        (_slower("vllm/vllm-openai:v0.12.0", 340, 410), 340, "assumed"),
        (_slower("vllm/vllm-openai:v0.11.2", 340, 340), 340, "assumed"),
    ],
)
def test_a_measured_load_time_makes_a_range_a_number(
    text: str, seconds: int | None, basis: str, one: Repository
) -> None:
    one.values(prod=values(plain(tag="v0.12.0", replicaCount=2), plain("qwen")))
    one.file(FACTS, text)
    [rollout] = one.review()["envs"]["prod"]["rollouts"]
    assert rollout["basis"]["seconds"] == basis
    assert (rollout["seconds"] is None) == (seconds is None)
    if seconds is not None:
        assert seconds * 2 <= rollout["seconds"] <= seconds * 2 + 120


def test_a_deadline_that_the_worst_start_breaks_is_found(one: Repository) -> None:
    probe: dict[str, Any] = {
        "startupProbe": {"periodSeconds": 10, "failureThreshold": 38, "httpGet": {"path": "/health", "port": 8000}}
    }
    one.values(prod=values(plain(tag="v0.12.0", **probe), plain("qwen")))
    assert "deadline-too-short" not in risks(one.review())
    one.file(FACTS, _slower("vllm/vllm-openai:v0.12.0", 340, 410))
    assert risks(one.review())["deadline-too-short"] == "warning"


def test_a_load_time_of_the_values_wins(one: Repository) -> None:
    one.values(prod=values(plain(tag="v0.12.0", gitops={"loadTime": "60s"}), plain("qwen")))
    one.file(FACTS, _slower("vllm/vllm-openai:v0.12.0", 340, 410))
    [rollout] = one.review()["envs"]["prod"]["rollouts"]
    assert rollout["seconds"] < 340


@pytest.mark.parametrize(
    ("classes", "severity"),
    [
        ([{"name": "fast", "default": True, "expands": False}], "error"),
        ([{"name": "fast", "default": True, "expands": True}], None),
        ([{"name": "fast", "default": False, "expands": False}], None),
    ],
)
def test_a_claim_grows_where_its_class_lets_it(
    classes: list[dict[str, Any]], severity: str | None, one: Repository
) -> None:
    one.values(prod=values(plain(pvcStorage="50Gi"), plain("qwen")))
    one.file(FACTS, facts(group(), storageClasses=classes))
    one.commit()
    one.values(prod=values(plain(pvcStorage="80Gi"), plain("qwen")))
    assert risks(one.review()).get("immutable-field") == severity


def test_flux_works_on_as_many_units_as_facts_say(one: Repository) -> None:
    models = [plain(name, gitops={"loadTime": "5m"}) for name in ("llama", "qwen")]
    one.values(prod=values(*models))
    one.commit()
    one.values(prod=values(*(plain(each["name"], tag="v0.12.0", gitops={"loadTime": "5m"}) for each in models)))
    one.file(FACTS, facts(group()))
    together = one.review()["clusters"]["c1"]["seconds"]
    one.file(FACTS, facts(group(), flux={"concurrent": 1}))
    assert one.review()["clusters"]["c1"]["seconds"] > together


def test_old_facts_are_said(one: Repository) -> None:
    one.file(FACTS, facts(group(), day="2020-01-01"))
    one.commit()
    one.values(prod=values(*MORE))
    review = one.review()
    assert risks(review)["stale-facts"] == "warning"
    assert [risk["object"] for risk in review["clusters"]["c1"]["risks"] if risk["id"] == "stale-facts"] == [
        "Cluster/c1"
    ]
    one.values(prod=values(*MORE, factsMaxAge="9999d"))
    assert "stale-facts" not in risks(one.review())


def test_a_change_of_facts_alone_is_reviewed_and_changes_no_manifest(one: Repository) -> None:
    one.file(FACTS, facts(group()))
    one.commit()
    one.file(FACTS, facts(group(per_node=2)))
    review = one.review()["envs"]["prod"]
    assert (review["objects"], review["rollouts"]) == ([], [])
    assert [row["capacity"] for row in review["gpus"]] == [2]
    assert {risk["id"] for risk in review["risks"]} == {"gpu-shortage"}
    one.llmstack("gen", "--check")


def test_the_later_dated_facts_of_both_sides_are_used(one: Repository) -> None:
    one.file(FACTS, facts(group(per_node=4), day="2099-01-02"))
    one.commit()
    one.file(FACTS, facts(group(), day="2099-01-01"))
    one.values(prod=values(*SIX))
    assert [row["capacity"] for row in one.review()["envs"]["prod"]["gpus"]] == [4]


@pytest.mark.parametrize("path", ["facts/models/r--m.yaml", "facts/engines/prod--llama.yaml"])
def test_facts_of_models_and_engines_that_cannot_be_read_are_said(path: str, one: Repository) -> None:
    one.values(prod=values(plain(replicaCount=6, modelURL="r/m"), plain("qwen")))
    one.file(path, "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n")
    text = one.llmstack("diff", "HEAD")
    assert "error[bad-facts]: the facts cannot be read: holds an unresolved merge conflict" in text
    assert f"--> {path}:2" in text


def test_facts_that_cannot_be_read_are_said_and_left_out(one: Repository) -> None:
    one.file(FACTS, "date: soon\n")
    one.values(prod=values(*SIX))
    text = one.llmstack("diff", "HEAD")
    assert "bad-facts" in text
    assert "facts/clusters/c1.yaml:1" in text
    assert [row["capacity"] for row in one.review()["envs"]["prod"]["gpus"]] == [None]


def test_gen_and_render_never_read_facts(one: Repository) -> None:
    before = one.llmstack("render", "prod")
    one.file(FACTS, facts(group()))
    assert one.llmstack("render", "prod") == before
    one.file(FACTS, "no facts at all: [")
    assert one.llmstack("render", "prod") == before
    one.llmstack("gen", "--check")
    assert one.run("git", "status", "--porcelain").split() == ["??", "facts/"]


def told(one: Repository, check: Callable[[str], bool]) -> bool:
    return check(one.llmstack("diff", "HEAD"))


def test_the_text_says_why_a_pool_has_less(one: Repository) -> None:
    one.values(prod=values(*SIX))
    one.file(FACTS, facts(group(count=2, free={3: 1}, cordoned=1)))
    assert told(one, lambda text: "3 of 16 (5 held by other tenants, 8 on nodes that take no pods)" in text)
