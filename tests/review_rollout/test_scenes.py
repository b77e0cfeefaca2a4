"""No change of what an API server would take ends in a bug, and figures of one review do not contradict each other."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.review_rollout.scenes import change, review, told

from llmstack.finding import Severity


@pytest.mark.parametrize("block", range(4))
def test_no_change_ends_in_a_bug(block: int) -> None:
    for seed in range(block * 15, block * 15 + 15):
        assert all(told(review(*change(seed))))


@pytest.mark.parametrize("block", range(4))
def test_figures_agree(block: int) -> None:
    for seed in range(1000 + block * 25, 1000 + block * 25 + 25):
        found = review(*change(seed))
        for rollout in found.rollouts:
            low, high = rollout.seconds_min, rollout.seconds_max
            assert low is None or high is None or low <= high, seed
            assert rollout.seconds is None or found.seconds is None or rollout.seconds <= found.seconds, seed
            if rollout.min_ready is not None and rollout.replicas is not None:
                assert 0 <= rollout.min_ready <= rollout.replicas, seed
        for row in found.gpus:
            assert row.deadlock or not row.certain, seed
            assert row.peak >= max(row.before, row.after), seed
            assert row.peak_max is None or row.peak_max >= row.peak, seed


def test_what_does_not_change_is_no_change() -> None:
    for seed in range(2000, 2030):
        _, after = change(seed)
        found = review(after, replace(after))
        assert (found.objects, found.rollouts, found.removed) == ((), (), ()), seed
        assert not [risk.id for risk in found.risks if risk.severity is Severity.ERROR], seed
