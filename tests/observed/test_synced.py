"""Flux's Kustomizations and Argo CD's Applications: which commit they applied when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from llmstack.observed.things import Synced
from tests.observed.support import seen

FLUX = "kustomize.toolkit.fluxcd.io/v1"
ARGO = "argoproj.io/v1alpha1"


def kustomization(history: Any, **status: Any) -> dict[str, Any]:
    return {"apiVersion": FLUX, "kind": "Kustomization", "metadata": {"name": "prod.models.llama", "resourceVersion": "5"},
            "spec": {}, "status": {"history": history, **status}}  # fmt: skip


def entry(revision: str, first: str, status: str = "ReconciliationSucceeded") -> dict[str, Any]:
    return {"digest": "sha256:1", "firstReconciled": first, "lastReconciled": first, "lastReconciledStatus": status,
            "metadata": {"revision": revision}, "totalReconciliations": 1}  # fmt: skip


def test_what_flux_applied_the_oldest_first() -> None:
    newest = entry("main@sha1:bbb", "2026-11-20T12:00:00Z", "HealthCheckFailed")
    failed = entry("main@sha1:ccc", "2026-11-20T13:00:00Z", "ReconciliationFailed")
    [found] = seen(kustomization([failed, newest, entry("main@sha1:aaa", "2026-11-19T12:00:00Z")])).now(Synced)
    assert found.applied == (
        ("aaa", datetime(2026, 11, 19, 12, tzinfo=UTC)),
        ("bbb", datetime(2026, 11, 20, 12, tzinfo=UTC)),
    )
    assert (found.ready, found.suspended) == (None, False)


def test_why_a_kustomization_is_not_ready() -> None:
    conditions = [{"type": "Ready", "status": "False", "reason": "DependencyNotReady"}]
    [found] = seen(kustomization([], conditions=conditions)).now(Synced)
    assert (found.ready, found.why) == (False, "DependencyNotReady")


def test_what_argo_cd_applied() -> None:
    history = [{"id": 0, "revision": "aaa", "deployedAt": "2026-11-19T12:00:00Z"}]
    status = {"history": history, "health": {"status": "Degraded"}}
    application = {"apiVersion": ARGO, "kind": "Application", "metadata": {"name": "a"}, "status": status}
    [found] = seen(application).now(Synced)
    assert (found.applied, found.ready, found.why) == (
        (("aaa", datetime(2026, 11, 19, 12, tzinfo=UTC)),), False, "Degraded",
    )  # fmt: skip


@pytest.mark.parametrize("history", [None, {}, "x", [None, 1, [], {"metadata": 3}, {"firstReconciled": "yesterday"}]])
def test_what_is_no_history_is_none(history: Any) -> None:
    [found] = seen(kustomization(history)).now(Synced)
    assert found.applied == ()


def test_other_kinds_of_these_names_are_passed_over() -> None:
    other = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization", "metadata": {"name": "a"}}
    application = {"apiVersion": "app.k8s.io/v1beta1", "kind": "Application", "metadata": {"name": "a"}}
    assert seen(other, application).now(Synced) == ()
