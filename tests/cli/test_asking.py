"""`migrate` asks for release and namespace where somebody is there to answer, and nowhere else."""

from __future__ import annotations

import os
import pty
import subprocess
from pathlib import Path

from tests.cli.sandbox import Sandbox, make_sandbox

VALUES = "servingEngineSpec:\n  modelSpec: []\nrouterSpec: {enableRouter: false}\n"


def _converse(sandbox: Sandbox, command: str, answers: str) -> str:
    """What a command prints on stdout, with a terminal as stdin and stderr on which somebody types."""
    terminal, end = pty.openpty()
    with subprocess.Popen(
        ["/bin/bash", "-c", command], cwd=sandbox.root, env=sandbox.environment(), stdin=end, stderr=end,
        stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        os.close(end)
        os.write(terminal, answers.encode())
        assert process.stdout is not None
        output = process.stdout.read().decode()
        os.close(terminal)
    return output


def test_release_and_namespace_are_asked_for(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path, anew=True)
    sandbox.write({"values/prod.yaml": VALUES})
    output = _converse(sandbox, "llmstack migrate prod --write", "vllm\nllm\n")
    assert "release: vllm" in output
    text = (sandbox.root / "values/prod.yaml").read_text(encoding="utf-8")
    assert "release: vllm" in text
    assert "namespace: llm" in text
    assert "gitops" not in _converse(sandbox, "llmstack migrate prod", "")


def test_an_empty_answer_is_none(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path, anew=True)
    sandbox.write({"values/prod.yaml": VALUES})
    assert "release" not in _converse(sandbox, "llmstack migrate prod", "\n").replace("release-unnamed", "")


def test_nobody_is_asked_without_a_terminal(tmp_path: Path) -> None:
    sandbox = make_sandbox(tmp_path, anew=True)
    sandbox.write({"values/prod.yaml": VALUES})
    output, code = sandbox.run("llmstack migrate prod")
    assert code == 0
    assert "release-unnamed" in output
