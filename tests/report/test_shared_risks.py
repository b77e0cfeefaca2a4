"""A risk of a pool is told once, with the environments that share the pool."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from llmstack.finding import Severity
from llmstack.report import review_json, review_markdown, review_text
from llmstack.report.review_findings import review_findings
from llmstack.report.verdict import judge
from llmstack.review.forecast import GpuPool
from llmstack.review.result import ClusterReview, EnvironmentReview, Review, Risk

PLACE = "values/base.yaml:5"
RISK = Risk("gpu-shortage", Severity.ERROR, "Pool/h100", "the pods need 5 GPUs", "Add 1 GPU to the pool.", PLACE)
OWN = Risk("restart", Severity.NOTE, "Deployment/a", "1 replica restarts", "", "values/dev.yaml:3")
ROW = GpuPool("h100", "nvidia.com/gpu", 4, 5, 5, 5, deadlock=True, certain=True, demand=())


def reviewed(*risks: tuple[Risk, ...], homes: str = "one one") -> Review:
    """Environments `dev`, `prod` and so on with risks, each in a cluster."""
    names = ("dev", "prod", "test")[: len(risks)]
    environments = {
        name: EnvironmentReview(objects=(), rollouts=(), gpus=(ROW,), risks=each, seconds=0)
        for name, each in zip(names, risks, strict=True)
    }
    members: dict[str, list[str]] = {}
    for name, home in zip(names, homes.split(), strict=True):
        members.setdefault(home, []).append(name)
    clusters = {
        home: ClusterReview(environments=tuple(each), gpus=(ROW,), seconds=0, risks=(RISK,))
        for home, each in members.items()
    }
    return Review("a" * 40, "worktree", environments, clusters)


def test_it_is_counted_once_and_told_with_the_cluster() -> None:
    review = reviewed((RISK,), (RISK,))
    assert judge(review).tally == "1 error"
    text = review_text.render(review)
    assert text.count("error[gpu-shortage]") == 1
    assert text.index("cluster one (dev and prod)") < text.index("error[gpu-shortage]")
    assert "\ndev\n" not in text
    assert "in `dev`, `prod`: the pods need 5 GPUs" in review_markdown.render(review)
    [told] = review_findings(review)
    assert told.finding.message == "Pool/h100 in dev, prod: the pods need 5 GPUs"


def test_what_an_environment_has_beside_it_stays_its_own() -> None:
    text = review_text.render(reviewed((RISK, OWN), (RISK,)))
    assert text.index("error[gpu-shortage]") < text.index("\ndev\n") < text.index("note[restart]")
    assert list(reviewed((OWN, RISK), (OWN, RISK)).all_risks()) == [
        (("dev",), OWN), (("dev", "prod"), RISK), (("prod",), OWN),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("other", "homes"),
    [
        (RISK, "one two"),
        (replace(RISK, place="values/prod.yaml:5"), "one one"),
        (replace(RISK, acknowledged=True, accepted="known"), "one one"),
    ],
    ids=["another cluster", "another place", "acknowledged"],
)
def test_what_differs_is_told_apart(other: Risk, homes: str) -> None:
    assert list(reviewed((RISK,), (other,), homes=homes).all_risks()) == [(("dev",), RISK), (("prod",), other)]


def test_the_json_has_it_in_each_environment() -> None:
    review = json.loads(review_json.render(reviewed((RISK,), (RISK,))))
    assert [[risk["id"] for risk in each["risks"]] for each in review["envs"].values()] == [["gpu-shortage"]] * 2
