"""Scalers are intervals: what a change does with their least and with their most replicas."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from tests.review_rollout.values_review import told

from llmstack.finding import Severity

Make = Callable[..., Any]


def keda(least: int = 1, most: int | None = 8, name: str = "llama") -> dict[str, Any]:
    spec = {"scaleTargetRef": {"name": name}, "minReplicaCount": least}
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {"name": name},
        "spec": spec | ({} if most is None else {"maxReplicaCount": most}),
    }


def hpa(least: int = 1, most: int = 8) -> dict[str, Any]:
    spec = {"scaleTargetRef": {"kind": "Deployment", "name": "llama"}, "minReplicas": least, "maxReplicas": most}
    return {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "llama"},
        "spec": spec,
    }


def test_a_restart_takes_one_load_or_eight(deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment(image=image, replicas=None, surge=0, unavailable=1) for image in ("v1", "v2"))
    result = review(pair, (keda(), keda()), pools=[pool(8)], loads={"llama": 300})
    [rollout] = result.rollouts
    assert (rollout.replicas, rollout.replicas_min, rollout.replicas_max) == (1, 1, 8)
    assert (rollout.seconds, rollout.seconds_min, rollout.seconds_max) == (None, 300, 8 * 330)
    assert (rollout.min_ready, dict(rollout.basis)) == (0, {"seconds": "bound", "peak": "bound", "minReady": "bound"})
    [row] = result.gpus
    assert (row.before, row.after, row.peak, row.before_max, row.after_max, row.peak_max) == (1, 1, 1, 8, 8, 8)
    assert (row.deadlock, row.certain, result.seconds) == (False, False, None)


def test_what_no_scaler_owns_is_exact(deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment(image=image, replicas=2, surge=0, unavailable=1) for image in ("v1", "v2"))
    [rollout] = review(pair, pools=[pool(8)], loads={"llama": 300}).rollouts
    assert (rollout.replicas_min, rollout.replicas_max, rollout.seconds) == (2, 2, 600)
    assert dict(rollout.basis) == {"seconds": "exact", "peak": "exact", "minReady": "exact"}
    slower = tuple(each | {"spec": each["spec"] | {"minReadySeconds": 60}} for each in pair)
    assert review(slower, pools=[pool(8)], loads={"llama": 300}).rollouts[0].seconds == 720


def test_a_new_model_that_may_ask_for_more_than_there_is(deployment: Make, review: Make, pool: Make) -> None:
    other = deployment("other", replicas=2)
    new = deployment(replicas=None, surge=0, unavailable=1)
    result = review((None, new), (None, keda(0)), pools=[pool(4)], loads={"llama": 300}, stays=[other])
    need = "with scalers at their most, the pods need 10 GPUs in pool `h100`, which has 4; at their least 2"
    assert told(result, "gpu-shortage") == [("warning", "Deployment/llama", need)]
    assert (result.gpus[0].after, result.gpus[0].after_max) == (3, 10)
    assert told(review((None, new), (None, keda(0, 2)), pools=[pool(4)], stays=[other]), "gpu-shortage") == []


@pytest.mark.parametrize(
    ("others", "most", "said"),
    [
        (4, 1, [("warning", "Deployment/llama", "with scalers at their most, the pods need 5", "at their least 4")]),
        (4, 8, [("warning", "Deployment/llama", "with scalers at their most, the pods need 12", "at their least 4")]),
        (
            5,
            8,
            [
                (
                    "error",
                    "Deployment/llama",
                    "after the change the pods need 5",
                    "and 13 GPUs with scalers at their most",
                )
            ],
        ),
    ],
)
def test_what_sleeps_in_a_full_pool(
    others: int, most: int, said: list[Any], deployment: Make, review: Make, pool: Make
) -> None:
    """KEDA scales what is idle to zero (keda.sh, "Scaling Deployments", `minReplicaCount`): it needs nothing then."""
    new, beside = deployment(replicas=None, surge=0, unavailable=1), deployment("other", replicas=others)
    result = review((None, new), (None, keda(0, most)), pools=[pool(4)], loads={"llama": 300}, stays=[beside])
    found = told(result, "gpu-shortage")
    assert [(severity, subject) for severity, subject, _ in found] == [each[:2] for each in said]
    for (_, _, message), (*_, begins, ends) in zip(found, said, strict=True):
        assert (message.startswith(begins), message.endswith(ends)) == (True, True), message
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (True, others > 4)


def test_a_rollout_beside_scalers_that_may_fill_the_pool(deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment("a", image=image, replicas=2, surge=1, unavailable=0) for image in ("v1", "v2"))
    stays = [deployment(replicas=None), keda(1, 8)]
    result = review(pair, pools=[pool(6)], loads={"a": 300}, stays=stays)
    [(severity, object, message)] = told(result, "gpu-deadlock")
    assert (severity, object) == ("warning", "Deployment/a")
    assert "the pods then need 10 of 6 GPUs in pool `h100`" in message
    assert (result.gpus[0].deadlock, result.gpus[0].certain) == (True, False)
    assert told(review(pair, pools=[pool(11)], loads={"a": 300}, stays=stays), "gpu-deadlock") == []


def test_keda_goes_up_to_100_where_it_is_not_told(deployment: Make, review: Make) -> None:
    pair = tuple(deployment(image=image, replicas=None, surge=0, unavailable=1) for image in ("v1", "v2"))
    assert review(pair, (keda(most=None), keda(most=None)), loads={"llama": 1}).rollouts[0].replicas_max == 100


def test_a_scaler_that_goes(deployment: Make, review: Make, pool: Make) -> None:
    pair = (deployment(replicas=None, surge=0, unavailable=1), deployment(replicas=2, surge=0, unavailable=1))
    result = review(pair, (keda(), None), pools=[pool(8)], loads={"llama": 300})
    [(severity, object, message)] = told(result, "scaler-handover")
    assert (severity, object) == ("warning", "Deployment/llama")
    assert message == "the scaler goes, and the apply sets 2 replicas whatever runs: up to 6 pods end at once"
    [rollout] = result.rollouts
    assert (rollout.why, rollout.seconds, rollout.seconds_min, rollout.seconds_max) == ("scale", None, 0, 300)
    assert told(review(pair, (keda(1, 2), None), pools=[pool(8)]), "scaler-handover") == []


@pytest.mark.parametrize("replicas", [None, 2])
def test_keda_does_not_take_over_from_an_autoscaler(replicas: int | None, deployment: Make, review: Make) -> None:
    llama = (deployment(replicas=replicas), deployment(replicas=None))
    result = review(llama, (hpa(), None), (None, keda()))
    assert [(severity, object) for severity, object, _ in told(result, "scaler-handover")] == [
        ("error", "Deployment/llama")
    ]
    assert told(review(llama, (hpa(), None), stays=[hpa()]), "scaler-handover") == []


def test_a_maximum_that_is_lowered(deployment: Make, review: Make, pool: Make) -> None:
    llama = deployment(replicas=None, surge=0, unavailable=1)
    llama["spec"]["template"]["spec"]["containers"][0]["command"] = ["vllm", "serve"]
    result = review((llama, llama), (keda(1, 8), keda(1, 2)), pools=[pool(8)], loads={"llama": 300})
    [risk] = [risk for risk in result.risks if risk.id == "requests-cut"]
    assert (risk.severity, risk.object) == (Severity.NOTE, "Deployment/llama")
    assert risk.message.startswith("up to 6 pods end at once")
    [rollout] = result.rollouts
    assert (rollout.why, rollout.replicas_min, rollout.replicas_max, rollout.seconds) == ("scale", 1, 2, 0)


def test_a_maximum_that_is_raised_beyond_the_pool(deployment: Make, review: Make, pool: Make) -> None:
    llama = deployment(replicas=None, surge=0, unavailable=1)
    result = review((llama, llama), (keda(1, 2), keda(1, 16)), pools=[pool(8)], loads={"llama": 300})
    assert result.rollouts == ()
    need = "with scalers at their most, the pods need 16 GPUs in pool `h100`, which has 8; at their least 1"
    assert told(result, "gpu-shortage") == [("warning", "Deployment/llama", need)]
    [risk] = [risk for risk in result.risks if risk.id == "gpu-shortage"]
    lower = "Let `llama` be scaled to 8 at the most instead of 16, or add 8 GPUs to the pool"
    assert risk.advice == f"{lower}: what finds none stays Pending."
    several = deployment("other", replicas=None, surge=0, unavailable=1)
    both = review(*((each, each) for each in (llama, several)), (keda(1, 2), keda(1, 16)),
                  (keda(1, 1, "other"), keda(1, 9, "other")), pools=[pool(8)])  # fmt: skip
    advice = {risk.advice for risk in both.risks if risk.id == "gpu-shortage"}
    lower = "Lower the scalers' maximum to what the pool holds, or add 17 GPUs to the pool"
    assert advice == {f"{lower}: what finds none stays Pending."}


def test_an_outage_that_depends_on_the_scaler(deployment: Make, review: Make) -> None:
    pair = tuple(deployment(image=image, replicas=None, surge=0, unavailable=1) for image in ("v1", "v2"))
    [(_, _, message)] = told(review(pair, (keda(), keda()), loads={"llama": 300}), "outage")
    assert message.startswith("while its scaler is at 1 replica, no replica is ready for 5 min")
    [(_, _, message)] = told(review(pair, (keda(1, 1), keda(1, 1)), loads={"llama": 300}), "outage")
    assert message.startswith("no replica is ready for 5 min")


ENGINE = {"type": "prometheus", "metadata": {"query": "sum(vllm:num_requests_waiting)"}}
ROUTER = {"type": "prometheus", "metadata": {"query": "sum(rate(vllm:num_incoming_requests_total[1m]))"}}


@pytest.mark.parametrize(
    ("least", "triggers", "asleep"),
    [(0, [ENGINE], True), (0, [ENGINE, ROUTER], False), (1, [ENGINE], False), (0, [{"type": "cron"}], False)],
)
def test_what_can_never_wake(least: int, triggers: Any, asleep: bool, deployment: Make, review: Make) -> None:
    llama = deployment(replicas=None)
    scaler = keda(least)
    scaler["spec"]["triggers"] = triggers
    found = told(review((llama, llama), (keda(1), scaler)), "unreachable")
    assert [object for _, object, _ in found] == (["Deployment/llama"] if asleep else [])
    assert told(review((llama, llama), (scaler, scaler)), "unreachable") == []


def test_keda_that_is_paused_keeps_its_number(review: Any, deployment: Any) -> None:
    """keda.sh, "Scaling Deployments", pausing: `paused-replicas` is the number, whatever the triggers say."""
    engine = deployment("a", None)

    def scaled(paused: str | None) -> dict[str, Any]:
        annotations = {} if paused is None else {"autoscaling.keda.sh/paused-replicas": paused}
        return {
            "apiVersion": "keda.sh/v1alpha1",
            "kind": "ScaledObject",
            "metadata": {"name": "s", "annotations": annotations},
            "spec": {"scaleTargetRef": {"name": "a"}, "minReplicaCount": 2, "maxReplicaCount": 4, "triggers": []},
        }

    result = review((scaled(None), scaled("0")), (engine, engine))
    assert [(each.name, each.replicas) for each in result.removed] == [("a", 2)]
    [rollout] = review((scaled(None), scaled("5")), (engine, engine)).rollouts
    assert (rollout.replicas_min, rollout.replicas_max) == (5, 5)


@pytest.mark.parametrize(("replicas", "told_of"), [(4, 1), (None, 0)])
def test_a_scaler_that_comes(replicas: int | None, told_of: int, deployment: Make, review: Make, pool: Make) -> None:
    """The field that leaves the manifest falls to 1 until the scaler sets it; where it was not there, nothing falls."""
    pair = (deployment(replicas=replicas, surge=0, unavailable=1), deployment(replicas=None, surge=0, unavailable=1))
    if replicas is None:
        pair[1]["metadata"]["annotations"] = {"a": "b"}
    found = told(review(pair, (None, keda()), pools=[pool(8)], loads={"llama": 300}), "scaler-handover")
    assert len(found) == told_of


@pytest.mark.parametrize(("surge", "ready", "outages"), [(0, 0, 1), (1, 1, 0)])
def test_a_scaler_that_comes_with_another_image(
    surge: int, ready: int, outages: int, deployment: Make, review: Make, pool: Make
) -> None:
    """At one replica a strategy that gives one up gives up the last: the controller acts at once, and KEDA looks every
    30 s (keda.sh, "ScaledObject specification", `pollingInterval`). What it adds then is of the new image."""
    pair = (
        deployment(replicas=2, surge=surge, unavailable=1 - surge),
        deployment(replicas=None, surge=surge, unavailable=1 - surge, image="v2"),
    )
    result = review(pair, (None, keda(2, 2)), pools=[pool(8)], loads={"llama": 300})
    [rollout] = result.rollouts
    assert (rollout.min_ready, rollout.seconds, rollout.basis["seconds"]) == (ready, 300, "assumed")
    assert rollout.if_it_fails is not None
    assert rollout.if_it_fails.ready_left == ready
    assert len(told(result, "outage")) == outages


PAUSED = "autoscaling.keda.sh/paused"


def paused(way: str = "", value: str = "true", least: int = 1) -> dict[str, Any]:
    scaler = keda(least)
    return scaler | {"metadata": {"name": "llama", "annotations": {f"{PAUSED}{way}": value}}}


@pytest.mark.parametrize(
    ("scaler", "played", "severities"),
    [
        (paused("-replicas", "0"), (0, 0, 2, 8), {"removal": "warning", "scaler-handover": "warning"}),
        (paused("-replicas", "1"), (1, 1, 2, 8), {"scaler-handover": "warning"}),
        (paused(), (2, 2, 2, 8), {"scaler-handover": "warning"}),  # what is stated, and nobody raises it
        (paused(value="false"), None, {}),
        (paused("-scale-in"), None, {}),
        (paused("-scale-out"), None, {}),
        (paused("-scale-out", least=0), None, {"unreachable": "error"}),
        (paused("-scale-in", least=0), None, {}),
    ],
)
def test_keda_that_is_paused_beside_stated_replicas(
    scaler: Any, played: Any, severities: Any, deployment: Make, review: Make, pool: Make
) -> None:
    """Least and most after the change, and at the most before it."""
    llama = deployment(replicas=2, surge=0, unavailable=1)
    before = keda(int(scaler["spec"]["minReplicaCount"]))
    for each in (before, scaler):
        each["spec"]["triggers"] = [{"type": "cron"}]
    result = review((llama, llama), (before, scaler), pools=[pool(8)], loads={"llama": 300})
    assert {risk.id: str(risk.severity) for risk in result.risks if str(risk.severity) != "note"} == severities
    rolled = [(each.replicas_min, each.replicas_max) for each in result.rollouts]
    assert rolled == ([] if played is None else [played[:2]])
    [row] = result.gpus
    assert (row.before, row.before_max) == (2, 8)


@pytest.mark.parametrize("scaler", [keda(1, 8), paused()])
def test_what_restarts_under_a_scaler_that_is_paused(scaler: Any, deployment: Make, review: Make, pool: Make) -> None:
    pair = tuple(deployment(image=image, replicas=2, surge=0, unavailable=1) for image in ("v1", "v2"))
    [rollout] = review(pair, (scaler, scaler), pools=[pool(8)], loads={"llama": 300}).rollouts
    assert (rollout.replicas_min, rollout.replicas_max) == ((2, 2) if scaler != keda(1, 8) else (2, 8))


def test_keda_that_is_paused_where_it_stands(deployment: Make, review: Make) -> None:
    """No manifest says how many: they stay what they were."""
    llama = deployment(replicas=None)
    result = review((llama, llama), (keda(2, 8), paused(least=2)))
    [(severity, subject, message)] = told(result, "scaler-handover")
    assert (severity, subject) == ("warning", "Deployment/llama")
    assert message.startswith("KEDA is paused, and no manifest says `replicas`: they stay what it gave last")
    assert not message.endswith(")")
    assert result.rollouts == ()


@pytest.mark.parametrize(
    ("why", "seconds", "least"), [("restart", (None, 0, 8 * 330), 0), ("new", (None, 300, 300), 0)]
)
def test_what_may_be_at_zero(why: str, seconds: Any, least: int, deployment: Make, review: Make, pool: Make) -> None:
    old, new = (deployment(image=image, replicas=None, surge=0, unavailable=1) for image in ("v1", "v2"))
    scaler = keda(0)
    pairs = ((old, new), (scaler, scaler)) if why == "restart" else ((None, new), (None, scaler))
    result = review(*pairs, pools=[pool(8)], loads={"llama": 300})
    [rollout] = result.rollouts
    assert (rollout.replicas_min, rollout.replicas_max, rollout.min_ready) == (least, 8, 0)
    assert (rollout.seconds_min, rollout.seconds_max) == seconds[1:] or rollout.seconds == 300
    if why == "restart":
        assert [message.partition(" because")[0] for _, _, message in told(result, "restart")] == [
            "0 to 8 replicas restart"
        ]


@pytest.mark.parametrize(("before", "after", "found"), [(3, 6, 1), (6, 6, 0), (3, 4, 0), (6, 5, 0)])
def test_a_higher_maximum_meets_a_quota(
    before: int, after: int, found: int, deployment: Make, review: Make, pool: Make
) -> None:
    same = deployment(replicas=None, surge=0, unavailable=1)
    hard = {"requests.nvidia.com/gpu": "4"}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": {"name": "q"}, "spec": {"hard": hard}}
    result = review((same, same), (keda(1, before), keda(1, after)), (quota, quota), pools=[pool(8)])
    messages = [message for _, _, message in told(result, "rollout-stuck")]
    assert len(messages) == found
    assert all("with its scaler at the most, ResourceQuota `q` leaves less" in each for each in messages)
