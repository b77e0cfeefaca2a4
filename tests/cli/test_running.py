"""On a terminal every command that runs for more than a second says so, in a line that is gone at its end."""

from __future__ import annotations

import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.sandbox import Sandbox, make_sandbox

VALUES = """\
gitops: {sync: {tool: flux, cluster: east, repoURL: https://git.example.com/llm.git}}
servingEngineSpec:
  modelSpec:
    - {name: m, repository: vllm/vllm-openai, tag: v0.11.0, modelURL: facebook/opt-125m, requestCPU: 1, requestMemory: 2Gi}
"""
SLOW = 1.7
"""Seconds that the input of a command takes to come."""


def _on_terminal(sandbox: Sandbox, command: str) -> str:
    """What a command writes on stderr, a terminal; its stdin is a pipe."""
    terminal, end = pty.openpty()
    with subprocess.Popen(
        ["/bin/bash", "-c", command], cwd=sandbox.root, env=sandbox.environment(), stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=end,
    ) as process:  # fmt: skip
        os.close(end)
        process.communicate()
    written = b""
    try:
        while part := os.read(terminal, 1 << 16):
            written += part
    except OSError:  # Linux says so at the end of what a terminal holds
        pass
    os.close(terminal)
    return written.decode()


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    sandbox = make_sandbox(tmp_path, anew=True)
    sandbox.write({"values/prod.yaml": VALUES})
    return sandbox


def test_a_long_run_says_how_long_it_takes(sandbox: Sandbox) -> None:
    written = _on_terminal(sandbox, f"(sleep {SLOW}; echo '{{}}') | llmstack learn cluster east")
    assert re.search(r"\r\x1b\[Kllmstack: [12] s", written)
    *_, last = re.findall(r"\r\x1b\[K(llmstack: \d+ s)?", written)
    assert last == "", "the line is taken away before the run says what it found"


def test_a_long_run_of_many_says_how_many_are_done(sandbox: Sandbox) -> None:
    slow, real = sandbox.root / "slow", sandbox.environment()["LLMSTACK_TOOLS"]
    slow.mkdir()
    for name in ("kustomize", "kubeconform"):
        then = f"import os, sys, time; time.sleep(1); os.execv('{real}/{name}', sys.argv)"
        (slow / name).write_text(f"#!{sys.executable} -I\n{then}\n")
        (slow / name).chmod(0o755)
    command = 'llmstack gen >/dev/null 2>&1; LLMSTACK_TOOLS="$PWD/slow" llmstack validate prod'
    written = _on_terminal(sandbox, command)
    assert re.search(r"llmstack: built \d+ of \d+, \d+ s", written)


def test_nothing_is_drawn_where_there_is_no_terminal(sandbox: Sandbox) -> None:
    output, _ = sandbox.run(f"(sleep {SLOW}; echo '{{}}') | llmstack learn cluster east")
    assert "\x1b" not in output
    assert not re.search(r"llmstack: \d+ s", output)
