"""The shipped tables of releases are what the tool reads out of the wheels."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tools.make_registries import make

from llmstack.engine.registry import DATA
from llmstack.flags.release import read_release
from tests.vllm.fetch import FOLDER, RELEASES

STRETCHES = (
    "architectures", "withoutLora", "withoutPipeline", "attentionBackends", "quantizationNames", "speculation", "metrics",
    "strictConfigs", "byTransformers", "sentences", "rocmQuantization",
)  # fmt: skip
STEPS = ("backendTraits", "quantization", "activationTypes", "configFields", "registered", "variables", "metricKinds")


@pytest.fixture(scope="module")
def shipped() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DATA.read_bytes())
    return found


@pytest.mark.parametrize("release", RELEASES)
def test_tables_are_what_the_wheel_says(release: str, shipped: dict[str, Any]) -> None:
    assert release in shipped["releases"]
    read = make([FOLDER / release])
    assert {"releases", *STRETCHES, *STEPS} == read.keys() == shipped.keys()
    for table in STRETCHES:
        here = {name for name, stretches in shipped[table].items() if any(_spans(each, release) for each in stretches)}
        assert here == set(read[table]), table
    for table in STEPS:
        now = {name: _last(steps, release) for name, steps in shipped[table].items()}
        wheel = {name: steps[-1][1] for name, steps in read[table].items()}
        assert {name: each for name, each in now.items() if each is not None} == wheel, table


def _spans(stretch: list[str | None], release: str) -> bool:
    first, last = (read_release(each).numbers if each else None for each in stretch)
    at = read_release(release).numbers
    assert first is not None
    return first <= at and (last is None or at <= last)


def _last(steps: list[list[Any]], release: str) -> Any:
    at = read_release(release).numbers
    known = [value for since, value in steps if read_release(since).numbers <= at]
    return known[-1] if known else None
