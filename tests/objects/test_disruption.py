"""PodDisruptionBudgets mean what they say."""

from __future__ import annotations

from typing import Any

import pytest

from tests.objects.support import MODEL, objects_of, one


@pytest.mark.parametrize(
    ("stated", "limits"),
    [
        ("minAvailable: 1", {"minAvailable": 1}),
        ("minAvailable: 50%", {"minAvailable": "50%"}),
        ("maxUnavailable: 0", {"maxUnavailable": 0}),
        ("maxUnavailable: 1, minAvailable: 1", {"maxUnavailable": 1}),
        ("enabled: true", {"minAvailable": 0}),
    ],
)
def test_a_models_own(stated: str, limits: dict[str, Any]) -> None:
    switch = "" if "enabled" in stated else "enabled: true, "
    spec = one(f"{MODEL}    pdb: {{{switch}{stated}}}\n", "PodDisruptionBudget")["spec"]
    assert {key: spec[key] for key in spec if key != "selector"} == limits


@pytest.mark.parametrize(("text", "limit"), [("'1'", 1), ("50%", "50%"), ("0", 0)])
def test_of_all_engines(text: str, limit: int | str) -> None:
    stated = f"servingEngineSpec:\n  maxUnavailablePodDisruptionBudget: {text}"
    spec = one(MODEL.replace("servingEngineSpec:", stated), "PodDisruptionBudget")["spec"]
    assert spec["maxUnavailable"] == limit


def test_each_component_has_its_own() -> None:
    values = MODEL + (
        "    pdb: {enabled: true}\n"
        "routerSpec: {pdb: {enabled: true, labels: {a: b}, annotations: {c: d}}}\n"
        "cacheServerSpec: {enableServer: true, maxUnavailablePodDisruptionBudget: 1}\n"
        "loraController: {enableLoraController: true, pdb: {enabled: true}}\n"
    )
    found = {name: o for (kind, name), o in objects_of(values).items() if kind == "PodDisruptionBudget"}
    assert len(found) == 4
    assert found["llmstack-pdb-router"]["metadata"]["annotations"] == {"c": "d"}
    assert found["llmstack-pdb-router"]["metadata"]["labels"]["a"] == "b"
    assert len({str(o["spec"]["selector"]) for o in found.values()}) == 4
