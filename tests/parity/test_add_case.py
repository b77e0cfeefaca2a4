"""Adding a case, with a program that stands in for helm."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parity.add_case import main


@pytest.fixture
def values(tmp_path: Path) -> Path:
    path = tmp_path / "values.yaml"
    path.write_text("routerSpec: {}\n")
    return path


def test_helm_renders_with_the_release_of_all_cases(tmp_path: Path, values: Path) -> None:
    helm = tmp_path / "helm"
    helm.write_text('#!/bin/sh\necho "$@"\n')
    helm.chmod(0o755)
    words = ["mine", str(values), "--chart", "/chart", "--helm", str(helm)]
    assert main(words, tmp_path / "cases") == 0
    case = tmp_path / "cases" / "mine"
    assert (case / "rendered.yaml").read_text() == f"template vllm /chart -f {values} --namespace default\n"
    assert (case / "values.yaml").read_text() == values.read_text()


def test_a_rendering_may_be_given(tmp_path: Path, values: Path) -> None:
    rendered = tmp_path / "out.yaml"
    rendered.write_text("kind: Service\n")
    assert main(["mine", str(values), "--rendered", str(rendered)], tmp_path / "cases") == 0
    assert (tmp_path / "cases" / "mine" / "rendered.yaml").read_text() == "kind: Service\n"


def test_without_helm_nothing_is_written(tmp_path: Path, values: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["mine", str(values), "--chart", "/chart", "--helm", str(tmp_path / "no")], tmp_path / "cases") == 1
    assert "cannot render" in capsys.readouterr().err
    assert not (tmp_path / "cases").exists()
