"""What a review knows of a cluster is said with its day, and nothing that is too old lets it say that all is well."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.facts.test_diff import FACTS, MORE, SIX, facts, group, plain, values
from tests.observed.support import listed, node, pod
from tests.sync.repository import Repository, new_repository

SAID = {
    "text": "facts of c1: facts/clusters/c1.yaml of 2026-11-20",
    "markdown": "- facts of `c1`: `facts/clusters/c1.yaml` of 2026-11-20",
    "html": "Facts of c1: facts/clusters/c1.yaml of 2026-11-20",
}


@pytest.fixture(scope="session")
def known(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    """A cluster whose facts may be of any age."""
    repository = new_repository(tmp_path_factory.mktemp("sources") / "repository", prod=values(factsMaxAge="9999d"))
    repository.file(FACTS, facts(group(), day="2026-11-20"))
    repository.commit()
    return repository


@pytest.fixture
def one(known: Repository, tmp_path: Path) -> Repository:
    return known.copy(tmp_path / "repository")


@pytest.mark.parametrize("format", SAID)
def test_the_facts_that_verdicts_go_by_are_named(format: str, one: Repository) -> None:
    one.values(prod=values(*MORE, factsMaxAge="9999d"))
    assert one.review()["clusters"]["c1"]["facts"] == {
        "file": FACTS, "date": "2026-11-20", "observed": None,
    }  # fmt: skip
    assert one.llmstack("diff", "--format", format).count(SAID[format]) == 1


def test_nothing_is_said_of_facts_where_nothing_is_judged_by_them(one: Repository) -> None:
    one.values(prod=values(plain(labels={}), plain("qwen"), factsMaxAge="9999d"))
    assert one.review()["clusters"].get("c1", {"facts": None})["facts"] is None
    assert "facts of" not in one.llmstack("diff", "--format", "text")


def test_without_facts_none_are_named(one: Repository) -> None:
    (one.root / FACTS).unlink()
    one.commit()
    one.values(prod=values(*MORE, factsMaxAge="9999d"))
    assert one.review()["clusters"]["c1"]["facts"] is None


def test_what_was_observed_is_named_before_what_was_learned(one: Repository, tmp_path: Path) -> None:
    now = tmp_path / "now.json"
    now.write_text(listed([node("a"), pod("x", "research", on="a")]))
    one.values(prod=values(*MORE, factsMaxAge="9999d"))
    told = one.llmstack("diff", "--observed", str(now))
    assert "facts of c1: what was observed of it on 2026-11-20, else facts/clusters/c1.yaml of 2026-11-20" in told
    [cluster] = json.loads(one.llmstack("diff", "--observed", str(now), "--format", "json"))["clusters"].values()
    assert cluster["facts"]["observed"] == "2026-11-20"


@pytest.mark.parametrize(("age", "verdict"), [("9999d", False), ("1d", None)])
def test_facts_that_are_too_old_never_say_that_a_rollout_finishes(
    age: str, verdict: bool | None, one: Repository
) -> None:
    one.values(prod=values(*SIX, factsMaxAge=age))
    [row] = one.review()["envs"]["prod"]["gpus"]
    assert (row["deadlock"], row["certain"]) == (verdict, verdict)


def test_facts_that_are_too_old_still_say_that_it_does_not(one: Repository) -> None:
    one.values(prod=values(plain(replicaCount=9), plain("qwen"), factsMaxAge="1d"))
    review = one.review()["envs"]["prod"]
    assert [row["deadlock"] for row in review["gpus"]] == [True]
    assert {"gpu-shortage", "stale-facts"} <= {risk["id"] for risk in review["risks"]}


def test_a_declared_pool_of_which_facts_know_no_node_is_judged_by_what_is_declared(one: Repository) -> None:
    capacity = [{"pool": "a100", "count": 16, "perNode": 8, "resource": "amd.com/gpu"}]
    one.values(
        prod=values(
            plain(replicaCount=6, requestGPUType="amd.com/gpu"), plain("qwen"), capacity=capacity, factsMaxAge="1d"
        )
    )
    rows = {row["resource"]: row["deadlock"] for row in one.review()["envs"]["prod"]["gpus"]}
    assert rows["amd.com/gpu"] is False
