"""Conflict markers that a merge left are named as such, at their line, in whatever file they stand."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests import forks
from tests.trust.hostile import HONEST, KUSTOMIZATION, write

CONFLICT = "a: 1\n<<<<<<< HEAD\nb: 1\n=======\nb: 2\n>>>>>>> other\n"


@pytest.mark.parametrize(
    ("path", "values", "command"),
    [
        ("values/prod.yaml", CONFLICT, "lint"),
        ("facts/clusters/c.yaml", f"{HONEST}gitops: {{sync: {{cluster: c}}}}\n", "lint"),
        ("facts/models/facebook--opt-125m.yaml", HONEST, "lint"),
        ("custom/prod/models/m/kustomization.yaml", HONEST, "validate"),
        ("custom/prod/models/m/x.yaml", HONEST, "validate"),
        ("custom/prod/models/m/a.env", HONEST, "validate"),
        ("custom/prod/models/m/a.txt", HONEST, "validate"),
        ("overlays/prod/secrets/a.yaml", HONEST, "validate"),
        ("overlays/prod/secrets/a.yaml", HONEST, "gen --check"),
        (".sops.yaml", f"{HONEST}gitops: {{secrets: {{backend: sops, age: [age1{'q' * 58}]}}}}\n", "gen --check"),
    ],
)
def test_a_conflict_is_named_at_its_line(tmp_path: Path, path: str, values: str, command: str) -> None:
    name = path.rpartition("/")[2]
    field = "envs" if name.endswith(".env") else "files"
    held = "- x.yaml\n" if name.endswith(".yaml") else f"configMapGenerator: [{{name: a, {field}: [{name}]}}]\n"
    unit = {"custom/prod/models/m/kustomization.yaml": f"{KUSTOMIZATION}{held}"} if "custom" in path else {}
    write(tmp_path, unit | {"values/prod.yaml": values, path: CONFLICT})
    subprocess.run(forks.command("-C", str(tmp_path), "gen"), capture_output=True, check=False)
    done = subprocess.run(
        forks.command("-C", str(tmp_path), *command.split()),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    shown = done.stdout + done.stderr
    assert done.returncode == 1, shown
    assert "holds an unresolved merge conflict" in shown
    assert f"--> {path}:2" in shown
    assert "plaintext-secret" not in shown
