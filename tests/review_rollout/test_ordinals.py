"""A StatefulSet whose pods go on under other ordinals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

Make = Callable[..., Any]


@pytest.mark.parametrize(
    ("sides", "pods", "peak"),
    [
        (((0, 2), (5, 2)), 2, 4),  # the new ones beside the old ones
        (((0, 3), (1, 3)), 1, 4),
        (((1, 2), (0, 3)), 1, 3),  # one more, and none ends
        (((0, 2), (0, 2)), None, 2),
    ],
)
def test_pods_of_other_ordinals(
    sides: tuple[tuple[int, int], tuple[int, int]],
    pods: int | None,
    peak: int,
    stateful: Make,
    compared: Make,
    pool: Make,
) -> None:
    before, after = (stateful(replicas, ordinals={"start": start}) for start, replicas in sides)
    result = compared([before], [after], pools=(pool(8, 8),), load_seconds={"llama": 300})
    assert [row.peak for row in result.gpus] == [peak]
    ends = {each.pod for each in result.timeline if each.phase == "terminating"}
    assert len({each.pod for each in result.timeline if each.phase == "loading"}) == (pods or 0)
    assert bool(ends) == (sides[0][0] < sides[1][0])


def test_claims_of_ordinals_that_go(stateful: Make, compared: Make) -> None:
    claims = {
        "volumeClaimTemplates": [{"metadata": {"name": "data"}}],
        "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Delete"},
    }
    found = compared(*([stateful(2, ordinals={"start": start}, **claims)] for start in (0, 5)))
    [(_, _, message)] = told(found, "data-loss")
    assert "the claims of 2 replicas are deleted" in message


def test_another_default_of_the_cluster(deployment: Make, compared: Make) -> None:
    def priority(value: int, *, default: bool) -> Any:
        metadata = {"name": "standard"}
        return {
            "apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "metadata": metadata, "value": value,
            "globalDefault": default,
        }  # fmt: skip

    def said(before: list[Any], after: list[Any]) -> list[str]:
        return [
            message for _, _, message in told(compared([deployment(), *before], [deployment(), *after]), "preemption")
        ]

    [message] = said([], [priority(10, default=True)])
    assert "start with priority 10 from now on, and had 0" in message
    assert len(said([priority(10, default=True)], [])) == 1
    assert said([priority(10, default=True)], [priority(20, default=True)]) == []  # its value may not be changed
    assert said([], [priority(10, default=False)]) == []
