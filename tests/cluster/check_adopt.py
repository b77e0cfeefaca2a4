"""A release of Helm is taken over as docs/adopt.md says: `adopt`, `gen`, an apply under Flux's manager, Helm's record gone.

Our own renderings and every third of the corpus, each in a namespace of its own; LLMSTACK_ADOPT_ALL=1 takes all. Helm
itself installs them: by turns as its client, as Helm 3 did, and by server-side apply, as Helm 4 does.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.adopt import plan
from llmstack.kubernetes.scopes import CLUSTER_SCOPED
from llmstack.repository.adoption import Adopted, adopt_release, write_adoption
from llmstack.repository.project import Project
from llmstack.repository.streams import read_objects
from llmstack.repository.takeover import review_takeover
from tests.adopt.support import build, project_of, rendered
from tests.cluster.helm import Helm, write_chart
from tests.cluster.kubectl import (
    FLUX_MANAGER,
    PATIENCE,
    Kubectl,
    Object,
    Refused,
    condition,
    namespace,
)
from tests.cluster.nodes import RUNTIME_CLASS, gpu_node, nodes
from tests.laws.trees import kustomize
from tests.parity.corpus import Case, corpus_cases, own_cases

TWINS = [case for case in corpus_cases() if case.name.endswith("17-kv-aware")]
"""The chart writes a variable of its engine twice."""
SAMPLE = corpus_cases() if os.environ.get("LLMSTACK_ADOPT_ALL") else [*corpus_cases()[::3], *TWINS]
CASES = list({case.name: case for case in (*own_cases(), *SAMPLE)}.values())
TODAY = date(2026, 1, 1)
CONTROLLERS = {"kube-controller-manager"}
KINDS = "deployments,services,persistentvolumeclaims,configmaps,serviceaccounts,poddisruptionbudgets"

Pods = Mapping[str, frozenset[str]]
"""UIDs of the pods that are not being deleted, by their Deployment."""
Key = tuple[str, str]


@dataclass(frozen=True)
class Release:
    """What Helm installed in a namespace, and the repository that takes it over."""

    namespace: str
    helm: Sequence[Object]
    """Without what the API refuses: the chart can render such."""
    project: Project
    adopted: Adopted

    @property
    def held(self) -> list[str]:
        """Deployments of which no pod is to restart: all but those whose manifest no hold can repeat."""
        return sorted(str(each.live["metadata"]["name"]) for each in self._deployments if not each.restarts)

    @property
    def taken(self) -> list[str]:
        """Deployments that the tree has too: the others are left alone."""
        assert all(each.has_secret or each.has_twins for each in self._deployments if each.restarts)
        return sorted(str(each.live["metadata"]["name"]) for each in self._deployments)

    @property
    def _deployments(self) -> list[plan.Taken]:
        return [each for each in self.adopted.plan.taken if each.live["kind"] == "Deployment"]


@dataclass(frozen=True)
class Taken:
    """A release that was taken over: its pods before and after, and what is there when Helm's record has gone."""

    release: Release
    before: Pods
    after: Pods
    managers: Mapping[str, frozenset[str]]
    """Who owns fields of each Deployment, its status apart."""
    there: frozenset[Key]
    restarts: Sequence[str]
    """What `diff --before` says of what runs then: changes that restart pods."""


@pytest.fixture(scope="module")
def taken(
    kubectl: Kubectl, helm: Helm, custom_resources: None, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Taken]:
    """Every case, taken over by orphaning the pods of its Deployments; all at once."""
    folder = tmp_path_factory.mktemp("adopt")
    names = {case.name: f"adopt-{number}" for number, case in enumerate(CASES)}
    with ExitStack() as stack:
        stack.enter_context(nodes(kubectl, gpu_node("adopt", 1000)))
        stack.enter_context(kubectl.holding(RUNTIME_CLASS, *map(namespace, names.values())))
        releases = {}
        for number, case in enumerate(CASES):
            objects = yamlio.load_all(rendered(case))
            project = project_of(case, make(folder / names[case.name]))
            release = adopt(helm, project, objects, names[case.name], is_applied=number % 2 == 1)
            stack.enter_context(removing(kubectl, release.helm))
            releases[case.name] = release
        wait_for_pods(kubectl, releases.values())
        before = {name: pods_of(kubectl, each.namespace) for name, each in releases.items()}
        for release in releases.values():
            take_over(kubectl, release)
        wait_for_pods(kubectl, releases.values())
        return {name: look(kubectl, each, before[name], folder) for name, each in releases.items()}


each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)


@each_case
def test_no_pod_of_an_equal_template_restarts(case: Case, taken: dict[str, Taken]) -> None:
    found = taken[case.name]
    for name in found.release.held:
        assert found.after.get(name) == found.before.get(name), name


def test_most_deployments_are_held_and_have_pods(taken: dict[str, Taken]) -> None:
    """Of some the API refuses the pods: a priority class that is not there."""
    assert sum(bool(each.before.get(name)) for each in taken.values() for name in each.release.held) >= len(CASES)


@each_case
def test_nothing_of_a_deployment_is_helms_any_more(case: Case, taken: dict[str, Taken]) -> None:
    found = taken[case.name]
    for name in found.release.taken:
        assert found.managers[name] == {FLUX_MANAGER}, name


@each_case
def test_everything_survives_the_end_of_helms_record(case: Case, taken: dict[str, Taken]) -> None:
    found = taken[case.name]
    assert {key(each) for each in found.release.helm} <= found.there


@each_case
def test_the_review_of_what_runs_then_has_no_restart(case: Case, taken: dict[str, Taken]) -> None:
    assert taken[case.name].restarts == ()


