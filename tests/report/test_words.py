"""How times, counts and verdicts are said."""

from typing import Any

import pytest
from msgspec.structs import replace

from llmstack.finding import Severity
from llmstack.report.verdict import judge, say_effect
from llmstack.report.words import (
    count_severities,
    say_failure,
    say_ready,
    say_rollouts,
    say_time,
    say_total_time,
    short_revision,
)
from llmstack.review.forecast import Failure, Rollout
from llmstack.review.result import EnvironmentReview, Review, Risk
from llmstack.review.wording import say_exactly, say_seconds
from tests.report.samples import large, nothing, rollout, small


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (0.2, "1 s"),
        (59, "59 s"),
        (60, "1 min"),
        (90, "1 min 30 s"),
        (600, "10 min"),
        (601, "11 min"),
        (3599, "1 h"),
        (3600, "1 h"),
        (4320, "1 h 12 min"),
        (90_000, "25 h"),
    ],
)
def test_times(seconds: float, said: str) -> None:
    assert say_seconds(seconds) == said


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0, "0 s"), (59.2, "1 min"), (1200, "20 min"), (1201, "20 min 1 s"), (3661, "1 h 1 min 1 s"), (7200, "2 h")],
)
def test_what_is_compared_with_a_limit_is_said_to_the_second(seconds: float, said: str) -> None:
    assert say_exactly(seconds) == said


def environment(*rollouts: Rollout, risk: Risk | None = None, seconds: int | None = None) -> EnvironmentReview:
    return EnvironmentReview((), rollouts, (), (risk,) if risk else (), seconds=seconds)


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"seconds": 1440}, "24 min"),
        ({"seconds": None}, "unknown"),
        ({"seconds": None, "seconds_min": 60}, "at least 1 min"),
        ({"seconds": None, "seconds_max": 60}, "at most 1 min"),
        ({"seconds": None, "seconds_min": 60, "seconds_max": 120}, "1 min to 2 min"),
        (
            {"seconds": None, "seconds_min": 60, "seconds_max": 120, "seconds_max_without": ("image pull", "others")},
            "1 min to 2 min, image pull and others apart",
        ),
    ],
)
def test_the_time_of_a_rollout(known: dict[str, Any], said: str) -> None:
    one = rollout("a", **known)
    assert say_time(one, environment(one)) == said


def test_a_rollout_that_hangs() -> None:
    one, other = rollout("a", seconds=None), rollout("b", seconds=60)
    risk = Risk("gpu-deadlock", Severity.ERROR, f"{one.kind}/{one.name}", "m", "a", None)
    both = environment(one, other, risk=risk)
    assert say_time(one, both) == "never ends"
    assert say_time(other, both) == "1 min"
    assert say_total_time(both) == "never ends"
    perhaps = replace(both, risks=(replace(risk, severity=Severity.WARNING),), seconds=100)
    assert say_total_time(perhaps) == "1 min 40 s, may never end"


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"min_ready": 2}, "at least 2 ready"),
        ({"min_ready": 0}, "none ready for a while"),
        ({"min_ready": 0, "replicas": 0, "replicas_max": 0}, "none ready from then on"),
        ({"min_ready": 0, "replicas": 0, "replicas_max": 4}, "none ready for a while"),
        ({"min_ready": None}, ""),
    ],
)
def test_how_many_are_ready(known: dict[str, Any], said: str) -> None:
    assert say_ready(rollout("a", "scale", **known)) == said


def test_the_whole_time_is_bounded_where_every_rollout_is() -> None:
    bounded = rollout("a", seconds=None, seconds_min=60, seconds_max=600)
    assert say_total_time(environment(bounded, rollout("b", seconds=120))) == "2 min to 10 min"
    assert say_total_time(environment(bounded, rollout("b", seconds=None))) == "at least 1 min"
    assert say_total_time(environment(rollout("b", seconds=None))) == "time unknown"


def test_what_rolls() -> None:
    rollouts = [rollout("a"), rollout("b"), rollout("c", "scale"), rollout("d", "new"), rollout("r", model=None)]
    told = "2 models restart, 1 other workload restarts, 1 model scales, 1 model is new"
    assert say_rollouts(rollouts) == told


def test_a_verdict_counts_what_nobody_acknowledged() -> None:
    verdict = judge(small())
    assert verdict.level is Severity.ERROR
    assert verdict.tally == "1 error, 3 warnings, 2 notes, 1 acknowledged, 2 rules changed"
    prod = small().environments["prod"]
    accepted = replace(prod, risks=tuple(replace(risk, acknowledged=True) for risk in prod.risks), findings=())
    assert judge(Review("a", "b", {"prod": accepted})).level is Severity.NOTE
    assert judge(nothing()).level is None
    assert str(judge(nothing())) == "Nothing changes in the cluster."


def test_an_effect_names_a_pool_that_is_short() -> None:
    assert "h100 (nvidia.com/gpu) peaks at 8 of 6 GPUs" in say_effect(small().environments["prod"])
    assert "peaks" not in say_effect(large(3).environments["prod"])
    still = replace(small().environments["prod"], rollouts=())
    assert say_effect(still) == "5 objects changed, no pod restarts"


def test_small_words() -> None:
    assert count_severities([Severity.WARNING, Severity.ERROR, Severity.ERROR]) == "2 errors, 1 warning"
    assert short_revision("0123456789abcdef0123456789abcdef01234567") == "0123456789"
    assert short_revision("worktree") == "worktree"


@pytest.mark.parametrize(
    ("why", "left", "told"),
    [
        ("restart", [Failure(1, 3, 330)], "1 ready, 3 GPUs held, ready again at most 5 min 30 s after the way back"),
        ("restart", [Failure(0, 1, 60), Failure(0, 2, 300)],
         "none ready, 2 GPUs held, ready again at most 5 min after the way back"),
        ("restart", [Failure(0, 1)], "none ready, 1 GPU held, how long the way back takes is not known"),
        ("scale", [Failure(1, 2, 0)], "1 ready, 2 GPUs held"),
        ("scale", [Failure(2, 2, 330)], ""),
        ("new", [Failure(0, 2)], "none ready, 2 GPUs held"),
        ("restart", [Failure(1, 1, 0), None], ""),
    ],
)  # fmt: skip
def test_what_is_left_of_a_rollout_that_fails(why: Any, left: list[Failure | None], told: str) -> None:
    assert say_failure([replace(rollout("a", why), if_it_fails=each) for each in left]) == told
