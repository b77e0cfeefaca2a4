"""Owners that people edit so that they may do more, or look away: what `diff` says where no object of theirs differs.

Argo CD: docs/user-guide/projects.md, diffing.md; Flux: kustomize-controller's API, `spec.force` and `spec.ignore`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmstack import yamlio
from llmstack.sync.widened import said_of_widened
from tests.sync.repository import FLUX, Repository, environment, model, new_repository

FILES = {"argo": "clusters/c1/prod/router.yaml", "flux": "clusters/c1/prod/models/llama.yaml"}
RULE = {"group": "apps", "kind": "Deployment", "jsonPointers": ["/spec/template"]}
ROWS: dict[str, tuple[str, dict[str, Any], str]] = {
    "the default project": ("argo", {"project": "default"}, "AppProject `default`"),
    "differences of pods": ("argo", {"ignoreDifferences": [RULE]}, "`ignoreDifferences`"),
    "differences by managers": (
        "argo", {"ignoreDifferences": [{"kind": "*", "managedFieldsManagers": ["kubectl-edit"]}]}, "`ignoreDifferences`",
    ),
    "differences by no map": ("argo", {"ignoreDifferences": ["x"]}, "`ignoreDifferences`"),
    "ignore": ("flux", {"ignore": [{"paths": ["/spec/template"]}]}, "`ignore`"),
    "force": ("flux", {"force": True}, "`force`"),
    "another account": ("flux", {"serviceAccountName": "admin"}, "ServiceAccount `admin`"),
    "decryption": ("flux", {"decryption": {"provider": "sops"}}, "`spec.decryption`"),
    "another cluster": ("flux", {"kubeConfig": {"secretRef": {"name": "k"}}}, "another cluster"),
}  # fmt: skip


@pytest.fixture(scope="session")
def starts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Repository]:
    root = tmp_path_factory.mktemp("owners")
    return {tool: new_repository(root / tool, prod=environment(sync={**FLUX, "tool": tool})) for tool in FILES}


def _edit(one: Repository, path: str, change: Callable[[dict[str, Any]], None]) -> None:
    text = (one.root / path).read_text(encoding="utf-8")
    [owner] = yamlio.load_all(text)
    change(owner["spec"])
    one.file(path, f"{text.splitlines()[0]}\n{yamlio.dump(owner)}")


def _told(one: Repository) -> list[str]:
    return [risk["message"] for risk in one.review()["envs"]["prod"]["risks"] if risk["id"] == "sync"]


@pytest.mark.parametrize("row", ROWS)
def test_what_an_owner_may_do_more_is_told(starts: dict[str, Repository], tmp_path: Path, row: str) -> None:
    tool, spec, words = ROWS[row]
    one = starts[tool].copy(tmp_path / "one")
    _edit(one, FILES[tool], lambda owner: owner.update(spec))
    assert [words in each for each in _told(one)] == [True]
    assert one.fails()


@pytest.mark.parametrize("tool", FILES)
def test_a_scaler_that_comes_is_no_rule_to_warn_of(starts: dict[str, Repository], tmp_path: Path, tool: str) -> None:
    one = starts[tool].copy(tmp_path / "one")
    scaled = model(keda={"enabled": True, "minReplicaCount": 2, "maxReplicaCount": 3})
    one.values(prod=environment(scaled, model("qwen"), sync={**FLUX, "tool": tool}))
    assert not [each for each in _told(one) if "looks past" in each]


def _source(**spec: Any) -> dict[str, Any]:
    metadata = {"name": "llm", "namespace": "flux-system"}
    stated = {"url": "https://git.example.com/llm.git", "ref": {"branch": "main"}, **spec}
    return {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata, "spec": stated}


@pytest.mark.parametrize(
    ("after", "told"),
    [
        (_source(interval="5m"), False),
        (_source(ref={"name": "refs/heads/main"}), False),
        (_source(ref={"branch": "main", "commit": "abc"}), True),
        (_source(ref={"branch": "next"}), True),
        (_source(url="https://git.example.com/other.git"), True),
    ],
)
def test_a_source_of_another_place(after: dict[str, Any], told: bool) -> None:
    assert (said_of_widened(_source(), after) is not None) is told
