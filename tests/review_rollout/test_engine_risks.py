"""Risks of engines: what a change of flags, of a card or of a release does to a start, from values on both sides."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.fit.changes import Side, engine_changes
from llmstack.model.reading import read_stack
from llmstack.report.engines import engine_data, say_engine
from llmstack.review.assess import assess
from llmstack.review.engine_change import EngineChange
from llmstack.review.facts import Acknowledgement, Facts
from llmstack.review.result import EnvironmentReview
from llmstack.values.source import read_source


def side(*, card: str = "H100-80GB", name: str = "llama", **model: Any) -> Side:
    entry = {
        "name": name,
        "repository": "vllm/vllm-openai",
        "tag": "v0.19.1",
        "modelURL": "meta-llama/Llama-3.1-8B-Instruct",
        "requestGPU": 1,
        "vllmConfig": {"maxModelLen": 32768},
    }
    values = {
        "servingEngineSpec": {"modelSpec": [entry | model]},
        "gitops": {"capacity": [{"pool": "a", "count": 8, "gpu": card}]},
    }
    _, stack, findings = read_stack([read_source("values/prod.yaml", yamlio.dump(values).encode())])
    assert stack is not None, findings
    return Side(stack, {})


def changes(before: Side | None, after: Side) -> list[EngineChange]:
    return list(engine_changes(before, after))


def reviewed(before: Side | None, after: Side, *accepted: Acknowledgement) -> EnvironmentReview:
    facts = Facts(acknowledgements=accepted)
    return assess([], [], [], Facts(), facts, date(2026, 1, 1), engine_changes(before, after))


def risks(review: EnvironmentReview, *ids: str) -> list[tuple[str, str, str]]:
    return [(risk.id, str(risk.severity), risk.object) for risk in review.risks if not ids or risk.id in ids]


WORKLOAD = "Deployment/llmstack-llama-deployment-vllm"


def test_nothing_is_said_of_an_engine_that_stays() -> None:
    assert changes(side(), side()) == []
    assert changes(side(), side(replicaCount=4, env=[{"name": "VLLM_LOGGING_LEVEL", "value": "INFO"}])) == []


def test_a_length_that_does_not_fit_is_an_error() -> None:
    review = reviewed(
        side(card="L4", vllmConfig={"maxModelLen": 8192}), side(card="L4", vllmConfig={"maxModelLen": 65536})
    )
    assert risks(review) == [("engine", "error", WORKLOAD)]
    (engine,) = review.engines
    assert engine.verdict == "does-not-start"
    assert "one request of 65536 tokens needs 8.00 GiB" in review.risks[0].message


def test_what_is_too_close_is_a_warning() -> None:
    review = reviewed(side(), side(tag="v0.11.0", modelURL="Qwen/Qwen3-32B", vllmConfig={"maxModelLen": 18300}))
    assert ("engine", "warning", WORKLOAD) in risks(review)
    assert review.engines[0].verdict == "too-close"


def test_a_tenth_of_the_cache_is_a_warning_and_less_is_none() -> None:
    half = side(vllmConfig={"maxModelLen": 32768, "gpuMemoryUtilization": 0.6})
    review = reviewed(side(), half)
    assert risks(review, "engine") == [("engine", "warning", WORKLOAD)]
    assert "smaller" in review.risks[0].message
    little = side(vllmConfig={"maxModelLen": 32768, "gpuMemoryUtilization": 0.89})
    assert risks(reviewed(side(), little), "engine") == []
    assert risks(reviewed(half, side()), "engine") == [], "more room is no risk"


def test_unknown_is_no_risk_and_says_why() -> None:
    review = reviewed(side(), side(enableLoRA=True))
    assert risks(review) == []
    (engine,) = review.engines
    assert (engine.verdict, engine.after.low, engine.after.tokens) == ("unknown", None, None)
    assert "--enable-lora" in engine.why


def test_a_bump_tells_what_moves() -> None:
    review = reviewed(side(), side(tag="v0.20.2"))
    assert risks(review, "upgrade") == [("upgrade", "note", WORKLOAD)]
    assert "--gpu-memory-utilization is 0.92 by default; it was 0.9." in review.risks[-1].message
    (engine,) = review.engines
    assert engine.before is not None
    assert engine.before.terms is not None
    assert engine.after.terms is not None
    assert engine.after.terms["graphs"] > engine.before.terms["graphs"] == 0


def test_what_breaks_is_a_warning_that_can_be_accepted() -> None:
    flags = {"extraArgs": ["--swap-space", "4"]}
    accepted = Acknowledgement("upgrade", WORKLOAD, None, "tried")
    review = reviewed(side(tag="v0.15.1", **flags), side(tag="v0.20.2", **flags), accepted)
    assert ("upgrade", "warning", WORKLOAD) in risks(review)
    assert all(risk.acknowledged for risk in review.risks if risk.id == "upgrade")
    assert any("--swap-space is gone" in risk.message for risk in review.risks)


def test_a_release_that_is_not_known_tells_nothing() -> None:
    assert risks(reviewed(side(), side(tag="latest")), "upgrade") == []
    assert reviewed(side(), side(tag="latest")).engines[0].after.version is None


def test_a_new_model_is_answered_too() -> None:
    (engine,) = changes(None, side())
    assert engine.before is None
    assert engine.verdict == "starts"
    assert changes(side(), side(name="other"))[0].model == "other"


def test_a_model_or_environment_that_goes_has_no_engine() -> None:
    assert engine_changes(side(), None) == ()


@pytest.mark.parametrize("tag", ["v0.20.2", "v0.11.2", "latest"])
def test_the_terms_of_the_contract_add_up(tag: str) -> None:
    (engine,) = changes(side(), side(tag=tag))
    data = engine_data(engine)
    assert list(data) == ["model", "gpu", "vllm", "verdict", "why", "kv", "terms", "upgrade"]
    assert (data["terms"] is None) == (tag == "latest")
    if engine.after.terms is not None:
        assert sum(data["terms"].values()) == pytest.approx(engine.after.terms["budget"], abs=0.006)
    assert all(line.strip() for line in say_engine([engine]))
