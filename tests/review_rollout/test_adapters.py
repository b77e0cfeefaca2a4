"""LoRA adapters that a controller loads (production-stack, operator/internal/controller/loraadapter_controller.go)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.review_rollout.values_review import Values, reviewed, told, values

LOST = "clients that ask for model `sql` get an error"


def side(
    base: str = "llama", adapter: str = "sql", name: str = "sql", *, there: bool = True, controller: bool = True,
    models: list[Values] | None = None,
) -> Values:  # fmt: skip
    source = {"type": "local", "adapterName": adapter, "adapterPath": "/models/sql"}
    made = values(models or [{"enableLoRA": True}], loraController={"enableLoraController": controller})
    return {**made, "loraAdapters": [{"name": name, "baseModel": base, "adapterSource": source}] if there else []}


RENAMED = [{"name": "opt", "enableLoRA": True, "gitops": {"loadTime": "5m", "movedFrom": "llama"}}]
BOTH: list[Values] = [{"enableLoRA": True}, {"name": "qwen", "modelURL": "Qwen/Qwen2.5-1.5B-Instruct"}]


@pytest.mark.parametrize(
    ("before", "after", "why"),
    [
        (side(), side(there=False), "from now on: its LoraAdapter is gone"),
        (side(), side(adapter="sql2"), "from each engine that starts from now on: its LoraAdapter is `sql2` now"),
        (side(models=BOTH), side("qwen", models=BOTH), "is of `qwen` now, of which no engine takes adapters"),
        (side(), side(models=RENAMED), "is of `llama`, which has another name"),
    ],
)
def test_an_adapter_that_is_no_longer_served(before: Values, after: Values, why: str) -> None:
    [(severity, object, message)] = [each for each in told(reviewed(before, after), "unreachable") if LOST in each[2]]
    assert (severity, object) == ("error", "LoraAdapter/sql")
    assert message.endswith(why)


@pytest.mark.parametrize(
    "after",
    [
        side(),
        side(name="other"),  # another object loads the same
        side(there=False, models=[{"vllmConfig": {"extraArgs": ["--enable-lora", "--lora-modules", "sql=org/sql"]}}]),
        side(models=[{"enableLoRA": False}]),  # told at the engine
    ],
)
def test_an_adapter_that_goes_on(after: Values) -> None:
    assert not [message for _, _, message in told(reviewed(side(), after), "unreachable") if LOST in message]


@pytest.mark.parametrize(("there", "number"), [(True, 1), (False, 0)])
def test_a_controller_that_goes(there: bool, number: int) -> None:
    found = told(reviewed(side(there=there), side(there=there, controller=False)), "unreachable")
    assert [severity for severity, _, _ in found] == ["warning"] * number
    assert all("nothing loads LoRA adapters into engines that start from now on: `sql`" in each for *_, each in found)


def scaled(monitors: dict[str, Any], **trigger: str) -> Values:
    metadata = {"serverAddress": "http://p", "query": "sum(vllm:num_requests_waiting)", "threshold": "5", **trigger}
    keda = {"enabled": True, "maxReplicaCount": 4, "triggers": [{"type": "prometheus", "metadata": metadata}]}
    return values([{"keda": keda, **monitors.get("own", {})}], servingEngineSpec=monitors.get("all", {}))


ALL = {"all": {"serviceMonitor": {"enabled": True}}}
SLOWER = {"all": {"serviceMonitor": {"enabled": True, "interval": "60s"}}}


@pytest.mark.parametrize(
    ("before", "after", "trigger", "became"),
    [
        (ALL, {}, {}, "takes that for 0 and goes down to its least"),
        (ALL, {}, {"ignoreNullValues": "false"}, "stays as it is"),
        (ALL, {}, {"query": "sum(vllm:num_incoming_requests_total)"}, None),  # the router's
        (ALL, SLOWER, {}, None),
        ({}, {}, {}, None),
        ({}, ALL, {}, None),
    ],
)
def test_a_scaler_that_sees_nothing_any_more(
    before: dict[str, Any], after: dict[str, Any], trigger: dict[str, str], became: str | None
) -> None:
    found = told(reviewed(scaled(before, **trigger), scaled(after, **trigger)), "unreachable")
    assert [severity for severity, _, _ in found] == (["warning"] if became else [])
    assert all(f"KEDA {became}" in message for _, _, message in found)
