"""What the pods that a scaler gives at its most meet, and those at its least do not: nodes, claims, other pods."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.test_scalers import hpa, keda
from tests.review_rollout.values_review import told

Make = Callable[..., Any]
HOST = "kubernetes.io/hostname"
ME = {"matchLabels": {"app.kubernetes.io/name": "llama"}}
APART = {
    "podAntiAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": HOST, "labelSelector": ME}]}
}
NEAR = {"podAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": [{"topologyKey": HOST, "labelSelector": ME}]}}
SPREAD = [{"topologyKey": HOST, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule", "labelSelector": ME}]
CLAIM = [{"name": "weights", "persistentVolumeClaim": {"claimName": "weights"}}]
AT_MOST = "the rollout may never finish: with its scaler at the most, "


@pytest.fixture
def model(deployment: Make) -> Make:
    """A model whose scaler gives its replicas, its pods with the fields given."""

    def made(image: str = "v1", **pod: Any) -> dict[str, Any]:
        obj: dict[str, Any] = deployment(image=image, replicas=None, surge=0, unavailable=1)
        obj["spec"]["template"]["spec"] |= pod
        return obj

    return made


@pytest.mark.parametrize(
    ("pod", "most", "said"),
    [
        ({"affinity": APART}, 5, "anti-affinity allows one of the pods on a node: 5 are needed at a time"),
        ({"affinity": APART}, 4, None),
        ({"affinity": NEAR}, 9, "podAffinity wants all pods on one node: they take 9 GPUs"),
        ({"affinity": NEAR}, 8, None),
        ({"nodeName": "n1"}, 9, "all pods are on node `n1`, which has 8 GPUs, and 9 are needed at a time"),
        ({"volumes": CLAIM}, 2, "claim `weights` is ReadWriteOnce"),
        ({"volumes": CLAIM}, 1, None),
    ],
)
def test_a_new_model_meets_it_as_it_grows(
    model: Make, review: Make, pool: Make, pod: Any, most: int, said: str | None
) -> None:
    claim = {
        "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": "weights"},
        "spec": {"accessModes": ["ReadWriteOnce"]},
    }  # fmt: skip
    result = review((None, model(**pod)), (None, keda(1, most)), stays=[claim], pools=[pool(32, 8)])
    found = told(result, "rollout-stuck")
    assert [(severity, message.startswith(f"{AT_MOST}{said}")) for severity, _, message in found] == (
        [("warning", True)] if said else []
    )
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (said is not None, False)
    [rollout] = result.rollouts
    assert rollout.if_it_fails is not None
    assert rollout.if_it_fails.gpus_held == 1


def test_a_scaler_that_may_give_more_than_before(model: Make, review: Make, pool: Make) -> None:
    stays = [model(affinity=APART)]
    raised = review((hpa(1, 4), hpa(1, 5)), stays=stays, pools=[pool(32, 8)])
    assert [severity for severity, *_ in told(raised, "rollout-stuck")] == ["warning"]
    assert told(review((hpa(1, 5), hpa(1, 4)), stays=stays, pools=[pool(32, 8)]), "rollout-stuck") == []


def test_what_is_met_at_the_least_is_said_once(model: Make, review: Make, pool: Make) -> None:
    found = told(review((None, model(affinity=APART)), (None, keda(5, 8)), pools=[pool(32, 8)]), "rollout-stuck")
    [(severity, _, message)] = found
    assert (severity, "never finishes" in message, "5 are needed" in message) == ("error", True, True)


def test_an_even_spread_is_asked_where_pods_come_beside(
    model: Make, deployment: Make, review: Make, pool: Make
) -> None:
    other, new = deployment("other", replicas=2), model(topologySpreadConstraints=SPREAD)
    [(severity, _, message)] = told(
        review((None, new), (None, keda(1, 8)), stays=[other], pools=[pool(32, 8)]), "not-judged"
    )
    assert (severity, message.startswith("with its scaler at the most, the pods must be spread")) == ("note", True)
    pair = new, model("v2", topologySpreadConstraints=SPREAD)
    assert told(review(pair, stays=[other, keda(1, 8)], pools=[pool(32, 8)]), "not-judged") == []
