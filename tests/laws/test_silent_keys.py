"""A key of a model changes some object in every form that a model is served in, or a finding says that it does not."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.checks import run_checks, settle
from llmstack.checks.subject import Subject
from llmstack.finding import Route as Place
from llmstack.model.reading import read_stack
from llmstack.objects.components import build_all
from llmstack.values.layers import merge
from llmstack.values.source import read_source
from tests.laws.keys import Route, candidates, put, show
from tests.laws.test_every_key import DEAD, ENGINE, KEYS, RICH, is_fact

MODEL = "{servingEngineSpec: {modelSpec: [%s]}, %s}"
FORMS: Mapping[str, tuple[str, ...]] = {
    "a Deployment": (
        "{name: llama, modelURL: x/y}",
        "{name: llama, keda: {enabled: false}, pdb: {enabled: false}}",
        "{name: llama, requestGPU: 0}",
        "{name: llama, lmcacheConfig: {enabled: true, enableNixl: true, nixlRole: sender}}",
    ),
    "a RayCluster": (
        "{name: llama, raySpec: {enabled: true, upgradeStrategy: {},"
        " headNode: {initContainer: [{name: init, image: 'busybox:1.37'}]}}}",
        "{name: llama, raySpec: {enabled: true}, lmcacheConfig: {enabled: true, enableNixl: true, nixlRole: sender}}",
        "{name: llama, raySpec: {enabled: true}, lwsSpec: {enabled: true, size: 2}, keda: {enabled: true}}",
    ),
    "a LeaderWorkerSet": (
        "{name: llama, lwsSpec: {enabled: true, size: 2}}",
        "{name: llama, requestGPU: 0, lwsSpec: {enabled: true, size: 2}}",
        "{name: llama, lwsSpec: {enabled: true, size: 2}, keda: {enabled: false}, pdb: {enabled: false}}",
        "{name: llama, lwsSpec: {enabled: true, size: 2},"
        " lmcacheConfig: {enabled: true, enableNixl: true, nixlRole: sender}}",
    ),
}
"""What a model is, in each form, over a model with everything in it: a key has an effect in one of the contexts of
the form, or is said to have none in each."""

SWITCHES = frozenset(("raySpec", "lwsSpec"))
"""Sections whose keys belong to one form; in the others they are not turned on."""

SAYS = frozenset(("dead-key", "ignored-key"))

Seen = tuple[list[dict[str, Any]], set[Place]]


def look(values: Mapping[str, Any]) -> Seen | None:
    """The objects that values make and the places of which a finding says that they change nothing; None for
    values that are refused."""
    layers, stack, findings = read_stack([read_source("values/prod.yaml", yamlio.dump(values).encode())])
    if stack is None:
        return None
    found = settle([*findings, *run_checks(Subject("prod", stack, layers))], layers, {})
    said = {finding.route for finding in found if finding.id in SAYS and finding.route}
    return [placed.object for placed in build_all(stack)], said


@cache
def contexts(form: str) -> tuple[tuple[dict[str, Any], Seen], ...]:
    rich = yamlio.load(RICH)
    found = []
    for text in FORMS[form]:
        values = dict(merge(rich, yamlio.load(MODEL % (text, "routerSpec: {autoscaling: {enabled: false}}"))))
        seen = look(values)
        assert seen is not None, text
        found.append((values, seen))
    return tuple(found)


def is_told(route: Route, said: set[Place]) -> bool:
    """Whether a finding stands at the key, at what holds it, or, for a raw block, inside it."""
    key = tuple(0 if step == "[]" else step for step in route)
    return any(place == key[: len(place)] or key == place[: len(key)] for place in said)


def acts_or_is_told(route: Route, annotation: Any, values: dict[str, Any], before: Seen) -> bool:
    for candidate in candidates(annotation):
        after = look(put(values, route, candidate))
        if after is not None and (after[0] != before[0] or is_told(route, after[1])):
            return True
    return False


MODEL_KEYS = [
    route
    for route in KEYS
    if route[:3] == ENGINE and len(route) > 3 and route not in DEAD and not is_fact(route) and route[3] not in SWITCHES
]


@pytest.mark.parametrize("form", FORMS)
def test_no_key_of_a_model_is_silent(form: str) -> None:
    silent = [
        show(route)
        for route in MODEL_KEYS
        if not any(acts_or_is_told(route, KEYS[route], values, before) for values, before in contexts(form))
    ]
    assert silent == [], f"these change nothing in {form}, and nothing says so"
