"""From Flux to Argo CD and back, by the order of commits that `diff` gives: no pod is made anew, nothing is left behind."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from llmstack.tree.flux import NAMESPACE as FLUX
from tests.argo.applications import synced_at
from tests.argo.argocd import Plan
from tests.argo.watched import Watched, watched
from tests.cluster.check_owners import LISTED
from tests.cluster.flux import Storage
from tests.cluster.kubectl import Kubectl, rolled_out, wait_until
from tests.cluster.owned import Owned, owned

MODELS = ({"name": "a", "env": [{"name": "FORMER", "value": "1"}]}, {"name": "b"})
FILE = "clusters/c1/kustomization.yaml"


@pytest.fixture
def fluxed(kubectl: Kubectl, controllers: Storage, argo: Plan, tmp_path: Path) -> Iterator[Owned]:
    with owned("to-argo", kubectl, tmp_path, MODELS) as one:
        yield one


def test_from_flux_to_argo_cd(fluxed: Owned) -> None:
    kubectl, pods = fluxed.kubectl, fluxed.pods()
    fluxed.push(fluxed.values(*MODELS), {FILE: LISTED})
    assert kubectl("get", "kustomizations", "-n", FLUX, "-o", "jsonpath={..deletionPolicy}").split() == ["Orphan"] * 2
    commit = fluxed.commit(fluxed.values(*MODELS, tool="argo"))
    print(json.dumps(fluxed.foreseen()["clusters"], indent=1))
    other = Watched(fluxed.repository, fluxed.url, fluxed.name, kubectl)
    synced_at(kubectl, commit, other.expected())
    wait_until(lambda: not fluxed.units(), "no Kustomization left")
    rolled_out(kubectl, fluxed.name)
    assert fluxed.pods() == pods
    print(
        kubectl(
            "get", "deployment", "-n", fluxed.name, "llmstack-a-deployment-vllm", "-o", "yaml", "--show-managed-fields"
        )
    )


@pytest.fixture
def argoed(kubectl: Kubectl, controllers: Storage, argo: Plan, tmp_path: Path) -> Iterator[Watched]:
    with watched("to-flux", kubectl, tmp_path, MODELS) as one:
        yield one


def test_from_argo_cd_to_flux(argoed: Watched) -> None:
    argoed.commit(argoed.values(*MODELS, tool="flux"))
    print(json.dumps(argoed.foreseen()["clusters"], indent=1))
