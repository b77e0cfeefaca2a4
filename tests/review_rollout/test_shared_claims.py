"""Devices of a ResourceClaim that pods share by its name: held once (kubernetes.io, "Dynamic Resource Allocation")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.review.facts import Pool

Make = Callable[..., Any]
CLASS = "gpu.nvidia.com"
H100 = Pool("h100", "nvidia.com/gpu", 4, 4, {"card": "h100"}, device_classes=frozenset([CLASS]))
A100 = Pool("a100", "nvidia.com/gpu", 4, 4, {"card": "a100"}, device_classes=frozenset([CLASS]))


def claim(count: int = 2, name: str = "one") -> Any:
    request = {"name": "g", "exactly": {"deviceClassName": CLASS, "count": count}}
    head = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": name}}
    return head | {"spec": {"devices": {"requests": [request]}}}


def naming(obj: Any, claim: str = "one", card: str = "h100") -> Any:
    name = {"name": "gpu", "resourceClaimName": claim}
    obj["spec"]["template"]["spec"] |= {"resourceClaims": [name], "nodeSelector": {"card": card}}
    return obj


def test_a_claim_is_counted_once(deployment: Make, compared: Make) -> None:
    """Three replicas, and one more while they roll, share two devices; of two that are free another takes both."""

    def side(image: str, other: int) -> list[Any]:
        shared = naming(deployment(replicas=3, gpus=0, surge=1, unavailable=0, image=image))
        rest = deployment("other", other, surge=1, unavailable=0)
        rest["spec"]["template"]["spec"]["nodeSelector"] = {"card": "h100"}
        return [claim(), shared, rest]

    known = {"pools": (H100, A100), "load_seconds": {"llama": 300, "other": 300}}
    found = compared(side("v1", 1), side("v2", 2), **known)
    rows = {row.pool: (row.before, row.after, row.peak, row.deadlock) for row in found.gpus}
    assert rows["h100"] == (3, 4, 4, False)
    assert told(found, "not-judged") == []
    short = compared(side("v1", 1), side("v2", 3), **known)
    assert [row.deadlock for row in short.gpus if row.pool == "h100"] == [True]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ([], [("llama", "h100")]),  # its devices are taken with the change
        ([("llama", "h100")], [("llama", "h100"), ("other", "a100")]),  # of which pool they are, nobody said
    ],
)
def test_a_claim_that_cannot_be_counted(before: Any, after: Any, deployment: Make, compared: Make) -> None:
    sides = [
        [claim(), *(naming(deployment(name, gpus=0), card=card) for name, card in side), deployment("third", count)]
        for side, count in ((before, 1), (after, 2))
    ]
    found = compared(*sides, pools=(H100, A100))
    assert {row.deadlock for row in found.gpus} == {None}
    assert len(told(found, "not-judged")) >= 1
