"""Law 2: the same values give the same bytes, on any machine, in any order of keys, as often as one likes."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from llmstack.values.scalars import SourceText
from llmstack.values.source import read_source
from tests.laws.trees import tree_of

ROOT = Path(__file__).resolve().parents[2]
VALUES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((ROOT / "values").iterdir())}


def _shuffled(value: Any, chance: random.Random) -> Any:
    if isinstance(value, dict):
        keys = list(value)
        chance.shuffle(keys)
        return {key: _shuffled(value[key], chance) for key in keys}
    if isinstance(value, list):
        return [_shuffled(item, chance) for item in value]
    return {"true": True, "false": False}.get(value, str(value)) if isinstance(value, SourceText) else value


@pytest.mark.parametrize("seed", range(5))
def test_the_order_of_map_keys_changes_nothing(seed: int) -> None:
    chance = random.Random(seed)
    texts = {
        name: json.dumps(_shuffled(read_source(name, text.encode()).data, chance)) for name, text in VALUES.items()
    }
    assert tree_of(texts).files == tree_of(VALUES).files


def _generate(folder: Path, **environment: str) -> dict[str, bytes]:
    for name, text in VALUES.items():
        (folder / "values").mkdir(parents=True, exist_ok=True)
        (folder / "values" / f"{name}.yaml").write_text(text, encoding="utf-8")
    command = [sys.executable, "-m", "llmstack.cli", "gen"]
    subprocess.run(command, cwd=folder, env={**os.environ, **environment}, check=True, capture_output=True)
    files = [path for top in ("base", "overlays", "clusters") for path in (folder / top).rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def test_another_machine_gives_the_same_bytes(tmp_path: Path) -> None:
    first = _generate(tmp_path / "here", PYTHONHASHSEED="1", TZ="UTC", LC_ALL="C")
    second = _generate(
        tmp_path / "a folder" / "élsewhere",
        PYTHONHASHSEED="2",
        TZ="Pacific/Kiritimati",
        LC_ALL="C.UTF-8",
        COLUMNS="20",
    )
    assert first == second
    assert {path: content.encode() for path, content in tree_of(VALUES).files.items()} == first


def test_generating_twice_changes_nothing(tmp_path: Path) -> None:
    first = _generate(tmp_path)
    times = {path: (tmp_path / path).stat().st_mtime_ns for path in first}
    assert _generate(tmp_path) == first
    assert {path: (tmp_path / path).stat().st_mtime_ns for path in first} == times
