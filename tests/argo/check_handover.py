"""From Flux to Argo CD and back, by the order of commits that `diff` gives and the commands of docs/operations.md.

No pod is made anew, and what leaves the tree afterwards leaves the cluster: the new tool knows what it has, and the former
one's share of the fields is gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.argo.applications import applications, operated, synced_at
from tests.argo.argocd import Plan
from tests.argo.watched import Watched, watched
from tests.cluster.by_hand import run_block
from tests.cluster.check_owners import LISTED
from tests.cluster.flux import Storage, follow, ready_at
from tests.cluster.kubectl import Kubectl, rolled_out, wait_until
from tests.cluster.owned import NOTE, Owned, owned

A, B = "llmstack-a-deployment-vllm", "llmstack-b-deployment-vllm"
MODELS = ({"name": "a", "env": [{"name": "FORMER", "value": "1"}]}, {"name": "b"})
FILE = "clusters/c1/kustomization.yaml"


@pytest.fixture
def fluxed(kubectl: Kubectl, controllers: Storage, argo: Plan, tmp_path: Path) -> Iterator[Owned]:
    with owned("to-argo", kubectl, tmp_path, MODELS) as one:
        yield one


@pytest.fixture
def argoed(kubectl: Kubectl, controllers: Storage, argo: Plan, tmp_path: Path) -> Iterator[Watched]:
    with watched("to-flux", kubectl, tmp_path, MODELS) as one:
        yield one


def test_from_flux_to_argo_cd(fluxed: Owned) -> None:
    kubectl, pods = fluxed.kubectl, fluxed.pods()
    now = Watched(fluxed.repository, fluxed.url, fluxed.name, kubectl)
    fluxed.push(fluxed.values(*MODELS), {FILE: LISTED})
    commit = now.commit(now.values(*MODELS))
    fluxed.look()
    advice = now.foreseen()["clusters"]["c1"]["advice"]
    assert [each.split(",")[0] for each in advice] == [
        "Then have Argo CD sync every Application once",
        "Then take Flux's fields away (docs/operations.md",
    ]
    synced_at(kubectl, commit, now.expected())
    wait_until(lambda: not fluxed.units(), "no Kustomization left")
    assert managers(now, A) == {"kustomize-controller"}, "equal objects are taken for synced, and not applied"
    run_by_hand("operation", now)
    wait_until(lambda: operated(applications(kubectl)["prod.models.b"]) == commit, "synced by hand")
    wait_until(lambda: operated(applications(kubectl)["prod.models.a"]) == commit, "synced by hand")
    run_by_hand("--field-manager", now)
    assert managers(now, A) == {"argocd-controller"}
    now.push(now.values(*MODELS), {FILE: None})
    assert now.pods() == pods
    now.push(now.values({"name": "a"}))
    nothing_is_left(now)


def test_from_argo_cd_to_flux(argoed: Watched) -> None:
    kubectl, pods = argoed.kubectl, argoed.pods()
    now = Owned(argoed.repository, argoed.url, argoed.name, kubectl)
    run_by_hand("--cascade=orphan", argoed)
    assert not applications(kubectl)
    commit = argoed.commit(now.values(*MODELS), {"clusters/c1/note.yaml": NOTE})
    advice = argoed.foreseen()["clusters"]["c1"]["advice"]
    assert [each.partition(" ")[0] for each in advice] == ["First,", "Then", "Last:"]
    with follow(kubectl, now.url, "clusters/c1"):
        ready_at(kubectl, commit)
        run_by_hand("--field-manager", now, former="argocd-controller")
        assert managers(now, A) == {"kustomize-controller"}
        rolled_out(kubectl, now.name)
        assert now.pods() == pods
        now.push(now.values({"name": "a"}))
        nothing_is_left(now)


def nothing_is_left(now: Owned) -> None:
    """Of the model and the variable that the last commit took away."""
    wait_until(lambda: B not in now.generations(), "the Deployment of b gone")
    assert "FORMER" not in now.kubectl("get", "deployment", A, "-n", now.name, "-o", "json")
    assert len(now.kubectl.items("services", now.name)) == 1


def managers(now: Owned, name: str) -> set[str]:
    """Who owns fields of a Deployment, its status apart."""
    text = now.kubectl("get", "deployment", name, "-n", now.name, "-o", "json", "--show-managed-fields")
    return {each["manager"] for each in json.loads(text)["metadata"]["managedFields"] if "subresource" not in each}


def run_by_hand(word: str, now: Owned, *, former: str = "kustomize-controller", environment: str = "prod") -> None:
    """Run the block of docs/operations.md that has a word, as a person would, in the repository."""
    replaced = {"=kustomize-controller": f"={former}", "prod": environment}
    run_block("operations.md", word, now.kubectl, now.repository.root, replaced)
