"""Flux: what each Kustomization waits for, checks and decrypts, and what its artifact holds."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from llmstack.kubernetes.probes import seconds_allowed
from llmstack.kubernetes.workloads import is_lasting
from tests.laws.trees import build, tree_of
from tests.sync.support import ARTIFACT, FLUX, objects, tree, values, verdicts

TREE = tree(FLUX)
FOUND = objects(TREE.files)
KUSTOMIZATIONS = {name: each["spec"] for (kind, name), each in FOUND.items() if kind == "Kustomization"}
UNITS = {name: name.removeprefix("prod.").replace(".", "/") for name in KUSTOMIZATIONS}


def _workloads(name: str) -> list[dict[str, Any]]:
    return [each for each in TREE.rendered["prod"][UNITS[name]] if is_lasting(each["kind"])]


@pytest.mark.parametrize(
    "sync", [FLUX, ARTIFACT, {**FLUX, "repoURL": "ssh://git@host/x"}], ids=["git", "artifact", "ssh"]
)
def test_every_object_is_valid(sync: dict[str, str]) -> None:
    found = verdicts(tree(sync).files)
    assert {each.status for each in found} == {"valid"}, [each for each in found if each.status != "valid"]


def test_each_unit_is_synced_once_from_its_folder() -> None:
    assert set(UNITS.values()) == set(TREE.rendered["prod"])
    for name, spec in KUSTOMIZATIONS.items():
        assert spec["path"] == f"./overlays/prod/{UNITS[name]}"
        assert spec["prune"] is True
        assert spec["wait"] is False
        assert spec["retryInterval"]
        assert not {"postBuild", "targetNamespace", "namePrefix", "patches", "force"} & spec.keys()


def test_models_wait_for_stack_and_storage_and_the_router_for_no_model() -> None:
    awaited = {
        UNITS[name]: [each["name"] for each in spec.get("dependsOn", ())] for name, spec in KUSTOMIZATIONS.items()
    }
    assert awaited["stack"] == []
    assert awaited["storage"] == awaited["extra"] == awaited["router"] == awaited["cache-server"] == ["prod.stack"]
    assert awaited["models/llama"] == ["prod.stack", "prod.storage"]
    assert not any("models" in name for names in awaited.values() for name in names)


def test_nothing_waits_for_itself() -> None:
    """Flux never applies Kustomizations that wait for one another."""
    waiting = {name: {each["name"] for each in spec.get("dependsOn", ())} for name, spec in KUSTOMIZATIONS.items()}
    while ready := [name for name, names in waiting.items() if not names]:
        waiting = {name: names - set(ready) for name, names in waiting.items() if name not in ready}
    assert waiting == {}


def test_health_checks_are_on_every_workload_and_nothing_else() -> None:
    for name, spec in KUSTOMIZATIONS.items():
        checked = [(each["kind"], each["name"], each["namespace"]) for each in spec.get("healthChecks", ())]
        expected = [(each["kind"], each["metadata"]["name"], "llm") for each in _workloads(name)]
        assert checked == ([] if UNITS[name] == "stack" else expected)


def test_kinds_without_a_ready_condition_have_an_expression() -> None:
    for name, kind in (("prod.models.big", "RayCluster"), ("prod.models.wide", "LeaderWorkerSet")):
        (expression,) = KUSTOMIZATIONS[name]["healthCheckExprs"]
        (workload,) = _workloads(name)
        assert (expression["kind"], expression["apiVersion"]) == (kind, workload["apiVersion"])
        assert expression["current"]
    assert "healthCheckExprs" not in KUSTOMIZATIONS["prod.models.llama"]


def test_a_long_load_is_no_failure() -> None:
    """The timeout is above the start-up budget and progressDeadlineSeconds, for each of four steps of a rollout."""
    spec = KUSTOMIZATIONS["prod.models.llama"]
    (deployment,) = _workloads("prod.models.llama")
    probe = deployment["spec"]["template"]["spec"]["containers"][0]["startupProbe"]
    waited = 60 * int(spec["timeout"].removesuffix("m"))
    assert seconds_allowed(probe) >= 25 * 60
    assert waited > 4 * deployment["spec"]["progressDeadlineSeconds"] > 4 * seconds_allowed(probe)
    for name in ("prod.models.big", "prod.models.wide"):
        assert 60 * int(KUSTOMIZATIONS[name]["timeout"].removesuffix("m")) > seconds_allowed(probe)


@pytest.mark.parametrize(
    ("sync", "secret"),
    [
        ({}, None),
        ({"repoURL": "ssh://git@host/x"}, "flux-system"),
        ({"secretName": "deploy-key"}, "deploy-key"),
    ],
)
def test_the_repository_and_its_credentials(sync: dict[str, str], secret: str | None) -> None:
    found = objects(tree(FLUX | sync | {"branch": "release", "interval": "7m"}).files)
    spec = found["GitRepository", "llmstack-prod"]["spec"]
    assert spec.get("secretRef") == ({"name": secret} if secret else None)
    assert spec["ref"] == {"branch": "release"}
    assert spec["interval"] == found["Kustomization", "prod.router"]["spec"]["interval"] == "7m"


@pytest.mark.parametrize("path", ["deploy/llm", "/deploy/llm/", "./deploy//llm"])
def test_a_folder_of_the_repository(path: str) -> None:
    found = objects(tree(FLUX | {"path": path}).files)
    assert found["Kustomization", "prod.router"]["spec"]["path"] == "./deploy/llm/overlays/prod/router"


def test_an_artifact_holds_all_that_its_unit_needs_and_nothing_of_another(tmp_path: Path) -> None:
    """Each unit is built from a folder that holds what its artifact copies, and nothing else."""
    made = tree(ARTIFACT)
    made.write(tmp_path / "repository")
    found = objects(made.files)
    for unit, rendered in made.rendered["prod"].items():
        name = f"prod.{unit.replace('/', '.')}"
        spec = found["Kustomization", name]["spec"]
        assert spec["sourceRef"] == {"kind": "ExternalArtifact", "name": name}
        (artifact,) = found["ArtifactGenerator", name]["spec"]["artifacts"]
        assert artifact["name"] == name
        assert artifact["originRevision"] == "@repo"
        assert "revision" not in artifact
        for copy in artifact["copy"]:
            source = copy["from"].removeprefix("@repo/deploy/llm/").removesuffix("/**")
            assert copy["to"] == f"@artifact/deploy/llm/{source}/"
            shutil.copytree(tmp_path / "repository" / source, tmp_path / name / source)
        assert len(build(tmp_path / name, spec["path"].removeprefix("./deploy/llm/"))) == len(rendered)
        others = [copy["from"] for copy in artifact["copy"] if "/models/" in copy["from"]]
        assert all(f"/{unit}/" in each for each in others)


def test_an_overlay_of_peoples_own_is_synced_in_the_units_place() -> None:
    made = tree_of({"prod": values(ARTIFACT)}, {"prod": ("models/llama",)})
    found = objects(made.files)
    assert found["Kustomization", "prod.models.llama"]["spec"]["path"] == "./deploy/llm/custom/prod/models/llama"
    copied = [each["from"] for each in found["ArtifactGenerator", "prod.models.llama"]["spec"]["artifacts"][0]["copy"]]
    assert "@repo/deploy/llm/custom/**" in copied
    assert "@repo/deploy/llm/overlays/prod/models/llama/**" in copied
    assert found["Kustomization", "prod.models.qwen"]["spec"]["path"] == "./deploy/llm/overlays/prod/models/qwen"


def test_an_interval_is_a_duration_of_flux() -> None:
    assert (
        objects(tree(FLUX | {"interval": "1h30m"}).files)["Kustomization", "prod.stack"]["spec"]["interval"] == "1h30m"
    )
