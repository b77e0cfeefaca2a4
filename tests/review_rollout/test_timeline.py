"""The timeline of a run: every pod's phases, GPUs in use, and a fleet in little time."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from time import process_time
from typing import Any

from llmstack.review.forecast import Demand
from llmstack.review.rollout.cluster import TIMELINE_LIMIT

Make = Callable[..., Any]


def test_phases_and_demand(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=image, replicas=2, gpus=2, surge=0, unavailable=1) for image in ("v1", "v2")]
    result = review(tuple(pair), pools=[pool(4)], loads={"llama": 600})
    bars = {
        pod: [(phase.phase, phase.start, phase.end) for phase in phases]
        for pod, phases in groupby(sorted(result.timeline, key=lambda p: (p.pod, p.start)), key=lambda p: p.pod)
    }
    assert bars == {
        "new-0": [("waiting", 0, 30), ("loading", 30, 630), ("ready", 630, 1323)],
        "new-1": [("waiting", 630, 660), ("loading", 660, 1260), ("ready", 1260, 1323)],
        "old-0": [("ready", 0, 630), ("terminating", 630, 660)],
        "old-1": [("terminating", 0, 30)],
    }
    assert {(phase.workload, phase.gpus, phase.pool) for phase in result.timeline} == {
        (("Deployment", "", "llama"), 2, "h100")
    }
    assert result.gpus[0].demand == (
        Demand(0, 2, 2, 2),
        Demand(30, 4),
        Demand(630, 2, 2, 2),
        Demand(660, 4),
    )


def test_demand_counts_what_is_held(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=image, surge=1, unavailable=0) for image in ("v1", "v2")]
    stays = deployment("opt", replicas=3, surge=0, unavailable=1)
    result = review(tuple(pair), pools=[pool(8)], loads={"llama": 600}, stays=[stays])
    assert result.gpus[0].demand == (Demand(0, 5), Demand(600, 4, 0, 1), Demand(630, 4))
    assert (result.gpus[0].before, result.gpus[0].after, result.gpus[0].peak) == (4, 4, 5)


def test_a_pod_that_waits_for_ever(deployment: Make, review: Make, pool: Make) -> None:
    pair = [deployment(image=image, surge=1, unavailable=0) for image in ("v1", "v2")]
    result = review(tuple(pair), pools=[pool(1)], loads={"llama": 600})
    assert {(phase.pod, phase.phase) for phase in result.timeline} == {
        ("old-0", "ready"),
        ("new-0", "waiting"),
    }
    assert result.gpus[0].demand == (Demand(0, 1, 1),)
    assert all(phase.end > phase.start for phase in result.timeline)


def test_a_fleet(deployment: Make, review: Make, pool: Make) -> None:
    """Four times the models take about four times as long; where each looked at all others, it would be sixteen."""
    small, _ = _timed_fleet(250, deployment, review, pool)
    large, result = _timed_fleet(1000, deployment, review, pool)
    assert large < 9 * small
    assert len(result.rollouts) == 1000
    assert result.gpus[0].peak == 7500
    assert 0 < len(result.timeline) <= TIMELINE_LIMIT


def _timed_fleet(models: int, deployment: Make, review: Make, pool: Make) -> tuple[float, Any]:
    """Seconds of processor time that the review of a new image for so many models takes, and the review."""
    sizes = (1, 2, 4, 8)
    pairs = [
        tuple(
            deployment(f"m{at}", replicas=2, gpus=sizes[at % 4], image=image, surge=0, unavailable=1)
            for image in ("v1", "v2")
        )
        for at in range(models)
    ]
    started = process_time()
    result = review(*pairs, pools=[pool(models * 15 // 2, 8)], loads={f"m{at}": 600 + at for at in range(models)})
    return process_time() - started, result
