"""Wrong and right command lines of engines, planted: every wrong one is found, no right one accused."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from llmstack import yamlio
from llmstack.checks import run_checks, settle
from llmstack.checks.engines import asked_of_all
from llmstack.checks.rules import refused_flags
from llmstack.checks.subject import Subject
from llmstack.engine.exact.flags import AGAINST_LENGTH
from llmstack.engine.settings import Settings
from llmstack.finding import Severity, show_route
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

FOLDER = Path(__file__).parent / "planted"
_MODEL = re.compile(r"modelSpec\[(\d+)\]")


def values(cases: list[dict[str, Any]]) -> str:
    """A values file with a model for each case: Llama 3.1 8B on one H100, vLLM 0.19.1, where the case says no other."""
    models = [
        {
            "name": f"m{number}",
            "repository": "vllm/vllm-openai",
            "tag": case.get("tag", "v0.19.1"),
            "modelURL": case.get("model", "meta-llama/Llama-3.1-8B-Instruct"),
            "requestMemory": "64Gi",
            "requestGPU": case.get("gpus", 1),
            "nodeSelector": {"nvidia.com/gpu.product": case.get("card", "NVIDIA-H100-80GB-HBM3")},
            "vllmConfig": {**case.get("typed", {}), "extraArgs": case["args"]},
            "env": [{"name": name, "value": value} for name, value in case.get("env", {}).items()],
            **case.get("m", {}),
        }
        for number, case in enumerate(cases)
    ]
    return json.dumps({"servingEngineSpec": {"modelSpec": models}})


def accused(cases: list[dict[str, Any]]) -> dict[int, list[str]]:
    """The cases that the checks have an error for, with what they say."""
    layers, stack, refused = read_stack([read_source("values/prod.yaml", values(cases).encode())])
    assert stack is not None, [(finding.message, str(finding.place)) for finding in refused]
    found: dict[int, list[str]] = {}
    for finding in settle([*refused, *run_checks(Subject("prod", stack, layers))], layers, {}):
        if finding.severity is Severity.ERROR:
            at = _MODEL.search(show_route(finding.route or ()))
            assert at, finding.message
            found.setdefault(int(at[1]), []).append(finding.message)
    return found


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yamlio.load((FOLDER / f"{name}.yaml").read_text())
    return found


class Watched:
    """An engine's settings; whether their length was asked for."""

    def __init__(self, settings: Settings) -> None:
        self._settings, self.length_is_read = settings, False

    def __getattr__(self, name: str) -> Any:
        self.length_is_read |= name == "length"
        return getattr(self._settings, name)


def test_a_length_is_looked_at_beside_the_flags_alone_that_are_held_against_it() -> None:
    layers, stack, _ = read_stack(
        [read_source("values/prod.yaml", values([*cases("wrong"), *cases("right")]).encode())]
    )
    assert stack is not None
    beside: set[str] = set()
    for asked in asked_of_all(Subject("prod", stack, layers)):
        settings: Any = Watched(asked.question.settings)
        list(refused_flags.faults_of(replace(asked, question=replace(asked.question, settings=settings))))
        given = AGAINST_LENGTH.intersection(asked.question.flags)
        assert given or not settings.length_is_read, asked.question.arguments
        beside |= given if settings.length_is_read else set()
    assert beside >= AGAINST_LENGTH


def test_every_wrong_one_is_found() -> None:
    planted = cases("wrong")
    found = accused(planted)
    assert len(planted) >= 120
    assert [case for number, case in enumerate(planted) if number not in found] == []


def test_no_right_one_is_accused() -> None:
    planted = cases("right")
    assert len(planted) >= 120
    assert {json.dumps(planted[number]): said for number, said in accused(planted).items()} == {}


@pytest.mark.parametrize("name", ["wrong", "right"])
def test_no_case_is_there_twice(name: str) -> None:
    lines = [json.dumps(case, sort_keys=True) for case in cases(name)]
    assert len(lines) == len(set(lines))
