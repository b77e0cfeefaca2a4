"""Argo CD syncs all that llmstack writes: the example, and every third values file of the corpus, those of our own beside.

Nothing may be left `OutOfSync` after its sync: a field that the API server fills in or spells otherwise would be synced
for ever. Pods of the corpus need not come up. LLMSTACK_ADOPT_ALL=1 takes the whole corpus.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from tests.argo.applications import applications, operated, out_of_sync, refresh, said, sync_status, synced_at
from tests.argo.argocd import Plan
from tests.argo.watched import Watched
from tests.cluster.check_adopt import CASES
from tests.cluster.git_server import serving
from tests.cluster.kubectl import Kubectl, Object, namespace, rolled_out
from tests.cluster.nodes import DEFAULT_STORAGE, PRODUCT, RUNTIME_CLASS, gpu_node, nodes, volumes
from tests.cluster.repository import CLUSTERS, GPUS, PUBLISHED, example, new_repository
from tests.parity.corpus import Case
from tests.parity.prepare import prepared

PATIENCE = 300.0


@pytest.mark.parametrize("environment", GPUS)
def test_the_example_is_synced_and_healthy(environment: str, kubectl: Kubectl, argo: Plan, tmp_path: Path) -> None:
    repository = example(tmp_path / "work")
    cluster = CLUSTERS[environment]
    with ExitStack() as stack:
        url = stack.enter_context(serving(tmp_path / "served"))
        base = (repository.root / "values" / "base.yaml").read_text(encoding="utf-8")
        repository.serve(tmp_path / "served" / "llm.git")
        commit = repository.publish({"base": base.replace(PUBLISHED, f"{url}/llm.git").replace("flux", "argo")})
        one = Watched(repository, f"{url}/llm.git", "llm", kubectl)
        machines = [gpu_node(f"{environment}-{each}", 8, {PRODUCT: GPUS[environment]}) for each in range(2)]
        stack.enter_context(nodes(kubectl, *machines))
        claims = repository.objects(f"overlays/{environment}")
        stack.enter_context(kubectl.holding(RUNTIME_CLASS, DEFAULT_STORAGE, *volumes(claims), namespace("llm")))
        stack.enter_context(one.entered(environment, cluster=cluster))
        one.operated(f"{environment}.router", commit)
        admit(kubectl, "llm")
        synced_at(kubectl, commit, one.expected(environment, cluster))
        rolled_out(kubectl, "llm")
    kubectl("delete", "persistentvolumes", "--all")


@pytest.fixture(scope="module")
def corpus(
    kubectl: Kubectl, argo: Plan, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Mapping[str, Mapping[str, str]]]:
    """What the Applications of each case say, by their names, once all are synced."""
    folder = tmp_path_factory.mktemp("corpus")
    places = {case.name: f"corpus-{number}" for number, case in enumerate(CASES)}
    repository = new_repository(folder / "work")
    with ExitStack() as stack:
        url = stack.enter_context(serving(folder / "served"))
        repository.serve(folder / "served" / "llm.git")
        one = Watched(repository, f"{url}/llm.git", "corpus", kubectl)
        commit = repository.publish({places[case.name]: values_of(case, places[case.name], one.url) for case in CASES})
        stack.enter_context(nodes(kubectl, gpu_node("corpus", 1000)))
        stack.enter_context(kubectl.holding(RUNTIME_CLASS, *map(namespace, places.values())))
        expected = {case: one.expected(place, "all") for case, place in places.items()}
        stack.enter_context(one.entered(*places.values(), cluster="all"))
        wait_for(kubectl, commit, [name for names in expected.values() for name in names])
        found = applications(kubectl)
        yield {case: {name: state(found.get(name, {})) for name in names} for case, names in expected.items()}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_nothing_of_a_case_is_left_out_of_sync(case: Case, corpus: Mapping[str, Mapping[str, str]]) -> None:
    assert set(corpus[case.name].values()) == {"Synced"}, corpus[case.name]


def admit(kubectl: Kubectl, place: str) -> None:
    """Give Ingresses the address that their controller would: without one Argo CD calls them Progressing."""
    patch = '{"status": {"loadBalancer": {"ingress": [{"ip": "192.0.2.1"}]}}}'
    for each in kubectl.items("ingresses", place):
        name = each["metadata"]["name"]
        kubectl("patch", "ingress", name, "-n", place, "--subresource=status", "--type=merge", "-p", patch)


def wait_for(kubectl: Kubectl, commit: str, names: Sequence[str]) -> None:
    """Wait until each Application has had its sync and was compared after it; those that fail are told by the tests."""
    until = time.monotonic() + PATIENCE

    def waiting() -> list[str]:
        found = applications(kubectl)
        return [name for name in names if operated(found.get(name, {})) != commit or state(found[name]) != "Synced"]

    while (late := waiting()) and time.monotonic() < until:
        refresh(kubectl, *(name for name in late if name in applications(kubectl)))
        time.sleep(5)


def state(application: Object) -> str:
    """`Synced`, or what is not and why."""
    status = sync_status(application)
    return status if status == "Synced" else " ".join([status, *out_of_sync(application), said(application)])


def values_of(case: Case, name: str, url: str) -> dict[str, Any]:
    """The values of a case in a namespace of its own, synced by Argo CD."""
    values = prepared(yamlio.load(case.values.read_text(encoding="utf-8")))
    sync = {"tool": "argo", "cluster": "all", "repoURL": url}
    values["gitops"] |= {"namespace": name, "sync": sync}
    return values
