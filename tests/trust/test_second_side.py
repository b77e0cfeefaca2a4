"""A second tree, followed beside a first, has the findings that it has alone, and reads what it reads alone."""

from __future__ import annotations

import random
from collections.abc import Mapping

import pytest

from llmstack.errors import IrregularFileError
from llmstack.kustomize.reached import Reached
from llmstack.kustomize.trust import follow
from llmstack.repository.links import follow_links

FOLDERS = ("overlays/a", "overlays/b", "base/x", "base/y", "custom/a/u", "clusters/c")
NAMES = ("kustomization.yaml", "kustomization.yml", "patch.yaml", "data.txt")
FIELDS = ("resources", "components", "crds", "patchesStrategicMerge", "transformers", "configurations")
LEAVES = ("a: 1\n", "a: 2\n", "kind: Deployment\n", "")
HOSTILE = ("https://example.com/x", "../../../etc", "git@host:a/b", "/etc/passwd", "../../secret")
ROUNDS = 600


def _reference(chance: random.Random, *, hostile: bool) -> str:
    if hostile and chance.random() < 0.1:
        return chance.choice(HOSTILE)
    folder = chance.choice((*FOLDERS, "base", "overlays"))
    return chance.choice((f"../../{folder}", chance.choice(NAMES), f"../../{folder}/{chance.choice(NAMES)}", "sub"))


def _kustomization(chance: random.Random, *, hostile: bool) -> str:
    lines = []
    for field in chance.sample(FIELDS, chance.randint(1, 3)):
        lines += [f"{field}:", *(f"- {_reference(chance, hostile=hostile)}" for _ in range(chance.randint(1, 3)))]
    return "\n".join(lines) + "\n"


def _file(chance: random.Random, name: str, *, hostile: bool) -> str:
    return _kustomization(chance, hostile=hostile) if name.startswith("kustom") else chance.choice(LEAVES)


def _tree(chance: random.Random, *, hostile: bool) -> dict[str, str]:
    paths = [f"{folder}/{name}" for folder in FOLDERS for name in NAMES if chance.random() < 0.5]
    return {path: _file(chance, path.rpartition("/")[2], hostile=hostile) for path in paths}


def _edited(chance: random.Random, tree: Mapping[str, str]) -> dict[str, str]:
    """The tree with a few files changed, added or removed."""
    found = dict(tree)
    for _ in range(chance.randint(0, 3)):
        path = f"{chance.choice(FOLDERS)}/{chance.choice(NAMES)}"
        if chance.random() < 0.3:
            found.pop(path, None)
        else:
            found[path] = _file(chance, path.rpartition("/")[2], hostile=True)
    return found


def _links(chance: random.Random) -> dict[str, str]:
    targets = ("../base/x", "../base/y", "../overlays/b", "../../out")
    return {f"overlays/{name}": chance.choice(targets) for name in ("l", "a") if chance.random() < 0.15}


def _follow(tree: Mapping[str, str], links: Mapping[str, str], earlier: Reached | None = None) -> Reached:
    def read(path: str) -> bytes | None:
        if path.endswith("patch.yaml") and tree.get(path) == "":
            raise IrregularFileError("a pipe")
        text = tree.get(path)
        return None if text is None else text.encode()

    return follow(read, ("overlays/a", "overlays/b"), lambda path: follow_links(path, links), earlier=earlier)


def _pairs(reached: Reached) -> set[object]:
    """Everything that is reached, each as a thing of its own."""
    reads = {(path, target) for path, targets in reached.reads.items() for target in targets}
    return {*reached.files.items(), *reached.links.items(), *reads}


def test_a_tree_beside_another_is_followed_as_alone() -> None:
    compared = dangerous = 0
    for seed in range(ROUNDS):
        chance = random.Random(seed)
        tree, links = _tree(chance, hostile=False), _links(chance)
        first = _follow(tree, links)
        if first.findings:
            continue
        second = _edited(chance, tree)
        other_links = links if chance.random() < 0.8 else _links(chance)
        alone, beside = _follow(second, other_links), _follow(second, other_links, first)
        assert sorted(map(repr, beside.findings)) == sorted(map(repr, alone.findings)), seed
        # more only where the first tree took a path for a kustomization that the second one takes for a mere file
        assert _pairs(alone) <= _pairs(beside) <= _pairs(alone) | _pairs(first), seed
        compared += 1
        dangerous += bool(alone.findings)
    assert compared > ROUNDS / 4
    assert dangerous > ROUNDS / 40


@pytest.mark.parametrize("path", ["base/x/kustomization.yml", "base/x/Kustomization", "overlays/a/new.yaml"])
def test_what_was_not_there_before_is_looked_for_again(path: str) -> None:
    tree = {
        "overlays/a/kustomization.yaml": "resources: [../../base/x, new.yaml]\n",
        "base/x/kustomization.yaml": "resources: []\n",
    }
    first = _follow(tree, {})
    assert not first.findings
    second = tree | {path: "resources: [https://example.com/x]\n"}
    found = _follow(second, {}, first)
    assert path in found.files
    assert bool(found.findings) == ("ustomization" in path)
