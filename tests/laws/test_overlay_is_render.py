"""Law 1: `kustomize build` of every unit, and of every environment, gives exactly what `render` computes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.laws.strategies import stacks
from tests.laws.trees import assert_laws, tree_of

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted(path for path in (ROOT / "tests" / "cases").iterdir() if (path / "values").is_dir())
CORPUS = Path(os.environ.get("LLMSTACK_CORPUS", ROOT.parent / "shared" / "corpus")) / "values"
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))


def _values(folder: Path) -> dict[str, str]:
    return {path.stem: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}


def test_the_example(tmp_path: Path) -> None:
    assert_laws(tree_of(_values(ROOT / "values")), tmp_path)


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name)
def test_every_case(case: Path, tmp_path: Path) -> None:
    assert_laws(tree_of(_values(case / "values")), tmp_path)


@pytest.mark.skipif(not CORPUS.is_dir(), reason="no corpus: set LLMSTACK_CORPUS to a folder with values/ in it")
def test_real_values_files(tmp_path: Path) -> None:
    files = sorted(CORPUS.glob("*.yaml"))
    assert files
    for number, path in enumerate(files):
        assert_laws(tree_of({"prod": path.read_text(encoding="utf-8")}), tmp_path / str(number))


def test_a_percentage_that_becomes_a_number(tmp_path: Path) -> None:
    """kustomize keeps the quotes of the text that a patch replaces."""
    models = [{"name": "a", "repository": "r", "tag": "v1"}]
    base = {"servingEngineSpec": {"maxUnavailablePodDisruptionBudget": "50%", "modelSpec": models}}
    base["servingEngineSpec"]["strategy"] = {"rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}
    upper = {"servingEngineSpec": {"maxUnavailablePodDisruptionBudget": "1"}}
    upper["servingEngineSpec"]["strategy"] = {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert_laws(tree_of({"base": base, "prod": upper, "dev": {}}), tmp_path)


@given(values=stacks())
@QUICK
def test_random_stacks(values: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert_laws(tree_of({"prod": values}), Path(folder))


@given(base=stacks(), upper=stacks())
@QUICK
def test_random_layers(base: dict[str, Any], upper: dict[str, Any]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert_laws(tree_of({"base": base, "dev": {}, "prod": upper}), Path(folder))
