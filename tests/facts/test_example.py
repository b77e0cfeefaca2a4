"""facts/ of the example is what `learn cluster` writes from the JSON beside this file."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import forks

ROOT = Path(__file__).resolve().parents[2]
SEEN = sorted((Path(__file__).parent / "clusters").glob("*.json"))
FACTS = ROOT / "facts" / "clusters"


def test_every_cluster_of_the_example_has_its_facts() -> None:
    named = {
        match for file in (ROOT / "values").iterdir() for match in re.findall(r"cluster: ([\w-]+)", file.read_text())
    }
    assert {path.stem for path in SEEN} == named == {path.stem for path in FACTS.iterdir()}


@pytest.mark.parametrize("path", SEEN, ids=lambda path: path.stem)
def test_facts_are_what_the_command_writes(path: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "values", tmp_path / "values")
    command = forks.command("learn", "cluster", path.stem, str(path))
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    written = tmp_path / "facts" / "clusters" / f"{path.stem}.yaml"
    assert written.read_text() == (FACTS / written.name).read_text(), (
        f"make facts, or see tests/facts/clusters/{path.name}"
    )


@pytest.mark.parametrize("path", SEEN, ids=lambda path: path.stem)
def test_facts_hold_no_names_of_nodes_pods_or_other_tenants(path: Path) -> None:
    text = (FACTS / f"{path.stem}.yaml").read_text()
    for item in json.loads(path.read_text())["items"]:
        name, namespace = item["metadata"]["name"], item["metadata"].get("namespace", "")
        if item["kind"] in ("Node", "Pod"):
            assert name not in text
        assert namespace in ("", "llm") or namespace not in text
