"""docs/renovate.json: its expressions find what a bot may bump in values files.

Renovate reads them with RE2, of which they use what Python has too, but for the spelling of named groups.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORPUS = ROOT.parent / "shared" / "corpus" / "values"
MANAGERS = json.loads((ROOT / "docs" / "renovate.json").read_text(encoding="utf-8"))["customManagers"]
IMAGE, MODEL = (re.compile(each["matchStrings"][0].replace("(?<", "(?P<")) for each in MANAGERS)
FILES = sorted((ROOT / "values").glob("*.yaml")) + (sorted(CORPUS.rglob("*.yaml")) if CORPUS.is_dir() else [])


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_tag_beside_its_repository_is_found(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    pairs = re.findall(r"^[ \t-]*repository:.*\n(?:[ \t]*#.*\n)*[ \t-]*tag:", text, re.MULTILINE)
    assert len(IMAGE.findall(text)) == len(pairs)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  repository: vllm/vllm-openai\n  tag: v0.11.2\n", ("vllm/vllm-openai", "v0.11.2", None)),
        ('- repository: "a/b" # the image\n  tag: "1.10"\n', ("a/b", "1.10", None)),
        ("  repository: 'r.example:5000/a/b'\n  # pinned\n  tag: v1@sha256:" + 64 * "0", ("r.example:5000/a/b", "v1", "sha256:" + 64 * "0")),
    ],
)  # fmt: skip
def test_an_image(text: str, expected: tuple[str, ...]) -> None:
    found = IMAGE.search(text)
    assert found is not None
    assert found.group("depName", "currentValue", "currentDigest") == expected


def test_a_model() -> None:
    commit = 40 * "a"
    found = MODEL.search(f"  modelURL: meta-llama/Llama-3.1-8B-Instruct\n  modelRevision: {commit}\n")
    assert found is not None
    assert found.group("depName", "currentDigest") == ("meta-llama/Llama-3.1-8B-Instruct", commit)
    assert MODEL.search(f"  modelURL: /models/llama\n  modelRevision: {commit}\n") is None


def test_it_looks_at_values_alone() -> None:
    for each in MANAGERS:
        (pattern,) = each["managerFilePatterns"]
        assert re.search(pattern.strip("/"), "values/prod.yaml")
        assert not re.search(pattern.strip("/"), "overlays/prod/values.yaml")
