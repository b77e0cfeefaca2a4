"""The blocks of commands on the pages of docs/, run as a person would."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.kubectl import Kubectl

DOCS = Path(__file__).resolve().parents[2] / "docs"


def run_block(page: str, word: str, kubectl: Kubectl, folder: Path, replaced: Mapping[str, str]) -> None:
    """Run the one block of a page that has a word, in a repository; names of the page are `replaced` by those here.

    Fails with what it prints where a command of it fails.
    """
    text = (DOCS / page).read_text(encoding="utf-8")
    [block] = [each for each in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if word in each]
    for name, here in replaced.items():
        block = block.replace(name, here)
    tools = folder.parent / "tools"
    tools.mkdir(exist_ok=True)
    (tools / "kubectl").unlink(missing_ok=True)
    (tools / "kubectl").symlink_to(kubectl.program)
    variables = {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}", "KUBECONFIG": str(kubectl.kubeconfig)}
    argv = ["sh", "-euc", block]
    run = subprocess.run(argv, cwd=folder, env=os.environ | variables, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
