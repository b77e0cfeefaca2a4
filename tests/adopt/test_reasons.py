"""Every restart that a takeover would cost is explained, and every explanation occurs."""

from __future__ import annotations

from collections import Counter

import pytest

from llmstack.adopt.reasons import REASONS, VALUES, reasons
from tests.adopt.support import CASES
from tests.parity.corpus import corpus_cases
from tests.parity.departures import DEPARTURES
from tests.parity.test_parity import NO_CASES
from tests.parity.test_selectors import both

OURS = {"chat-template", "shared-memory", "router-arguments", "router-ports", "router-secrets", "cache-server-defaults",
        "flags-in-args", "order", "ray"}  # fmt: skip
"""Reasons that sum up several departures of the parity, or none: there, what means the same is the same."""
NOT_OF_THE_CHART = {"nvidia.com/gpu", "nodeSelector", "--pipeline-parallel-size"}
"""What the parity's preparation changes (half a GPU), and keys that the chart did not read."""


def test_ids_are_those_of_the_parity() -> None:
    ids = [reason.id for reason in REASONS]
    assert len(ids) == len(set(ids))
    assert set(ids) - OURS <= {departure.id for departure in DEPARTURES}


@pytest.mark.skipif(not corpus_cases(), reason=NO_CASES)
def test_every_difference_has_a_reason_and_every_reason_occurs() -> None:
    hits: Counter[str] = Counter()
    for case in CASES:
        for helm, ours in both(case, ("Deployment", "RayCluster")):
            found = reasons(helm, ours)
            hits.update(reason.id for reason in found)
            strange = [path for path in found.get(VALUES, ()) if not any(word in path for word in NOT_OF_THE_CHART)]
            assert strange == [], case.name
    assert {reason.id for reason in REASONS} - hits.keys() == set()


def test_a_difference_of_the_values_is_not_explained_away() -> None:
    helm = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "vllm", "image": "a"}]}}}}
    ours = {"kind": "Deployment", "spec": {"template": {"spec": {"containers": [{"name": "vllm", "image": "b"}]}}}}
    assert reasons(helm, ours) == {VALUES: ("spec.template.spec.containers[vllm].image",)}
    assert reasons(helm, helm) == {}
