"""A release of Helm is taken over in place as docs/adopt.md says: its Deployments are made anew, the rest stays."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.objects.components import build_all
from tests.cluster.kubectl import Kubectl, Object, Refused
from tests.parity.corpus import Case, corpus_cases, own_cases
from tests.parity.prepare import stack_of

NO_FILES = "no renderings of the chart: set LLMSTACK_CORPUS to a folder with values/ and helm-rendered/"
CASES: list[Any] = [*own_cases(), *corpus_cases()] or [pytest.param(None, marks=pytest.mark.skip(NO_FILES))]
LEFT = {55555, 9999}
"""Ports of every engine's Service in the chart, which server-side apply leaves: nobody answers there."""

DELETED = ("Deployment", "PodDisruptionBudget", "Service")
"""What is deleted by hand where the API refuses the change: another selector, minAvailable beside maxUnavailable, a
named port whose number differs, since the old one stays beside it."""
SHARED_CLAIM = "-shared-pvc-storage-claim"
"""The claim whose defaults are not the chart's; where its spec differs it stays as it is."""

Key = tuple[str, str]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case and case.name)
def test_a_release_is_taken_over(case: Case, kubectl: Kubectl, custom_resources: None) -> None:
    helm = {key(each): each for each in map(in_default, yamlio.load_all(case.rendered.read_text(encoding="utf-8")))}
    ours = {key(each): each for each in (placed.object for placed in build_all(stack_of(case)))}
    with released(kubectl, list(helm.values()), list(ours.values())) as there:
        both = [each for name, each in ours.items() if name in there]
        refused = {key(each) for each in both if kubectl.refusal(each)}
        assert {key(each) for each in both if each["kind"] == "Deployment"} <= refused
        assert {name for kind, name in refused if kind not in DELETED} <= {"vllm" + SHARED_CLAIM}
        for kind, name in refused:
            if kind in DELETED:
                kubectl("delete", kind, name, "-n", "default")
        wanted = {name: each for name, each in ours.items() if name not in refused or name[0] in DELETED}
        taken = {key(each): each for each in kubectl.apply(wanted.values())}
        assert taken.keys() == wanted.keys()
        for each in both:
            if each["kind"] == "Service":
                now = taken[key(each)]["spec"]
                assert now["selector"] == each["spec"]["selector"]
                assert ports(now) - LEFT == ports(each["spec"]) - LEFT


@contextmanager
def released(kubectl: Kubectl, helm: list[Object], ours: list[Object]) -> Iterator[set[Key]]:
    """What Helm has created, under its own field manager; nothing of either is left when the block has ended.

    Some of what the chart can render is refused by the API: that is not there.
    """
    there = set()
    stream = "---\n".join(map(yamlio.dump, [*helm, *ours]))
    try:
        for each in helm:
            with suppress(Refused):
                kubectl("create", "--field-manager=helm", "--validate=false", "-f", "-", stdin=yamlio.dump(each))
                there.add(key(each))
        yield there
    finally:
        kubectl("delete", "--ignore-not-found", "--timeout=60s", "-f", "-", stdin=stream)


def key(object: Object) -> Key:
    return object["kind"], object["metadata"]["name"]


def in_default(object: Object) -> Object:
    return {**object, "metadata": {**object["metadata"], "namespace": "default"}}


def ports(spec: Object) -> set[int]:
    return {each["port"] for each in spec["ports"]}
