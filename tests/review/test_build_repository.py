"""The build in process against the real kustomize, on everything that this repository has generated."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from llmstack.kustomize.build import build

ROOT = Path(__file__).parents[2]
FOLDERS = ("base", "overlays")


def test_the_trees_of_this_repository(
    kustomize: Callable[[Mapping[str, str], str], list[dict[str, Any]]],
) -> None:
    files = {
        path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
        for folder in FOLDERS
        for path in (ROOT / folder).rglob("*.yaml")
    }
    directories = [
        path.removesuffix("/kustomization.yaml")
        for path, text in files.items()
        if path.endswith("/kustomization.yaml") and "kind: Component" not in text
    ]
    assert len(directories) > 10
    for directory in directories:
        built, real = build(files.get, directory), kustomize(files, directory)
        assert len(built) == len(real)
        for mine, its in zip(*(sorted(side, key=canonical) for side in (built, real)), strict=True):
            assert canonical(mine) == canonical(its), directory


def canonical(item: dict[str, Any]) -> str:
    return json.dumps(item, sort_keys=True)
