"""What commands print and write does not depend on how many cores there are."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest
from tests.cli.sandbox import Sandbox, make_sandbox

FLEET = runpy.run_path(str(Path(__file__).resolve().parents[2] / "bench" / "fleet.py"))
MODELS = 220
"""More than a copy of the process is worth (llmstack.cores)."""
COMMANDS = ("gen", "gen --check --no-cache", "lint --format json", "render prod", "diff HEAD --format json")
ONE_MORE = "git add --all && git commit -q --allow-empty -m tree && sed -i '0,/replicaCount: 1/s//replicaCount: 2/' values/prod.yaml"
AGAIN = ("gen", "diff HEAD --format json")

pytestmark = pytest.mark.skipif(
    not hasattr(os, "sched_setaffinity") or len(os.sched_getaffinity(0)) < 2,
    reason="one core, or a system where no copy is made",
)


def _values(*, wrong: bool) -> str:
    text: str = FLEET["values"](MODELS)
    text = text.replace("tag: v0.11.0", "tag: latest", 1)
    return text.replace("dtype: bfloat16", "dtype: bfloat17", 2) if wrong else text


def _play(folder: Path, cores: int, *, wrong: bool) -> list[tuple[str, int]]:
    """What each command prints and how it ends, then what the tree holds, where the process may use so many cores."""
    folder.mkdir()
    sandbox = make_sandbox(folder)
    sandbox.write({"values/prod.yaml": _values(wrong=wrong)})
    sandbox.run("git init -q && git add --all && git commit -qm values")
    said = [_run(sandbox, command, cores) for command in COMMANDS]
    sandbox.run(ONE_MORE)
    said += [_run(sandbox, command, cores) for command in AGAIN]
    files = sorted(path for top in ("base", "overlays") for path in (sandbox.root / top).rglob("*.yaml"))
    return [*said, ("".join(f"{path.relative_to(sandbox.root)}\n{path.read_text('utf-8')}" for path in files), 0)]


def _run(sandbox: Sandbox, command: str, cores: int) -> tuple[str, int]:
    allowed = sorted(os.sched_getaffinity(0))[:cores]
    program = f"import os; os.sched_setaffinity(0, {allowed}); from llmstack.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", program, *command.split()],
        cwd=sandbox.root,
        env=sandbox.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout, done.returncode


@pytest.mark.parametrize("wrong", [False, True])
def test_one_core_and_two_say_and_write_the_same(tmp_path: Path, *, wrong: bool) -> None:
    one, two = (_play(tmp_path / str(cores), cores, wrong=wrong) for cores in (1, 2))
    assert one == two
    assert [code for _, code in two[: len(COMMANDS)]] == ([1, 1, 1, 1, 0] if wrong else [0, 0, 0, 0, 0])
