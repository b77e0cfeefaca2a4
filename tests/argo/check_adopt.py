"""An Argo CD Application of a Helm chart is taken over as docs/adopt.md says: no pod restarts, nothing is pruned.

The chart is what `helm template` made of it, in a repository of its own: Argo CD renders it with Helm, and applies it by
its client or by server-side apply. There is no record of Helm's.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.tree.argo import API, CLUSTER, FINALIZER, NAMESPACE
from tests.argo.applications import PATIENCE, applications, operated, refresh, sync_status
from tests.argo.argocd import Plan
from tests.argo.check_handover import run_by_hand
from tests.argo.watched import Watched
from tests.cluster.check_adopt import KINDS, Pods, in_namespace, pods_of
from tests.cluster.git_server import serving
from tests.cluster.helm import write_chart
from tests.cluster.kubectl import Kubectl, Object, namespace, wait_until
from tests.cluster.nodes import DEFAULT_STORAGE, RUNTIME_CLASS, gpu_node, nodes, volumes
from tests.cluster.repository import new_repository
from tests.parity.corpus import Case, corpus_cases, own_cases
from tests.parity.prepare import prepared

OLD = "vllm"
[CASE] = [
    case
    for case in (*corpus_cases(), *own_cases())
    if case.name.endswith(("values-04-multiple-models", "router-alone"))
][:1]
TRACKING = "argocd.argoproj.io/tracking-id"


@dataclass(frozen=True)
class Chart:
    """What a chart renders to, and the values that it was given."""

    objects: Sequence[Object]
    values: Mapping[str, Any]


@dataclass(frozen=True)
class Installed:
    """A release that Argo CD renders, and the repository that takes it over."""

    one: Watched
    pods: Pods
    objects: frozenset[tuple[str, str]]


@contextmanager
def installed(
    kubectl: Kubectl, folder: Path, place: str, options: list[str], chart: Chart, gpus: int = 1000
) -> Iterator[Installed]:
    """The release as the former Application has it, every Deployment with its pods and every claim with a volume."""
    repository = new_repository(folder / "work")
    objects = [in_namespace(each, place) for each in chart.objects]
    there: tuple[Mapping[str, Any], ...] = (RUNTIME_CLASS, DEFAULT_STORAGE, namespace(place), *volumes(objects))
    with ExitStack() as stack:
        url = stack.enter_context(serving(folder / "served"))
        one = Watched(repository, f"{url}/llm.git", place, kubectl)
        repository.serve(folder / "served" / "llm.git")
        write_chart(repository.root / "charts" / OLD, objects)
        repository.publish({"taken": values_of(chart, place, one.url)})
        stack.enter_context(nodes(kubectl, gpu_node(place, gpus)))
        stack.enter_context(kubectl.holding(*there))
        kubectl.apply([application(one.url, place, options)], manager="tests")
        stack.callback(forget, kubectl)
        wait_until(lambda: operated(applications(kubectl)[OLD]), "the release synced", 120)
        wait_until(lambda: pods_of(kubectl, place) and all_have_pods(kubectl, place), "pods", 120)
        yield Installed(one, pods_of(kubectl, place), found(kubectl, place))


@pytest.mark.parametrize("options", [[], ["ServerSideApply=true"]], ids=["by its client", "server-side"])
def test_a_release_of_argo_cd_is_taken_over(options: list[str], kubectl: Kubectl, argo: Plan, tmp_path: Path) -> None:
    place = f"argo-adopt-{len(options)}"
    with installed(kubectl, tmp_path, place, options, chart_of(CASE)) as release:
        one = release.one
        said = adopt(one, tmp_path / "release.yaml")
        held = {name: pods for name, pods in release.pods.items() if f"{name}: to restart" not in said}
        patch(kubectl, {"spec": {"syncPolicy": {"automated": None}}})
        commit = one.repository.publish({})
        kubectl("delete", "deployment", *sorted(release.pods), "-n", place, "--cascade=orphan")
        with one.entered("taken"):
            for name in one.expected("taken"):
                one.operated(name, commit)
            wait_until(lambda: all_have_pods(kubectl, place), "pods")
            assert {name: pods_of(kubectl, place)[name] for name in held} == held
            forget(kubectl)
            assert release.objects <= found(kubectl, place)
            assert {name: pods_of(kubectl, place)[name] for name in held} == held


@pytest.mark.parametrize("options", [[], ["ServerSideApply=true"]], ids=["by its client", "server-side"])
def test_the_way_back_at_every_step(options: list[str], kubectl: Kubectl, argo: Plan, tmp_path: Path) -> None:
    """Steps 2 to 4 of docs/adopt.md, each undone and done again: the former Application manages everything again, and
    no pod of a held Deployment was made anew."""
    place, file = f"argo-back-{len(options)}", tmp_path / "application.yaml"
    with installed(kubectl, tmp_path, place, options, chart_of(CASE)) as release:
        one = release.one
        said = adopt(one, tmp_path / "release.yaml")
        held = {name: pods for name, pods in release.pods.items() if f"{name}: to restart" not in said}
        commit = one.repository.publish({})
        for is_deleted in (False, True):
            stop(kubectl)
            back(kubectl, place)
            assert pods_of(kubectl, place) == release.pods
            stop(kubectl)
            take(one, release, commit)
            file.write_text(kubectl("get", "application", OLD, "-n", NAMESPACE, "-o", "yaml"), encoding="utf-8")
            if is_deleted:
                forget(kubectl)
            run_by_hand("--cascade=orphan", one, environment="taken")
            if is_deleted:
                kubectl("apply", "-f", str(file))
            back(kubectl, place)
            there = pods_of(kubectl, place)
            assert {name: there[name] for name in held} == held
        assert release.objects <= found(kubectl, place)


def stop(kubectl: Kubectl) -> None:
    """Step 2, as `argocd app set --sync-policy none` does it."""
    patch(kubectl, {"spec": {"syncPolicy": {"automated": None}}})


def back(kubectl: Kubectl, place: str) -> None:
    """The way back of steps 2 to 4: the former Application syncs again, until all that it renders is its own."""
    patch(kubectl, {"spec": {"syncPolicy": {"automated": {"prune": True, "selfHeal": True}}}})

    def done() -> bool:
        refresh(kubectl, OLD)
        owners = {str(each["metadata"]["annotations"].get(TRACKING)) for each in kubectl.items("deployments", place)}
        return sync_status(applications(kubectl)[OLD]) == "Synced" and all(
            each.startswith(f"{OLD}:") for each in owners
        )

    wait_until(done, "the release its former Application's", PATIENCE)
    wait_until(lambda: all_have_pods(kubectl, place), "pods")


def take(one: Watched, release: Installed, commit: str) -> None:
    """Step 3: the Deployments go without their pods, and every Application of the environment is synced."""
    one.kubectl("delete", "deployment", *sorted(release.pods), "-n", one.name, "--cascade=orphan")
    one.kubectl("apply", "-f", str(one.repository.root / "clusters" / "c1" / "taken" / "application.yaml"))
    for name in one.expected("taken"):
        one.operated(name, commit)
    wait_until(lambda: all_have_pods(one.kubectl, one.name), "pods")


def adopt(one: Watched, file: Path) -> str:
    """Step 1: the tree of what runs; what `adopt` says."""
    file.write_text(one.kubectl("get", KINDS, "-n", one.name, "-o", "yaml"), encoding="utf-8")
    return one.repository.llmstack("adopt", "taken", "--manifest", str(file), "--write")


def forget(kubectl: Kubectl) -> None:
    """Step 4, by kubectl: the former Application goes, and leaves what it applied."""
    if OLD in applications(kubectl):
        patch(kubectl, {"metadata": {"finalizers": None}})
        kubectl("delete", "application", OLD, "-n", NAMESPACE)


def patch(kubectl: Kubectl, change: Mapping[str, Any]) -> None:
    """What `argocd app set --sync-policy none` and `argocd app delete --cascade=false` do to the former Application."""
    kubectl("patch", "application", OLD, "-n", NAMESPACE, "--type=merge", "-p", json.dumps(change))


def found(kubectl: Kubectl, place: str) -> frozenset[tuple[str, str]]:
    items = json.loads(kubectl("get", KINDS, "-n", place, "-o", "json"))["items"]
    return frozenset((each["kind"], each["metadata"]["name"]) for each in items)


def all_have_pods(kubectl: Kubectl, place: str) -> bool:
    there = pods_of(kubectl, place)
    return all(
        len(there.get(each["metadata"]["name"], ())) == each["spec"]["replicas"]
        for each in kubectl.items("deployments", place)
    )


def application(url: str, place: str, options: list[str]) -> Object:
    """The Application of the chart, as people write it."""
    spec = {
        "project": "default",
        "source": {"repoURL": url, "targetRevision": "main", "path": f"charts/{OLD}", "helm": {"releaseName": OLD}},
        "destination": {"server": CLUSTER, "namespace": place},
        "syncPolicy": {"automated": {"prune": True, "selfHeal": True}, "syncOptions": options},
    }
    metadata = {"name": OLD, "namespace": NAMESPACE, "finalizers": [FINALIZER]}
    return {"apiVersion": API, "kind": "Application", "metadata": metadata, "spec": spec}


def chart_of(case: Case) -> Chart:
    """The chart and the values of a case."""
    objects = [each for each in yamlio.load_all(case.rendered.read_text(encoding="utf-8")) if each]
    return Chart(objects, prepared(yamlio.load(case.values.read_text(encoding="utf-8"))))


def values_of(chart: Chart, place: str, url: str) -> Mapping[str, Any]:
    """The values of a chart, of no release yet, synced by Argo CD."""
    rest = {key: value for key, value in chart.values["gitops"].items() if key not in ("release", "namespace")}
    sync = {"tool": "argo", "cluster": "c1", "repoURL": url}
    return {**chart.values, "gitops": {**rest, "namespace": place, "sync": sync}}
