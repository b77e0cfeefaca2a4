"""Several clusters and environments in one repository; models that come, go and change their name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.repository.generation import generate, write
from llmstack.repository.project import Project
from llmstack.tree.sync import SYNC_TOOLS
from tests.laws.trees import build, tree_of
from tests.sync.support import ARGO, ARTIFACT, FLUX, MODELS, objects, tree, values

LISTS = {
    "clusters/eu/prod/kustomization.yaml",
    "clusters/eu/prod/models.yaml",
    "overlays/prod/REQUIREMENTS.md",
    "overlays/prod/kustomization.yaml",
}
SYNCS = pytest.mark.parametrize("sync", [FLUX, ARTIFACT, ARGO], ids=["flux", "artifact", "argo"])


def _project(root: Path, values: dict[str, Any]) -> Project:
    (root / "values").mkdir(exist_ok=True)
    for file in (root / "values").iterdir():
        file.unlink()
    for name, value in values.items():
        (root / "values" / f"{name}.yaml").write_text(yamlio.dump(value), encoding="utf-8")
    return Project(root)


def _generate(root: Path, values: dict[str, Any]) -> set[str]:
    """Generate into a folder; the clusters' files that are there afterwards."""
    project = _project(root, values)
    generation = generate(project, [])
    assert generation.plan is not None, generation.findings
    write(project, generation.plan)
    return {path.relative_to(root).as_posix() for path in (root / "clusters").rglob("*.yaml")}


def test_the_table_of_tools_is_the_values() -> None:
    assert list(SYNC_TOOLS) == ["flux", "argo"]
    assert not any(path.startswith("clusters/") for path in tree({"tool": "none", "cluster": "eu"}).files)


@SYNCS
def test_every_folder_builds_to_the_objects_of_its_files(sync: dict[str, str], tmp_path: Path) -> None:
    made = tree(sync)
    made.write(tmp_path)
    built = build(tmp_path, "clusters/eu/prod")
    assert {(kind, name) for _, kind, _, name in built} == objects(made.files).keys()


@SYNCS
def test_a_model_comes_and_goes_in_files_of_its_own(sync: dict[str, str]) -> None:
    few, many = tree(sync, models=MODELS[:1]).files, tree(sync, models=MODELS[:2]).files
    added = many.keys() - few.keys()
    assert few.keys() < many.keys()
    assert all("/models/qwen" in path for path in added)
    assert {path for path in few if few[path] != many[path]} <= LISTS


@SYNCS
def test_names_of_two_environments_never_meet(sync: dict[str, str]) -> None:
    """Not even where one environment's name ends as another's unit begins."""
    odd = [{**MODELS[0], "name": name} for name in ("stack", "model-stack", "models")]
    files = tree_of({name: values(sync, models=odd) for name in ("a", "a-models", "a-stack", "b")}).files
    listed = [yamlio.load(text) for path, text in files.items() if path.startswith("clusters/")]
    names = [(each["kind"], each["metadata"]["name"]) for each in listed if "metadata" in each]
    assert len(names) == len(set(names))


def test_two_clusters_from_one_repository(tmp_path: Path) -> None:
    us = {**ARGO, "cluster": "us"}
    both = {"prod": values(FLUX), "dev": values(FLUX, namespace="dev"), "far": values(us, namespace="far")}
    there = _generate(tmp_path, both)
    assert {tuple(path.split("/")[1:3]) for path in there} == {("eu", "prod"), ("eu", "dev"), ("us", "far")}


def test_another_cluster_leaves_nothing_in_the_folder_of_the_first(tmp_path: Path) -> None:
    assert all(path.startswith("clusters/eu/prod/") for path in _generate(tmp_path, {"prod": values(FLUX)}))
    moved = _generate(tmp_path, {"prod": values({**FLUX, "cluster": "asia"})})
    assert moved
    assert all(path.startswith("clusters/asia/prod/") for path in moved)
    assert not (tmp_path / "clusters" / "eu").exists()
    project = _project(tmp_path, {"prod": values({"tool": "none"})})
    generation = generate(project, [])
    assert generation.plan is not None
    write(project, generation.plan)
    assert not (tmp_path / "clusters").exists()


def test_a_file_of_somebody_beside_ours_stays(tmp_path: Path) -> None:
    _generate(tmp_path, {"prod": values(FLUX)})
    own = tmp_path / "clusters" / "eu" / "flux-system" / "gotk-sync.yaml"
    own.parent.mkdir()
    own.write_text("kind: GitRepository\n", encoding="utf-8")
    _generate(tmp_path, {"prod": values(FLUX, models=MODELS[:1])})
    assert own.exists()


def test_only_one_model_is_generated_with_the_lists_that_name_it(tmp_path: Path) -> None:
    _generate(tmp_path, {"prod": values(FLUX, models=MODELS[:1])})
    project = _project(tmp_path, {"prod": values(FLUX, models=MODELS[:3])})
    generation = generate(project, [], only="qwen")
    assert generation.plan is not None
    changed = {change.path for change in generation.plan.changes}
    assert "clusters/eu/prod/models/qwen.yaml" in changed
    assert not any("/big" in path for path in changed)


def test_a_renamed_model_keeps_its_claim() -> None:
    before = tree(FLUX, models=MODELS[:1])
    renamed = {**MODELS[0], "name": "llama-3", "gitops": {"movedFrom": "llama", "loadTime": "12m"}}
    after = tree(FLUX, models=[renamed])
    (claim,) = [each for each in after.rendered["prod"]["models/llama-3"] if each["kind"] == "PersistentVolumeClaim"]
    former = [each for each in before.rendered["prod"]["models/llama"] if each["kind"] == "PersistentVolumeClaim"]
    assert claim["metadata"]["name"] == former[0]["metadata"]["name"] == "llmstack-llama-storage-claim"
    assert claim["spec"] == former[0]["spec"]
    (deployment,) = [each for each in after.rendered["prod"]["models/llama-3"] if each["kind"] == "Deployment"]
    volumes = deployment["spec"]["template"]["spec"]["volumes"]
    mounted = [each["persistentVolumeClaim"]["claimName"] for each in volumes if "persistentVolumeClaim" in each]
    assert "llmstack-llama-storage-claim" in mounted
    assert "llmstack-llama-3-storage-claim" not in mounted


def test_the_steps_of_a_rename_are_written_down() -> None:
    renamed = {**MODELS[0], "name": "llama-3", "gitops": {"movedFrom": "llama", "loadTime": "12m"}}
    page = tree(FLUX, models=[renamed]).files["overlays/prod/REQUIREMENTS.md"]
    steps = [page.index(f"{number}. **{step}.**") for number, step in ((1, "Keep"), (2, "Adopt"), (3, "Remove"))]
    assert steps == sorted(steps)
    assert "What restarts: every pod of the model" in page
    assert "llmstack-llama-storage-claim" in page
    assert "12m" in page
