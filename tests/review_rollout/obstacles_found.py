"""What a rule on obstacles finds in the way of new pods, small enough to read in a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from llmstack.kubernetes.replicas import scalers
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.obstacles import nodes
from llmstack.review.rollout.obstacles.case import Case, Obstacle, Scene, template_in
from llmstack.review.rollout.workload import read_workload

Make = Callable[..., Any]
Object = dict[str, Any]
Find = Callable[..., list[tuple[str, str]]]
HOST = "kubernetes.io/hostname"
NOBODY = scalers([])


def made(deployment: Make, image: str, pod: Object, **more: Any) -> Object:
    obj: Object = deployment(image=image, **more)
    obj["spec"]["template"]["spec"] |= pod
    obj["spec"]["template"]["spec"]["containers"][0] |= {"image": image}
    return obj


@pytest.fixture
def find(deployment: Make, change: Make, pool: Make) -> Find:
    """What a rule finds in the way of a Deployment whose pods become others: each message, and how it hangs."""

    def found(
        before: Object | None, after: Object, *, rule: Any = nodes, pools: Sequence[Pool] | None = None,
        others: Sequence[Object] = (), comes: Sequence[Object] = (), surge: int = 0, number: tuple[int, int] = (2, 2), gpus: int = 4,
        images: str = "ab", most: Any = None, **facts: Any,
    ) -> list[tuple[str, str]]:  # fmt: skip
        strategy = {"surge": surge, "unavailable": 1 - surge, "gpus": gpus}
        sides = [
            None if pod is None else made(deployment, image, pod, replicas=replicas, **strategy)
            for pod, image, replicas in zip((before, after), images, number, strict=True)
        ]
        known = Facts(pools=(pool(16, 8),) if pools is None else tuple(pools), **facts)
        workload = read_workload(change(*sides), (NOBODY, NOBODY), (known, known))
        new = sides[1]
        assert workload is not None
        assert workload.new is not None
        assert new is not None
        own = next((each for each in known.pools if (each.name, each.resource) == workload.new.pool), None)
        there = [sides[0]] if sides[0] is not None else []
        scene = Scene([*there, *others], [new, *others, *comes], known, NOBODY, most or NOBODY)
        case = Case(workload, new, template_in(new) or {}, own, scene, sides[0])
        return [_told(each) for each in rule.find(case)]

    return found


def _told(each: Obstacle) -> tuple[str, str]:
    return each.message, f"{each.hangs}{'' if each.likely else ', unlikely'}"
