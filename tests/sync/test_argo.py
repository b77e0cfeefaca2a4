"""Argo CD: an Application for each unit, a project that allows what is written, and what survives a removal."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.tree.argo import NAMESPACED_KINDS
from tests.laws.trees import tree_of
from tests.sync.support import ARGO, objects, tree, values, verdicts

ROOT = Path(__file__).resolve().parents[2]
TREE = tree(ARGO)
FOUND = objects(TREE.files)
MODELS = FOUND["ApplicationSet", "prod.models"]
ELEMENTS = {each["name"]: each for each in MODELS["spec"]["generators"][0]["list"]["elements"]}
PROJECT = FOUND["AppProject", "llmstack-prod"]["spec"]
FINALIZER = "resources-finalizer.argocd.argoproj.io"


def applications() -> dict[str, dict[str, Any]]:
    """Every Application: those of files, and those that the ApplicationSet's controller makes of its template."""
    found = {name: each for (kind, name), each in FOUND.items() if kind == "Application"}
    for name, element in ELEMENTS.items():
        text = json.dumps(MODELS["spec"]["template"])
        text = re.sub(r"\{\{ \.(\w+) \}\}", lambda match, element=element: element[match[1]], text)
        made = json.loads(text)
        patch = MODELS["spec"]["templatePatch"].replace(
            "{{ .ignoreDifferences | toJson }}", json.dumps(element["ignoreDifferences"])
        )
        made["spec"] |= json.loads(patch)["spec"]
        found[name] = made
    return found


def test_every_object_is_valid() -> None:
    found = verdicts(TREE.files)
    assert {each.status for each in found} == {"valid"}, [each for each in found if each.status != "valid"]


def test_each_unit_has_an_application_that_frees_its_objects() -> None:
    found = applications()
    names = {f"prod.{unit.replace('/', '.')}": unit for unit in TREE.rendered["prod"]}
    assert found.keys() == names.keys() | {"llmstack-prod"}
    for name, unit in names.items():
        application = found[name]
        assert application["metadata"]["finalizers"] == [FINALIZER]
        assert application["spec"]["project"] == "llmstack-prod"
        assert application["spec"]["source"]["path"] == f"overlays/prod/{unit}"
        assert application["spec"]["destination"]["namespace"] == "llm"
        assert "{{" not in json.dumps(application)


def test_models_come_from_the_application_set_alone() -> None:
    assert set(ELEMENTS) == {f"prod.{unit.replace('/', '.')}" for unit in TREE.rendered["prod"] if "/" in unit}
    assert MODELS["spec"]["goTemplate"] is True
    assert not any(path.startswith("clusters/eu/prod/models/") for path in TREE.files)


