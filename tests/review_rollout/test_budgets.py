"""PodDisruptionBudgets that come to allow no eviction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

Make = Callable[..., Any]
LABELS = {"app.kubernetes.io/name": "llama"}


def budget(name: str = "b", **spec: Any) -> dict[str, Any]:
    selector = {"matchLabels": LABELS}
    metadata = {"name": name}
    return {
        "apiVersion": "policy/v1",
        "kind": "PodDisruptionBudget",
        "metadata": metadata,
        "spec": {"selector": selector, **spec},
    }


ONE, NONE = budget(maxUnavailable=1), budget(maxUnavailable=0)
ALL = budget(minAvailable="100%")

CASES: dict[str, tuple[int, list[Any], int, list[Any], list[int | None]]] = {
    "one goes": (2, [], 2, [ONE], []),
    "none goes": (2, [], 2, [NONE], [2]),
    "none goes any more": (2, [ONE], 2, [NONE], [2]),
    "none went before": (2, [NONE], 2, [budget(maxUnavailable="0%")], []),
    "all are wanted": (3, [ONE], 3, [ALL], [3]),
    "half of them, rounded up": (1, [ONE], 1, [budget(minAvailable="50%")], [1]),
    "half of them": (2, [ONE], 2, [budget(minAvailable="50%")], []),
    "fewer pods": (2, [budget(minAvailable=1)], 1, [budget(minAvailable=1)], [1]),
    "no pods": (0, [], 0, [NONE], []),
    "pods of another": (1, [], 1, [{**NONE, "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"a": "b"}}}}], []),
    "two budgets": (2, [ONE], 2, [ONE, budget("c", maxUnavailable=1)], [None]),
}  # fmt: skip


@pytest.mark.parametrize(("then", "old", "now", "new", "amounts"), CASES.values(), ids=CASES)
def test_drains(
    then: int, old: list[Any], now: int, new: list[Any], amounts: list[int | None], deployment: Make, compared: Make
) -> None:
    pods = [deployment(replicas=number, surge=0, unavailable=1) for number in (then, now)]
    found = compared([pods[0], *old], [pods[1], *new])
    assert [each.amount for each in found.risks if each.id == "drain-blocked"] == amounts
    assert {severity for severity, _, _ in told(found, "drain-blocked")} <= {"note"}
