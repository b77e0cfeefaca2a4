"""The control plane of tests/cluster, and Argo CD on it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.argo.argocd import Plan, argo_cd
from tests.argo.build import build
from tests.cluster.conftest import cluster, controllers, custom_resources, helm, kubectl
from tests.cluster.kubectl import Kubectl

__all__ = ["cluster", "controllers", "custom_resources", "helm", "kubectl"]


@pytest.fixture(scope="session")
def programs() -> dict[str, Path]:
    return build()


@pytest.fixture(scope="session")
def argo(
    programs: dict[str, Path],
    kubectl: Kubectl,
    custom_resources: None,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Plan]:
    """Argo CD's controllers."""
    with argo_cd(programs, kubectl, tmp_path_factory.mktemp("argo")) as running:
        yield running