def test_neither_the_models_nor_the_entry_point_go_by_accident() -> None:
    for kind, name in (("ApplicationSet", "prod.models"), ("Application", "llmstack-prod")):
        metadata = FOUND[kind, name]["metadata"]
        assert metadata["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"
        assert "finalizers" not in metadata


def test_claims_stay_when_their_application_goes() -> None:
    claims = [
        each for unit in TREE.rendered["prod"].values() for each in unit if each["kind"] == "PersistentVolumeClaim"
    ]
    assert len(claims) == 2
    for claim in claims:
        assert claim["metadata"]["annotations"]["argocd.argoproj.io/sync-options"] == "Prune=false,Delete=false"


def test_only_the_namespace_and_secrets_come_before_the_rest() -> None:
    waves = {
        name: int(each["metadata"].get("annotations", {}).get("argocd.argoproj.io/sync-wave", "0"))
        for name, each in applications().items()
    }
    assert {name for name, wave in waves.items() if wave < 0} == {"prod.stack"}
    assert int(FOUND["AppProject", "llmstack-prod"]["metadata"]["annotations"]["argocd.argoproj.io/sync-wave"]) < -2
    within = [each["metadata"].get("annotations", {}) for unit in TREE.rendered["prod"].values() for each in unit]
    assert not any("argocd.argoproj.io/sync-wave" in annotations for annotations in within)


def test_a_unit_with_workloads_is_waited_for_by_none() -> None:
    """The LoRA controller mounts the shared claim: in an earlier wave it would wait for what waits for it."""
    made = values(ARGO) | {"loraController": {"enableLoraController": True}}
    stack = objects(tree_of({"prod": made}).files)["Application", "prod.stack"]
    assert "argocd.argoproj.io/sync-wave" not in stack["metadata"]["annotations"]


def test_units_are_compared_with_what_the_server_makes_of_them() -> None:
    """`tests/argo/check_sync.py`: an ExternalSecret is OutOfSync for ever otherwise."""
    options = {
        name: each["metadata"].get("annotations", {}).get("argocd.argoproj.io/compare-options")
        for name, each in applications().items()
    }
    assert {name for name, option in options.items() if option != "ServerSideDiff=true"} == {"llmstack-prod"}


def test_what_a_scaler_owns_is_ignored_and_left_alone() -> None:
    found = applications()
    for name in found.keys() - {"llmstack-prod"}:
        scaled = [each["name"] for each in found[name]["spec"].get("ignoreDifferences", [])]
        expected = {"prod.models.qwen": "llmstack-qwen-deployment-vllm", "prod.router": "llmstack-deployment-router"}
        assert scaled == ([expected[name]] if name in expected else [])
        options = found[name]["spec"]["syncPolicy"]["syncOptions"]
        assert options == ["ServerSideApply=true", "RespectIgnoreDifferences=true"]
    (ignored,) = found["prod.models.qwen"]["spec"]["ignoreDifferences"]
    assert ignored["jsonPointers"] == ["/spec/replicas"]


def test_a_change_elsewhere_in_the_repository_is_not_the_units() -> None:
    paths = applications()["prod.models.llama"]["metadata"]["annotations"]["argocd.argoproj.io/manifest-generate-paths"]
    assert paths.split(";") == ["/base/engine", "/overlays/prod/engine", "/overlays/prod/models/llama"]


def test_the_project_allows_what_is_written_here_and_no_more() -> None:
    allowed = {(each["group"], each["kind"]) for each in PROJECT["namespaceResourceWhitelist"]}
    outside = {(each["group"], each["kind"]) for each in PROJECT["clusterResourceWhitelist"]}
    for each in (each for unit in TREE.rendered["prod"].values() for each in unit):
        kind = (each["apiVersion"].rpartition("/")[0], each["kind"])
        assert kind in (allowed if "namespace" in each["metadata"] else outside)
    assert allowed == set(NAMESPACED_KINDS)
    assert outside == {("", "Namespace")}
    assert ("", "Secret") not in allowed
    assert PROJECT["sourceRepos"] == ["git@git.example.com:llm.git"]
    assert [each["namespace"] for each in PROJECT["destinations"]] == ["elsewhere", "llm"]


def test_a_kind_of_somebodys_own_is_allowed_where_it_is() -> None:
    queue = {"apiVersion": "kueue.x-k8s.io/v1beta1", "kind": "LocalQueue", "metadata": {"name": "q"}}
    made = values(ARGO) | {"extraObjects": [queue]}
    spec = objects(tree_of({"prod": made}).files)["AppProject", "llmstack-prod"]["spec"]
    assert {"group": "kueue.x-k8s.io", "kind": "LocalQueue"} in spec["namespaceResourceWhitelist"]


@pytest.mark.parametrize(
    "module", sorted((ROOT / "generator/llmstack/objects").glob("*.py")), ids=lambda path: path.stem
)
def test_every_kind_that_is_written_is_in_the_table(module: Path) -> None:
    """A new kind in objects/ has to be added to the project, or Argo CD refuses it."""
    written = set(re.findall(r'"kind": "([A-Z]\w+)"', module.read_text(encoding="utf-8")))
    outside = {"Namespace", "PersistentVolume", "ClusterRole", "ClusterRoleBinding"}
    others = {"Group", "SecretStore", "ClusterSecretStore", "Secret"}
    assert written - outside - others <= {kind for _, kind in NAMESPACED_KINDS}


def test_the_folder_lists_its_files() -> None:
    listed = yamlio.load(TREE.files["clusters/eu/prod/kustomization.yaml"])["resources"]
    there = {path.removeprefix("clusters/eu/prod/") for path in TREE.files if path.startswith("clusters/eu/prod/")}
    assert set(listed) == there - {"kustomization.yaml"}
