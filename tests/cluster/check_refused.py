"""What the API server says against objects as they stand, and against changes of fields that stay, is what we say."""

from __future__ import annotations

from contextlib import nullcontext

import pytest

from llmstack.kubernetes.beyond_quotas import beyond_quotas
from tests.cluster.kubectl import Kubectl, namespace, wait_until
from tests.kubernetes.refused_objects import QUOTAS, REFUSED, SPACE, TAKEN, UNREAD, UPDATES


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_taken(name: str, kubectl: Kubectl) -> None:
    assert kubectl.refusal(TAKEN[name]) == ""


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_refused(name: str, kubectl: Kubectl) -> None:
    assert kubectl.refusal(REFUSED[name])


@pytest.mark.parametrize("name", UNREAD)
def test_what_cannot_be_read(name: str, kubectl: Kubectl) -> None:
    assert kubectl.refusal(UNREAD[name])


@pytest.mark.parametrize("name", UPDATES)
def test_updates(name: str, kubectl: Kubectl) -> None:
    before, after, is_refused = UPDATES[name]
    with kubectl.holding(before):
        assert bool(kubectl.refusal(after)) == is_refused


@pytest.mark.parametrize("name", QUOTAS)
def test_an_object_more_than_a_quota_allows(name: str, kubectl: Kubectl) -> None:
    """A dry run is held against the quota too: with Flux, nothing of the whole unit is applied.

    The quota stands before what it counts: admission counts what comes after it, while what comes just before it may
    not have reached the controller, which then counts again only after five minutes (`--resource-quota-sync-period`).
    """
    (counted, hard), used, there, new, is_refused = QUOTAS[name]
    metadata = {"name": "q", "namespace": SPACE}
    quota = {"apiVersion": "v1", "kind": "ResourceQuota", "metadata": metadata, "spec": {"hard": {counted: hard}}}

    def counts(amount: str) -> bool:
        [found] = kubectl.items("resourcequotas", SPACE)
        return bool(found.get("status", {}).get("used", {}).get(counted) == amount)

    with kubectl.holding(namespace(SPACE), quota):
        wait_until(lambda: counts("0"), "the quota holds")
        with kubectl.holding(*there) if there else nullcontext():
            wait_until(lambda: counts(used), f"the quota counts {used} {counted}")
            wait_until(lambda: bool(kubectl.refusal(new)) == is_refused, f"refused: {is_refused}")
            foreseen = beyond_quotas(
                [*there, quota], [*(each for each in there if each["metadata"] != new["metadata"]), new, quota], {}, {}
            )
            assert [each.alone for each in foreseen.values()] == ([True] if is_refused else [])
