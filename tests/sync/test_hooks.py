"""Objects of a unit that are annotated to be hooks of Argo CD, or to be made anew: what `diff` says of their pods."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from tests.sync.repository import FLUX, Repository, environment, model, new_repository

SCALED = {"enabled": True, "minReplicaCount": 2, "maxReplicaCount": 4}
RENEWED = {"hook": "PreSync"}, {"sync-options": "Force=true,Replace=true"}


def _new(root: Path, tool: str) -> Repository:
    qwen = model("qwen", keda=SCALED, pvcStorage="10Gi")
    one = new_repository(root, prod=environment(model(), qwen, sync={**FLUX, "tool": tool}))
    for name in ("llama", "qwen"):
        _annotate(one, name)
    one.llmstack("gen")
    one.commit()
    return one


@pytest.fixture(scope="session")
def argo(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return _new(tmp_path_factory.mktemp("hooks") / "argo", "argo")


@pytest.fixture(scope="session")
def flux(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    return _new(tmp_path_factory.mktemp("hooks") / "flux", "flux")


def _annotate(one: Repository, name: str, kind: str = "Deployment", **annotations: str) -> None:
    value = {f"argocd.argoproj.io/{key}": text for key, text in annotations.items()}
    patch = json.dumps([{"op": "add", "path": "/metadata/annotations", "value": value}])
    content: dict[str, Any] = {"resources": [f"../../../../overlays/prod/models/{name}"]}
    if annotations:
        content["patches"] = [{"target": {"kind": kind}, "patch": patch}]
    one.file(f"custom/prod/models/{name}/kustomization.yaml", yamlio.dump(content))


def _risks(one: Repository) -> dict[str, str]:
    risks = one.review()["envs"]["prod"]["risks"]
    return {risk["id"]: risk["message"] for risk in risks}


@pytest.mark.parametrize("annotations", RENEWED)
def test_argo_cd_ends_all_pods_of_what_it_makes_anew(
    argo: Repository, tmp_path: Path, annotations: dict[str, str]
) -> None:
    one = argo.copy(tmp_path / "one")
    _annotate(one, "llama", **annotations)
    found = _risks(one)
    assert set(found) == {"outage", "requests-cut", "restart"}
    assert "deletes it with all its pods" in found["outage"]
    assert one.fails()


def test_argo_cd_removes_a_hook_that_succeeded(argo: Repository, tmp_path: Path) -> None:
    one = argo.copy(tmp_path / "one")
    _annotate(one, "llama", **{"hook": "PostSync", "hook-delete-policy": "HookSucceeded"})
    assert set(_risks(one)) == {"removal", "not-applied", "requests-cut"}


@pytest.mark.parametrize("annotations", [*RENEWED, {"hook": "Sync", "hook-delete-policy": "HookSucceeded"}])
def test_the_data_of_a_claim_goes(argo: Repository, tmp_path: Path, annotations: dict[str, str]) -> None:
    one = argo.copy(tmp_path / "one")
    _annotate(one, "qwen", "PersistentVolumeClaim", **annotations)
    assert "data-loss" in _risks(one)


def test_what_a_scaler_set_is_lost_by_replacing(argo: Repository, tmp_path: Path) -> None:
    one = argo.copy(tmp_path / "one")
    _annotate(one, "qwen", **{"sync-options": "Replace=true"})
    assert set(_risks(one)) == {"not-judged"}
    _annotate(one, "qwen", **{"sync-options": "PruneLast=true,ServerSideApply=true"})
    assert not _risks(one)


def test_argo_cd_forces_what_it_applies_by_the_client(argo: Repository, tmp_path: Path) -> None:
    one = argo.copy(tmp_path / "one")
    _annotate(one, "qwen", "PersistentVolumeClaim", **{"sync-options": "Force=true"})
    kustomization = one.root / "custom/prod/models/qwen/kustomization.yaml"
    shrunk = json.dumps([{"op": "replace", "path": "/spec/resources/requests/storage", "value": "5Gi"}])
    content = yamlio.load(kustomization.read_text(encoding="utf-8"))
    content["patches"].append({"target": {"kind": "PersistentVolumeClaim"}, "patch": shrunk})
    kustomization.write_text(yamlio.dump(content), encoding="utf-8")
    assert "immutable-field" in _risks(one)
    assert "data-loss" not in _risks(one)
    for path in (one.root / "clusters").rglob("*.yaml"):
        path.write_text(path.read_text(encoding="utf-8").replace("ServerSideApply=true", "Validate=true"), "utf-8")
    assert "data-loss" in _risks(one)


def test_flux_does_not_read_them(flux: Repository, tmp_path: Path) -> None:
    one = flux.copy(tmp_path / "one")
    _annotate(one, "llama", hook="PreSync")
    assert not _risks(one)
