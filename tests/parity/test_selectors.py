"""With `gitops.selectors: chart` the pods of a Helm release are found by the same labels, and carry no others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.objects.components import build_all
from tests.parity.compare import differences
from tests.parity.corpus import Case, corpus_cases, own_cases
from tests.parity.departures import explain, renamed
from tests.parity.meaning import Object
from tests.parity.prepare import RELEASE, stack_of
from tests.parity.test_parity import NO_CASES

CASES = [*own_cases(), *corpus_cases()]
SELECTS = ("Deployment", "Service", "PodDisruptionBudget", "ServiceMonitor")
OF_LABELS = frozenset((
    "frozen-selector", "frozen-labels", "labels-on-objects", "no-managed-by-helm", "router-finds-frozen-labels",
    "no-service-links",
))  # fmt: skip
"""Departures that our own selectors are; under the chart's none is left in a pod template."""

each_case = pytest.mark.parametrize(
    "case", CASES or [pytest.param(None, marks=pytest.mark.skip(NO_CASES))], ids=lambda c: c and c.name
)


def both(case: Case, kinds: tuple[str, ...] = SELECTS) -> Iterator[tuple[Object, Object]]:
    """Helm's object and ours under the chart's selectors, for all that both have."""
    helm, ours = sides(case)
    mine = {(each["kind"], each["metadata"]["name"]): each for each in ours}
    for each in helm:
        if each["kind"] in kinds and (found := mine.get((each["kind"], each["metadata"]["name"]))):
            yield each, found


def sides(case: Case) -> tuple[list[Object], list[Object]]:
    helm = yamlio.load_all(case.rendered.read_text(encoding="utf-8"))
    cache = [users_labels(each) for each in helm if each["metadata"]["name"].endswith("-deployment-cache-server")]
    stack = stack_of(case, selectors="chart", selectorLabels={"cacheServer": cache[0]} if cache else {})
    return helm, [each.object for each in build_all(stack)]


def users_labels(deployment: Object) -> dict[str, str]:
    kept = deployment["spec"]["selector"]["matchLabels"]
    return {key: value for key, value in kept.items() if not key.startswith("app.kubernetes.io/")}


def labels_of_pods(deployment: Object) -> Any:
    return deployment["spec"]["template"]["metadata"]["labels"]


@each_case
def test_selectors_and_pod_labels_are_the_charts(case: Case) -> None:
    pairs = list(both(case))
    assert any(ours["kind"] == "Deployment" for _, ours in pairs)
    for helm, ours in pairs:
        if ours["kind"] == "ServiceMonitor":  # the chart leaves out a label that its Services have
            assert helm["spec"]["selector"]["matchLabels"].items() <= ours["spec"]["selector"]["matchLabels"].items()
        else:
            assert ours["spec"]["selector"] == helm["spec"]["selector"], helm["metadata"]["name"]
        if ours["kind"] == "Deployment":
            assert labels_of_pods(ours) == labels_of_pods(helm)


@each_case
def test_templates_differ_by_departures_that_are_not_of_labels(case: Case) -> None:
    helm, ours = sides(case)
    in_deployments = [
        each
        for each in differences(helm, ours, renamed(helm, RELEASE))
        if each.kind == "Deployment" and each.path.startswith("spec.template")
    ]
    found = [(each, explain(each)) for each in in_deployments]
    assert [each for each, departure in found if departure is None] == []
    assert OF_LABELS.isdisjoint(departure.id for _, departure in found if departure)


@each_case
def test_a_releases_selectors_before_0_1_10_are_the_users_labels(case: Case) -> None:
    """(production-stack 0.1.9, helm/templates/deployment-vllm-multi.yaml, deployment-router.yaml, _helpers.tpl.)"""
    old = {each.object["metadata"]["name"]: each.object for each in build_all(stack_of(case, selectors="chart-0.1.9"))}
    for now, _ in both(case, ("Deployment",)):
        deployment, users = old[now["metadata"]["name"]], users_labels(now)
        if users and "lora-controller" not in deployment["metadata"]["name"]:
            assert deployment["spec"]["selector"]["matchLabels"] == users
            assert labels_of_pods(deployment) == users


@each_case
def test_every_selector_finds_the_pods_that_it_found(case: Case) -> None:
    """Frozen labels win over what the values say later."""
    users = {"engine": {"environment": "kept"}, "router": {"release": "kept"}}
    stack = stack_of(case, selectors="chart", selectorLabels=users)
    objects = [each.object for each in build_all(stack)]
    deployments = [each for each in objects if each["kind"] == "Deployment"]
    for each in deployments:
        assert each["spec"]["selector"]["matchLabels"].items() <= labels_of_pods(each).items()
    engines = [each for each in deployments if each["metadata"]["labels"].get("model")]
    assert all(labels_of_pods(each)["environment"] == "kept" for each in engines)
