"""What is found in real files is really a secret: the corpus, the example, the cases, and what is generated from them."""

from __future__ import annotations

from pathlib import Path

import pytest

from llmstack import yamlio
from llmstack.secrecy.comments import comment_holds_secret
from llmstack.secrecy.places import find_places
from tests.parity.corpus import corpus_folder

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = (
    "generator/llmstack/commands/init/files",
    "values",
    "base",
    "overlays",
    "clusters",
    "tests/cases",
    "tests/checks",
    "tests/parity/cases",
)
PLANTED = ("tests/checks/plaintext-secret/bad/", "tests/checks/sync-settings/bad/password.yaml")
TYPED = {"hf_token", "vllmApiKey", "Secret", "HF_TOKEN"}
"""What the corpus and the cases of parity hold in plain text: the chart takes it so, and writes a Secret of it."""


def _files(folder: Path) -> list[Path]:
    return sorted(folder.rglob("*.yaml"))


def _found(file: Path) -> set[str]:
    text = file.read_text(encoding="utf-8")
    lines = [line.strip() for line in text.split("\n")]
    comments = {line for line in lines if line.startswith("#") and comment_holds_secret(line)}
    return {place.name for document in yamlio.load_all(text) for place in find_places(document)} | comments


@pytest.mark.parametrize("folder", FOLDERS)
def test_the_repository_holds_no_secret_but_those_that_are_planted(folder: str) -> None:
    files = _files(ROOT / folder)
    assert files
    for file in files:
        path = file.relative_to(ROOT).as_posix()
        if not path.startswith(PLANTED):
            assert _found(file) <= (TYPED if "parity" in path else set()), path


@pytest.mark.skipif(corpus_folder() is None, reason="no corpus: set LLMSTACK_CORPUS to a folder with values/ in it")
def test_the_corpus_holds_none_but_the_charts_own() -> None:
    folder = corpus_folder()
    assert folder is not None
    found = {name for file in _files(folder) for name in _found(file)}
    assert "hf_token" in found
    assert found <= TYPED
