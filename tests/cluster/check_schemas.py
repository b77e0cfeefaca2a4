"""The schemas that kubeconform gets say what the definitions of the custom resources say, to the byte."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from llmstack import schemas
from tests.cluster.crds import definitions
from tests.cluster.repository import PROJECT

NEWER = {"ray.io", "leaderworkerset.x-k8s.io", "inference.networking.k8s.io"}
"""Groups whose schemas are of a later commit than the last release, of which the modules are."""


def test_schemas_are_those_of_the_definitions(tmp_path: Path) -> None:
    given = tmp_path / "definitions.json"
    given.write_text("\n---\n".join(map(json.dumps, definitions())), encoding="utf-8")
    script = PROJECT / "tools" / "make_schema.py"
    subprocess.run([sys.executable, str(script), "--to", str(tmp_path / "crds"), str(given)], check=True)
    shipped = schemas.folder() / "crds"
    made = {path.relative_to(tmp_path / "crds") for path in (tmp_path / "crds").rglob("*.json")}
    compared = sorted(path for path in made if path.parts[0] not in NEWER and (shipped / path).exists())
    assert len(compared) >= 20
    different = [
        str(path) for path in compared if (tmp_path / "crds" / path).read_bytes() != (shipped / path).read_bytes()
    ]
    assert not different
