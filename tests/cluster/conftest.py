"""One control plane for all checks of a process; each works in namespaces of its own."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cluster.build import build_all
from tests.cluster.control_plane import ControlPlane, control_plane
from tests.cluster.crds import install
from tests.cluster.flux import Storage, flux
from tests.cluster.helm import Helm
from tests.cluster.kubectl import Kubectl, wait_until


@pytest.fixture(scope="session")
def programs() -> dict[str, Path]:
    return build_all()


@pytest.fixture(scope="session")
def cluster(programs: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    # A fixture ends what it started when an exception passes; a signal must become one.
    signal.signal(signal.SIGTERM, lambda *_: pytest.exit("terminated", returncode=143))
    with control_plane(programs, tmp_path_factory.mktemp("control-plane")) as running:
        yield running


@pytest.fixture(scope="session")
def kubectl(programs: dict[str, Path], cluster: ControlPlane) -> Kubectl:
    user = Kubectl(programs["kubectl"], cluster.kubeconfig)
    wait_until(lambda: user.items("serviceaccounts", "default"), "the default ServiceAccount")
    return user


@pytest.fixture(scope="session", autouse=True)
def custom_resources(kubectl: Kubectl) -> None:
    """The definitions of every custom resource that llmstack writes; there before any test, in whatever order they go."""
    install(kubectl)


@pytest.fixture(scope="session")
def helm(programs: dict[str, Path], kubectl: Kubectl, tmp_path_factory: pytest.TempPathFactory) -> Helm:
    return Helm(programs["helm"], kubectl, tmp_path_factory.mktemp("helm"))


@pytest.fixture(scope="session")
def controllers(
    programs: dict[str, Path], kubectl: Kubectl, custom_resources: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Storage]:
    """Flux, and where it keeps artifacts."""
    with flux(programs, kubectl, tmp_path_factory.mktemp("flux")) as storage:
        yield storage
