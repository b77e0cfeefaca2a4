"""What is said of a value that is written otherwise: what to write."""

from __future__ import annotations

import pytest

from llmstack.finding import Finding
from llmstack.model.reading import read_stack
from llmstack.values.source import read_source

MODEL = "servingEngineSpec: {modelSpec: [{name: a, %s}]}\n"


def found(text: str) -> Finding:
    findings = read_stack([read_source("values/prod.yaml", text.encode())])[2]
    (finding,) = [finding for finding in findings if finding.severity.value == "error"]
    return finding


@pytest.mark.parametrize(
    ("entry", "help"),
    [
        ("requestMemory: 16GB", "write `16Gi`, powers of 1024, or `16G`, of 1000"),
        ("requestMemory: 16 Gi", "write `16Gi`"),
        ("requestMemory: 512mb", "write `512Mi`, powers of 1024, or `512M`, of 1000"),
        ("requestCPU: two", None),
        ("pvcAccessMode: [RWX]", "write `ReadWriteMany`"),
        ("replicaCount: '2'", "write it without quotes: 2"),
        ("replicaCount: '${REPLICAS}'", "nothing fills it in: write what it stands for"),
        ("env: {A: b}", "write an item for each: `- …` in a line of its own"),
        ("annotations: [a]", "write keys: `key: value` in each line, without dashes"),
        ("hf_token: {name: a}", "set `secretName`"),
    ],
)
def test_the_help_says_what_to_write(entry: str, help: str | None) -> None:
    assert found(MODEL % entry).help == help


def test_a_number_out_of_bounds_is_told_with_its_bound() -> None:
    assert found(MODEL % "replicaCount: -1").message == "`replicaCount` is at least 0, not -1"


def test_a_template_is_told_as_one() -> None:
    for text in ("a: {{ .Values.a }}\n", "{{- range .Values.models }}\n- a: {{ . }}\n{{- end }}\n"):
        assert "is a template" in (found(text).help or "")
