"""What the API server says against objects as they stand, and against changes of fields that stay, is what we say."""

from __future__ import annotations

import pytest

from tests.cluster.kubectl import Kubectl
from tests.kubernetes.refused_objects import REFUSED, TAKEN, UPDATES


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(name: str, kubectl: Kubectl) -> None:
    assert kubectl.refusal(TAKEN[name]) == ""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, kubectl: Kubectl) -> None:
    assert kubectl.refusal(REFUSED[name])


@pytest.mark.parametrize("name", UPDATES)
def test_updates(name: str, kubectl: Kubectl) -> None:
    before, after, is_refused = UPDATES[name]
    with kubectl.holding(before):
        assert bool(kubectl.refusal(after)) == is_refused
