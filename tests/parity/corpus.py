"""The values files to compare, each beside what `helm template` made of it.

Cases of our own are in tests/parity/cases; more are in a folder with values/ and helm-rendered/, named by
LLMSTACK_CORPUS or found at ../shared/corpus beside the repository.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Case:
    """A values file and its rendering."""

    name: str
    values: Path
    rendered: Path


def corpus_folder() -> Path | None:
    """The folder with further cases; None when there is none."""
    named = os.environ.get("LLMSTACK_CORPUS")
    folder = Path(named) if named else ROOT.parent / "shared" / "corpus"
    return folder if (folder / "values").is_dir() and (folder / "helm-rendered").is_dir() else None


def own_cases() -> list[Case]:
    folders = sorted((HERE / "cases").glob("*/values.yaml"))
    return [Case(path.parent.name, path, path.parent / "rendered.yaml") for path in folders]


def corpus_cases() -> list[Case]:
    """The cases of the corpus; a values file without a rendering fails, it must not be passed over."""
    folder = corpus_folder()
    if folder is None:
        return []
    cases = [
        Case(path.stem, path, folder / "helm-rendered" / path.name)
        for path in sorted((folder / "values").glob("*.yaml"))
    ]
    assert cases, f"{folder}/values is empty"
    missing = [case.name for case in cases if not case.rendered.exists()]
    assert not missing, f"no rendering beside {missing}"
    return cases
