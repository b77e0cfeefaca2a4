"""`gitops.llmstack`: another llmstack than the repository is for writes nothing, and says which are meant."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmstack import __version__
from llmstack.errors import RefusedError
from llmstack.finding import has_errors
from llmstack.repository.generation import generate
from llmstack.repository.project import Project

MODEL = "{name: a, repository: vllm/vllm-openai, tag: v0.11.2, modelURL: a/b, replicaCount: 1, requestCPU: 1, requestMemory: 1Gi, requestGPU: 1}"


def _project(root: Path, stated: str, rest: str = "", *, where: str = "prod") -> Project:
    (root / "values").mkdir()
    texts = {"prod": f"servingEngineSpec: {{modelSpec: [{MODEL}]}}\n{rest}", "base": ""}
    texts[where] += f"gitops: {{llmstack: {stated}}}\n"
    for name, text in texts.items():
        (root / "values" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return Project(root)


@pytest.mark.parametrize(
    "stated", [f"=={__version__}", f"'>={__version__}'", "'>=0.0.1,<99'", f"'~={__version__}'", "null"]
)
def test_one_of_its_versions_writes(tmp_path: Path, stated: str) -> None:
    generation = generate(_project(tmp_path, stated), [])
    assert not has_errors(generation.findings)
    assert generation.plan is not None
    assert generation.plan.changes


@pytest.mark.parametrize("where", ["prod", "base"])
@pytest.mark.parametrize("rest", ["", "routerSpec: {aKeyOfLater: 1}\n"])
def test_another_one_is_refused_before_anything_else_is_said(tmp_path: Path, rest: str, where: str) -> None:
    with pytest.raises(RefusedError) as error:
        generate(_project(tmp_path, "'>=99'", rest, where=where), [])
    assert f"is for llmstack >=99, and this is {__version__}" in str(error.value)
    assert f"values/{where}.yaml:" in str(error.value)


@pytest.mark.parametrize("stated", ["'0.2'", "new", "'>=0.2 <0.3'", "0.2", "[1]"])
def test_what_is_no_range_is_an_error_at_its_place(tmp_path: Path, stated: str) -> None:
    generation = generate(_project(tmp_path, stated), [])
    assert generation.plan is None
    (finding,) = [each for each in generation.findings if each.severity == "error"]
    assert finding.place is not None
    assert finding.place.line == 2
