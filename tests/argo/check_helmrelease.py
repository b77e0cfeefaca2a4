"""A HelmRelease of Flux is taken over as docs/adopt.md says, and given back at every step: no held pod restarts.

helm-controller itself installs the release and upgrades it; a HelmRelease that is suspended is deleted without an
uninstall.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.repository.adoption import adopt_release, write_adoption
from llmstack.repository.project import Project
from tests.adopt.support import project_of, rendered
from tests.cluster.check_adopt import Pods, Release, in_namespace, installable, key, pods_of, take_over, wait_for_pods
from tests.cluster.check_way_back import CASE, RECORD
from tests.cluster.flux import Storage, helm_controller
from tests.cluster.git_server import serving
from tests.cluster.helm import RELEASE, Helm, write_chart
from tests.cluster.kubectl import Kubectl, Object, condition, namespace, wait_until
from tests.cluster.nodes import RUNTIME_CLASS, gpu_node, nodes
from tests.cluster.repository import Repository

PLACE, SOURCE = "helmrelease", "charts"
KIND = "helmreleases.helm.toolkit.fluxcd.io"
PATIENCE = 120.0


@dataclass(frozen=True)
class Fluxed:
    """A release that helm-controller has installed, its pods, and the tree that takes it over."""

    release: Release
    pods: Pods


@pytest.fixture(scope="module")
def fluxed(
    programs: dict[str, Path],
    kubectl: Kubectl,
    helm: Helm,
    controllers: Storage,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Fluxed]:
    folder = tmp_path_factory.mktemp("helmrelease")
    (folder / "work").mkdir()
    with ExitStack() as stack:
        stack.enter_context(nodes(kubectl, gpu_node(PLACE, 1000)))
        stack.enter_context(kubectl.holding(RUNTIME_CLASS, namespace(PLACE)))
        stack.enter_context(helm_controller(programs, kubectl, folder))
        placed = [in_namespace(each, PLACE) for each in yamlio.load_all(rendered(CASE)) if each]
        objects = installable(kubectl, placed, is_applied=True)
        url = stack.enter_context(served(folder, objects))
        stack.enter_context(kubectl.holding(source(url)))
        kubectl.apply([helmrelease()], manager="tests")
        stack.callback(kubectl, "delete", KIND, RELEASE, "-n", PLACE, "--ignore-not-found")
        wait_until(lambda: is_ready(kubectl), "the HelmRelease ready", PATIENCE)
        project = project_of(CASE, folder / "work")
        adopted = adopt_release(project, "prod", helm.manifest(PLACE), [])
        write_adoption(project, adopted)
        release = Release(PLACE, objects, Project(project.root), adopted)
        wait_for_pods(kubectl, [release])
        yield Fluxed(release, pods_of(kubectl, PLACE))


def test_a_helmrelease_is_taken_over_and_given_back(fluxed: Fluxed, kubectl: Kubectl, helm: Helm) -> None:
    release = fluxed.release
    suspend(kubectl, True)
    resumed(kubectl, helm, revision=2)
    assert pods_of(kubectl, PLACE) == fluxed.pods

    suspend(kubectl, True)
    take_over(kubectl, release)
    resumed(kubectl, helm, revision=3)
    assert_held(kubectl, fluxed)

    suspend(kubectl, True)
    take_over(kubectl, release)
    kubectl("delete", KIND, RELEASE, "-n", PLACE, f"--timeout={PATIENCE:.0f}s")
    assert helm("list", "-n", PLACE, "-q").split() == [RELEASE]
    record = kubectl("get", *RECORD, "-n", PLACE, "-o", "yaml")
    kubectl("delete", *RECORD, "-n", PLACE)
    assert everything_is_there(kubectl, release)
    assert_held(kubectl, fluxed)

    kubectl("apply", "-f", "-", stdin=record)
    kubectl.apply([helmrelease()], manager="tests")
    upgraded(kubectl, helm, revision=4)  # one that it did not install is upgraded at once
    assert_held(kubectl, fluxed)


def assert_held(kubectl: Kubectl, fluxed: Fluxed) -> None:
    wait_for_pods(kubectl, [fluxed.release])
    after = pods_of(kubectl, PLACE)
    assert fluxed.release.held
    assert {name: after[name] for name in fluxed.release.held} == {
        name: fluxed.pods[name] for name in fluxed.release.held
    }


def everything_is_there(kubectl: Kubectl, release: Release) -> bool:
    stream = "---\n".join(yamlio.dump(each) for each in release.helm)
    found = kubectl("get", "--ignore-not-found", "-f", "-", "-o", "name", stdin=stream).split()
    return {key(each)[1] for each in release.helm} <= {line.rpartition("/")[2] for line in found}


def suspend(kubectl: Kubectl, is_suspended: bool) -> None:
    """What `flux suspend helmrelease` and `flux resume helmrelease` do."""
    kubectl("patch", KIND, RELEASE, "-n", PLACE, "--type=merge", "-p", json.dumps({"spec": {"suspend": is_suspended}}))


def resumed(kubectl: Kubectl, helm: Helm, *, revision: int) -> None:
    """Resume the HelmRelease and have it upgrade, as `flux reconcile helmrelease --force` does; wait until it has."""
    suspend(kubectl, False)
    asked = {f"reconcile.fluxcd.io/{name}": f"{revision}" for name in ("requestedAt", "forceAt")}
    words = [f"{name}={value}" for name, value in asked.items()]
    kubectl("annotate", "--overwrite", KIND, RELEASE, "-n", PLACE, *words)
    upgraded(kubectl, helm, revision=revision)


def upgraded(kubectl: Kubectl, helm: Helm, *, revision: int) -> None:
    def is_done() -> bool:
        return is_ready(kubectl) and f"REVISION: {revision}\n" in helm("status", RELEASE, "-n", PLACE)

    wait_until(is_done, f"revision {revision} of the release", PATIENCE)


def is_ready(kubectl: Kubectl) -> bool:
    found = kubectl.get(KIND, RELEASE, PLACE)
    current = found.get("status", {}).get("observedGeneration") == found["metadata"]["generation"]
    return bool(current and condition(found, "Ready").get("status") == "True")


def helmrelease() -> Object:
    """The HelmRelease as people write it, which waits for no pod: some of the chart's are refused."""
    chart = {"chart": f"./{RELEASE}", "sourceRef": {"kind": "GitRepository", "name": SOURCE}}
    unchecked = {"disableWait": True, "disableOpenAPIValidation": True}
    spec = {
        "interval": "10m",
        "releaseName": RELEASE,
        "chart": {"spec": chart},
        "install": unchecked,
        "upgrade": unchecked,
    }
    metadata = {"name": RELEASE, "namespace": PLACE}
    return {"apiVersion": "helm.toolkit.fluxcd.io/v2", "kind": "HelmRelease", "metadata": metadata, "spec": spec}


def source(url: str) -> Object:
    spec = {"url": f"{url}/{SOURCE}.git", "ref": {"branch": "main"}, "interval": "10m"}
    metadata = {"name": SOURCE, "namespace": PLACE}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": spec}


@contextmanager
def served(folder: Path, objects: Sequence[Object]) -> Iterator[str]:
    """A Git server with a repository of one chart; its URL."""
    write_chart(folder / SOURCE / RELEASE, objects)
    repository = Repository(folder / SOURCE)
    repository.git("init", "-q", "-b", "main")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "chart")
    repository.serve(folder / "served" / f"{SOURCE}.git")
    repository.git("push", "-q", "origin", "main")
    with serving(folder / "served") as url:
        yield url