def make(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def adopt(helm: Helm, project: Project, objects: Iterable[Object], place: str, *, is_applied: bool) -> Release:
    """Install objects by Helm, and let `adopt --write` and `gen` take over what it says it installed."""
    there = installable(helm.kubectl, [in_namespace(each, place) for each in objects if each], is_applied=is_applied)
    helm.install(write_chart(project.root.parent / f"chart-of-{place}", there), place, is_applied=is_applied)
    adopted = adopt_release(project, "prod", helm.manifest(place), [])
    write_adoption(project, adopted)
    return Release(place, there, Project(project.root), adopted)


def installable(kubectl: Kubectl, objects: Sequence[Object], *, is_applied: bool) -> Sequence[Object]:
    """Those that the API takes as Helm writes them: it installs a release as a whole or not at all."""
    created, applied = ("create",), ("apply", "--server-side")
    ways = (created, applied) if is_applied else (created,)

    def are_taken(some: Sequence[Object]) -> bool:
        try:
            for way in ways:
                kubectl(*way, "--dry-run=server", "--validate=false", "-f", "-", stdin=stream_of(some))
        except Refused:
            return False
        return True

    return objects if are_taken(objects) else [each for each in objects if are_taken([each])]


def take_over(kubectl: Kubectl, release: Release) -> None:
    """Delete the Deployments without their pods, and apply what the tree builds to at once."""
    names = release.taken
    wanted = build(release.project).values()
    if names:
        kubectl("delete", "deployment", *names, "-n", release.namespace, "--cascade=orphan")
    kubectl.apply(wanted)


def look(kubectl: Kubectl, release: Release, before: Pods, folder: Path) -> Taken:
    """What is there of a release when Helm's record has gone."""
    after = pods_of(kubectl, release.namespace)
    kubectl("delete", "secret", "-n", release.namespace, "-l", "owner=helm,name=vllm")
    found = kubectl("get", "--ignore-not-found", "-f", "-", "-o", "name", stdin=stream_of(release.helm)).split()
    there = {line.rpartition("/")[2] for line in found}
    file = folder / f"{release.namespace}.yaml"
    file.write_text(kubectl("get", KINDS, "-n", release.namespace, "-o", "yaml"), encoding="utf-8")
    running, tools = read_objects(str(file), None), kustomize().parent
    review = review_takeover(release.project, running, "prod", today=TODAY, tool_folder=tools)
    restarts = [f"{each.name}: {each.causes}" for each in review.environments["prod"].objects if each.restarts]
    kept = frozenset(key(each) for each in release.helm if each["metadata"]["name"] in there)
    return Taken(release, before, after, managers_of(kubectl, release.namespace), kept, tuple(restarts))


def managers_of(kubectl: Kubectl, place: str) -> dict[str, frozenset[str]]:
    return {
        each["metadata"]["name"]: frozenset(
            entry["manager"]
            for entry in json.loads(
                kubectl(
                    "get", "deployment", each["metadata"]["name"], "-n", place, "--show-managed-fields", "-o", "json"
                )
            )["metadata"]["managedFields"]
            if entry["manager"] not in CONTROLLERS
        )
        for each in kubectl.items("deployments", place)
    }


def wait_for_pods(kubectl: Kubectl, releases: Iterable[Release]) -> None:
    """Wait until each Deployment has as many pods as it asks for."""
    waiting = list(releases)
    until = time.monotonic() + PATIENCE
    while lacking := [each for release in waiting for each in without_pods(kubectl, release)]:
        assert time.monotonic() < until, lacking
        time.sleep(1)


def without_pods(kubectl: Kubectl, release: Release) -> Iterator[str]:
    """Deployments that lack pods, those apart whose pods the API refuses, and why they may."""
    found = pods_of(kubectl, release.namespace)
    for each in kubectl.items("deployments", release.namespace):
        name, wanted = each["metadata"]["name"], each["spec"]["replicas"]
        refused = condition(each, "ReplicaFailure").get("status") == "True"
        if len(found.get(name, ())) != wanted and not refused:
            yield f"{release.namespace}/{name}: {len(found.get(name, ()))} of {wanted}: {each.get('status')}"


def pods_of(kubectl: Kubectl, place: str) -> Pods:
    found: dict[str, set[str]] = {}
    for pod in kubectl.items("pods", place):
        owners = pod["metadata"].get("ownerReferences") or ()
        if "deletionTimestamp" not in pod["metadata"] and owners:
            found.setdefault(owners[0]["name"].rpartition("-")[0], set()).add(pod["metadata"]["uid"])
    return {name: frozenset(pods) for name, pods in found.items()}


@contextmanager
def removing(kubectl: Kubectl, objects: Iterable[Object]) -> Iterator[None]:
    """Have what has no namespace gone when the block has ended."""
    yield
    outside = [each for each in objects if each["kind"] in CLUSTER_SCOPED]
    if outside:
        kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=stream_of(outside))


def in_namespace(object: Object, place: str) -> Object:
    """The object as the chart renders it for a release in another namespace."""
    moved = dict(object)
    if object["kind"] not in CLUSTER_SCOPED:
        moved["metadata"] = {**object["metadata"], "namespace": place}
    if "subjects" in object:
        moved["subjects"] = [{**each, "namespace": place} for each in object["subjects"]]
    return moved


def stream_of(objects: Iterable[Object]) -> str:
    return "---\n".join(map(yamlio.dump, objects))


def key(object: Object) -> Key:
    return object["kind"], object["metadata"]["name"]
