"""kustomize-controller with `--override-manager=helm` takes a release over without a Deployment deleted: docs/adopt.md, step 3.

A controller of its own has the flag; the tree of one release of the corpus comes from Git.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.repository.project import Project
from llmstack.tree.flux import NAMESPACE as FLUX
from tests.adopt.support import build, project_of, rendered
from tests.cluster.check_adopt import Pods, adopt, managers_of, pods_of, wait_for_pods
from tests.cluster.flux import ROOT, SHARD, Storage, ready_at, reconcile, sharded
from tests.cluster.git_server import serving
from tests.cluster.helm import Helm
from tests.cluster.kubectl import FLUX_MANAGER, Kubectl, namespace, wait_until
from tests.cluster.nodes import RUNTIME_CLASS, gpu_node, nodes
from tests.cluster.repository import Repository
from tests.parity.corpus import corpus_cases

CASES = [case for case in corpus_cases() if case.name.endswith("18-prefix-aware")]
PLACE, MODEL, OLD = "overridden", "vllm-llama-deployment-vllm", "VLLM_RPC_TIMEOUT"
"""`OLD` is a variable that the chart writes and the tree does not."""

pytestmark = pytest.mark.skipif(not CASES, reason="the corpus is not there")


@dataclass(frozen=True)
class Course:
    """Pods before and after the take-over, who owned the Deployment then, and its variables before and after let go."""

    pods: tuple[Pods, Pods]
    managers: frozenset[str]
    variables: tuple[frozenset[str], frozenset[str]]


@pytest.fixture(scope="module")
def course(
    programs: dict[str, Path],
    kubectl: Kubectl,
    helm: Helm,
    controllers: Storage,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Course]:
    folder = tmp_path_factory.mktemp("override")
    (folder / "work").mkdir()
    flag = sharded(programs, kubectl, folder / "flux", controllers, shard=PLACE, concurrent=2, override_manager="helm")
    kubectl.apply([namespace(FLUX)])  # which other checks take along
    with nodes(kubectl, gpu_node(PLACE, 8)), kubectl.holding(RUNTIME_CLASS, namespace(PLACE)), flag:
        objects = yamlio.load_all(rendered(CASES[0]))
        release = adopt(helm, project_of(CASES[0], folder / "work"), objects, PLACE, is_applied=True)
        wait_for_pods(kubectl, [release])
        before = pods_of(kubectl, PLACE)
        repository = Repository(folder / "work")
        repository.git("init", "-q", "-b", "main")
        repository.serve(folder / "served" / "tree.git")
        with serving(folder / "served") as url, followed(kubectl, f"{url}/tree.git"):
            publish(kubectl, repository)
            wait_for_pods(kubectl, [release])
            after, managers = pods_of(kubectl, PLACE), managers_of(kubectl, PLACE)[MODEL]
            held = variables_of(kubectl)
            shutil.rmtree(repository.root / "custom" / "prod" / "models" / "llama")
            publish(kubectl, repository)
            yield Course((before, after), managers, (held, variables_of(kubectl)))


def test_no_pod_restarts_while_all_is_held(course: Course) -> None:
    assert course.pods[0]
    assert course.pods[0] == course.pods[1]


def test_nothing_is_helms_any_more(course: Course) -> None:
    assert course.managers == {FLUX_MANAGER}


def test_what_helm_owned_in_a_list_goes_with_the_hold(course: Course) -> None:
    before, after = course.variables
    assert OLD in before
    assert OLD not in after


def followed(kubectl: Kubectl, url: str) -> AbstractContextManager[None]:
    """Have the controller with the flag apply the tree while the block runs, and leave what it made."""
    metadata = {"name": ROOT, "namespace": FLUX}
    reference = {"kind": "GitRepository", "name": ROOT}
    source = {"url": url, "ref": {"branch": "main"}, "interval": "10m"}
    spec = {"sourceRef": reference, "path": "./applied", "interval": "10m", "retryInterval": "2s", "prune": False}
    repository = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata}
    sharded_metadata = {**metadata, "labels": {SHARD: PLACE}}
    root = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": sharded_metadata}
    return kubectl.holding({**repository, "spec": source}, {**root, "spec": spec})


def publish(kubectl: Kubectl, repository: Repository) -> None:
    """Commit what the environment builds to, custom/ in its place, and wait until Flux has applied it."""
    applied = repository.root / "applied"
    applied.mkdir(exist_ok=True)
    text = "---\n".join(map(yamlio.dump, build(Project(repository.root)).values()))
    (applied / "objects.yaml").write_text(text, encoding="utf-8")
    repository.git("add", "-A")
    repository.git("commit", "-q", "-m", "change")
    repository.git("push", "-q", "origin", "main")
    wait_until(lambda: kubectl.items("gitrepositories", FLUX), "the source")
    reconcile(kubectl)
    ready_at(kubectl, repository.git("rev-parse", "HEAD").strip())


def variables_of(kubectl: Kubectl) -> frozenset[str]:
    containers = kubectl.get("deployment", MODEL, PLACE)["spec"]["template"]["spec"]["containers"]
    return frozenset(each["name"] for each in containers[0]["env"])
