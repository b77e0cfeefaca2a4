"""A pull request that mends what nobody could build is reviewed: what was there before it is said not to be known.

kustomize refuses a folder with two kustomizations (api, `internal/target/kusttarget.go`), a remote reference is not
followed here, and values that are a link out of the repository are not read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sync.repository import FLUX, Repository, environment, model, new_repository

KUSTOMIZATION = "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
OWN = f"{KUSTOMIZATION}resources: [../../../overlays/prod/router]\n"
PATH = "custom/prod/router/kustomization.yaml"
ROUTER = {"Unit/router"}


@pytest.fixture(scope="session")
def start(tmp_path_factory: pytest.TempPathFactory) -> Repository:
    one = new_repository(tmp_path_factory.mktemp("former") / "repository", prod=environment())
    one.file(PATH, OWN)
    one.llmstack("gen")
    one.commit()
    return one


@pytest.fixture
def one(start: Repository, tmp_path: Path) -> Repository:
    return start.copy(tmp_path / "repository")


def _file(path: str, text: str) -> Callable[[Repository], None]:
    return lambda one: one.file(path, text)


def _link(path: str) -> Callable[[Repository], None]:
    def link(one: Repository) -> None:
        (one.root / path).unlink(missing_ok=True)
        os.symlink("/etc/passwd", one.root / path)

    return link


def _lists_a_link(one: Repository) -> None:
    _link("custom/prod/router/x.yaml")(one)
    one.file(PATH, OWN.replace("]", ", x.yaml]"))


ROWS: dict[str, tuple[Callable[[Repository], None], set[str]]] = {
    "a twin in a unit": (_file("overlays/prod/router/kustomization.yml", KUSTOMIZATION), ROUTER),
    "a twin in custom/": (_file("custom/prod/router/Kustomization", KUSTOMIZATION), ROUTER),
    "a twin in base/": (_file("base/router/kustomization.yml", KUSTOMIZATION), ROUTER),
    "a twin of the component": (
        _file("overlays/prod/engine/kustomization.yml", KUSTOMIZATION), {"Unit/models/llama", "Unit/models/qwen"},
    ),
    "a twin of the aggregate": (_file("overlays/prod/kustomization.yml", KUSTOMIZATION), set()),
    "a remote reference": (_file(PATH, OWN.replace("]", ", 'https://example.com/x?ref=1']")), ROUTER),
    "no YAML": (_file(PATH, OWN.replace("]", "")), ROUTER),
    "a file that is not there": (_file(PATH, OWN.replace("]", ", x.yaml]")), ROUTER),
    "a patch of nothing": (
        _file(PATH, f"{OWN}patches: [{{patch: '{{apiVersion: v1, kind: Service, metadata: {{name: no}}}}'}}]\n"), ROUTER,
    ),
    "a link that leads out": (_lists_a_link, ROUTER),
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_what_mends_a_tree_is_reviewed(one: Repository, row: str) -> None:
    spoil, untold = ROWS[row]
    spoil(one)
    one.commit()
    one.run("git", "revert", "-n", "HEAD")
    review = one.review()
    risks = [risk for each in review["envs"].values() for risk in each["risks"]]
    assert {risk["object"] for risk in risks if risk["id"] == "not-judged"} == untold
    assert not [change for each in review["envs"].values() for change in each["objects"]]


def test_what_comes_with_the_mending_is_told(one: Repository) -> None:
    one.file("custom/prod/router/kustomization.yml", KUSTOMIZATION)
    one.commit()
    (one.root / "custom/prod/router/kustomization.yml").unlink()
    patch = json.dumps([{"op": "add", "path": "/spec/template/spec/hostNetwork", "value": True}])
    one.file(PATH, f"{OWN}patches: [{{target: {{kind: Deployment}}, patch: '{patch}'}}]\n")
    one.values(prod=environment(model(replicaCount=3), model("qwen")))
    review = one.review()["envs"]["prod"]
    assert {"not-judged", "privilege"} <= {risk["id"] for risk in review["risks"] if "router" in risk["object"]}
    assert any("llama" in each["name"] for each in review["objects"])


def test_values_that_cannot_be_read_before_are_named(one: Repository) -> None:
    _link("values/prod.yaml")(one)
    one.commit()
    one.run("git", "revert", "-n", "HEAD")
    findings = one.review()["envs"]["prod"]["findings"]
    assert [(each["id"], each["severity"]) for each in findings] == [("irregular-file", "warning")]


def test_what_a_change_spoils_is_still_refused(one: Repository) -> None:
    one.file("custom/prod/router/kustomization.yml", KUSTOMIZATION)
    one.llmstack("diff", "HEAD", codes=(5,))
    (one.root / "custom/prod/router/kustomization.yml").unlink()
    one.file(PATH, OWN.replace("]", ", 'https://example.com/x?ref=1']"))
    one.llmstack("diff", "HEAD", codes=(1,))


def test_a_link_is_not_in_what_flux_builds_from(one: Repository) -> None:
    """fluxcd/pkg, artifact, storage/archive.go, `Archive`: what is no regular file and no folder is left out."""
    one.file("custom/prod/router/y.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x, namespace: llm}\n")
    os.symlink("y.yaml", one.root / "custom/prod/router/x.yaml")
    assert not one.review()["envs"], "nothing reads it"
    one.file(PATH, OWN.replace("]", ", x.yaml]"))
    risks = one.review()["envs"]["prod"]["risks"]
    assert [risk["object"] for risk in risks if risk["id"] == "not-judged"] == ["File/custom/prod/router/x.yaml"]
    one.values(prod=environment(sync={**FLUX, "tool": "argo"}))
    risks = one.review()["envs"]["prod"]["risks"]
    assert not [risk for risk in risks if risk["id"] == "not-judged"]
