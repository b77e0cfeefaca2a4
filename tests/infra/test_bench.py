"""The fleet that `make bench` measures is one that llmstack accepts, and the same each time."""

import runpy
from pathlib import Path

import pytest

from llmstack.finding import Severity
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

FLEET = runpy.run_path(str(Path(__file__).resolve().parents[2] / "bench" / "fleet.py"))


@pytest.mark.parametrize("models", [1, 60])
def test_the_fleet_is_valid(models: int) -> None:
    text = FLEET["values"](models)
    _, stack, findings = read_stack([read_source("values/prod.yaml", text.encode())])
    assert [finding for finding in findings if finding.severity is Severity.ERROR] == []
    assert stack is not None
    assert len({model.name for model in stack.engine.model_spec}) == models


def test_the_fleet_is_the_same_each_time() -> None:
    assert FLEET["values"](30) == FLEET["values"](30)


def test_the_fleet_is_not_one_model_many_times() -> None:
    shapes = {(item["modelURL"], item["tag"], item["replicaCount"]) for item in map(FLEET["model"], range(60))}
    assert len(shapes) >= 12
