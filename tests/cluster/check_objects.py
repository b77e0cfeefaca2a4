"""Every object that llmstack writes is taken by a real API server: strict field validation, its own rules and those of
the custom resources, as Flux applies it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from llmstack.objects.components import build_all
from tests.cluster.kubectl import FLUX_MANAGER, Kubectl, Object, Refused, namespace, rolled_out, versions, wait_until
from tests.cluster.nodes import DEFAULT_STORAGE, PRODUCT, RUNTIME_CLASS, gpu_node, nodes, volumes
from tests.cluster.repository import GPUS, PROJECT
from tests.laws.trees import Tree, build, tree_of
from tests.parity.corpus import Case, corpus_cases, own_cases
from tests.parity.prepare import stack_of
from tests.sync.support import ARGO, ARTIFACT, FLUX
from tests.sync.support import objects as synced_objects
from tests.sync.support import tree as synced_tree

TREES = sorted(path for path in (PROJECT / "tests" / "cases").iterdir() if (path / "values").is_dir())
NO_FILES = "no values files of the chart: set LLMSTACK_CORPUS to a folder with values/ and helm-rendered/"
FILES: list[Any] = [*own_cases(), *corpus_cases()] or [pytest.param(None, marks=pytest.mark.skip(NO_FILES))]
EVERY_KIND = Path(__file__).parent / "every_kind.yaml"

STACK_KINDS = {
    "ExternalSecret", "HTTPRoute", "InferencePool", "LeaderWorkerSet", "LoraAdapter", "RayCluster", "ScaledObject",
    "ServiceMonitor",
}  # fmt: skip
"""Custom resources of a stack; InferencePool comes through extraObjects."""
SYNC_KINDS = {
    "flux": {"GitRepository", "Kustomization"},
    "artifact": {"ArtifactGenerator", "GitRepository", "Kustomization"},
    "argo": {"Application", "ApplicationSet", "AppProject"},
}
MISTAKES: dict[str, tuple[str, tuple[str | int, ...], Any, str]] = {
    "a field that is unknown": ("Deployment", ("spec", "replicsa"), 2, "field not declared in schema"),
    "a field of a custom resource": ("RayCluster", ("spec", "replicsa"), 2, "field not declared in schema"),
    "a rule of the API": ("Service", ("spec", "type"), "Cluster", "Unsupported value"),
    "a CEL rule": ("HTTPRoute", ("spec", "rules", 0, "filters"), [{"type": "RequestRedirect"}], "must be specified"),
}
"""What must be refused: kind, where, the value there, and what the server says."""
SYNC = {"flux": FLUX, "artifact": ARTIFACT, "argo": ARGO}


def test_the_example_has_no_other_environment() -> None:
    assert {path.stem for path in (PROJECT / "values").glob("*.yaml")} == GPUS.keys() | {"base"}


@pytest.mark.parametrize("environment", GPUS)
def test_applying_the_example_again_changes_nothing(environment: str, kubectl: Kubectl) -> None:
    objects = list(build(PROJECT, f"overlays/{environment}").values())
    machines = [gpu_node(f"{environment}-{each}", 8, {PRODUCT: GPUS[environment]}) for each in range(2)]
    with ExitStack() as stack:
        stack.enter_context(nodes(kubectl, *machines))
        stack.enter_context(kubectl.holding(RUNTIME_CLASS, DEFAULT_STORAGE, *volumes(objects), namespace("llm")))
        stack.enter_context(kubectl.holding(*objects, manager=FLUX_MANAGER))
        rolled_out(kubectl, "llm")
        before = settled_versions(kubectl, objects)
        kubectl.apply(objects)
        assert versions(kubectl, objects) == before


@pytest.mark.parametrize("case", TREES, ids=lambda case: case.name)
def test_cases_are_accepted(case: Path, kubectl: Kubectl) -> None:
    tree = tree_of({path.stem: path.read_text(encoding="utf-8") for path in (case / "values").iterdir()})
    for environment in tree.rendered:
        accepted(kubectl, rendered(tree, environment))


@pytest.mark.parametrize("case", FILES, ids=lambda case: case and case.name)
def test_values_files_of_the_chart_are_accepted(case: Case, kubectl: Kubectl, custom_resources: None) -> None:
    accepted(kubectl, [placed.object for placed in build_all(stack_of(case))])


def test_every_kind_is_accepted(kubectl: Kubectl, custom_resources: None) -> None:
    objects = rendered(tree_of({"prod": EVERY_KIND.read_text(encoding="utf-8")}), "prod")
    assert {each["kind"] for each in objects} >= STACK_KINDS
    accepted(kubectl, objects)


@pytest.mark.parametrize("tool", SYNC)
def test_what_the_sync_tools_read_is_accepted(tool: str, kubectl: Kubectl, custom_resources: None) -> None:
    objects = list(synced_objects(synced_tree(SYNC[tool]).files).values())
    assert {each["kind"] for each in objects} >= SYNC_KINDS[tool]
    accepted(kubectl, objects)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_refused(mistake: str, kubectl: Kubectl, custom_resources: None) -> None:
    """What accepts everything above is no server that accepts everything."""
    kind, path, value, reason = MISTAKES[mistake]
    objects = rendered(tree_of({"prod": EVERY_KIND.read_text(encoding="utf-8")}), "prod")
    wrong: Any = next(each for each in objects if each["kind"] == kind)
    wrong["metadata"]["namespace"] = "default"
    at = wrong
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(Refused, match=reason):
        kubectl.apply([wrong], dry_run=True)


def rendered(tree: Tree, environment: str) -> list[Object]:
    return [each for unit in tree.rendered[environment].values() for each in unit]


def accepted(kubectl: Kubectl, objects: Iterable[Mapping[str, Any]]) -> None:
    """Fail when the API server refuses one of the objects, in its namespace."""
    wanted = list(objects)
    names = {each["metadata"].get("namespace", "default") for each in wanted} - {"default"}
    with kubectl.holding(*map(namespace, sorted(names))) if names else ExitStack():
        assert len(kubectl.apply(wanted, dry_run=True)) == len(wanted)


def settled_versions(kubectl: Kubectl, objects: list[Object]) -> dict[str, str]:
    """The resourceVersions once the controllers have written the last status."""
    last: list[dict[str, str]] = [{}]

    def settled() -> bool:
        last.append(versions(kubectl, objects))
        return len(last) > 8 and all(each == last[-1] for each in last[-8:])

    wait_until(settled, "no controller writes a status any more")
    return last[-1]
