"""Law 2: no leaf of a unit's own patch is idle: without it, the build is another one."""

from __future__ import annotations

import copy
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings

from llmstack import yamlio
from llmstack.kustomize.build import Unsupported, build
from tests.laws.strategies import stacks
from tests.laws.trees import Tree, kustomize, tree_of

ROOT = Path(__file__).resolve().parents[2]
QUICK = settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))


def _leaves(value: Any, at: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths of scalars and of empty collections."""
    if isinstance(value, dict) and value:
        for key, item in value.items():
            yield from _leaves(item, (*at, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from _leaves(item, (*at, number))
    else:
        yield at


def _without(patch: Any, leaf: tuple[str | int, ...]) -> Any:
    pruned = copy.deepcopy(patch)
    holder = pruned
    for step in leaf[:-1]:
        holder = holder[step]
    del holder[leaf[-1]]
    return pruned


def _built(files: Mapping[str, str], folder: str) -> Any:
    """What the unit builds to, in process (proved equal to kustomize in tests/review); kustomize says the rest.

    None when it cannot be built, which is a difference too.
    """
    try:
        return sorted(map(repr, build(files.get, folder)))
    except Unsupported:
        with tempfile.TemporaryDirectory() as root:
            Tree(files, {}).write(Path(root))
            command = [str(kustomize()), "build", str(Path(root) / folder)]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        return sorted(map(repr, yamlio.load_all(done.stdout))) if done.returncode == 0 else None


def _is_own(leaf: tuple[str | int, ...]) -> bool:
    """Whether the law speaks of a leaf. The directive at the head of a list is not one: it is what makes each of the
    list's items count."""
    head = len(leaf) > 1 and leaf[-1] == "$patch" and isinstance(leaf[-2], int)
    return not head and leaf[0] not in ("apiVersion", "kind") and leaf != ("metadata", "name")


def idle_leaves(tree: Tree) -> Iterator[str]:
    """Yield every leaf of a unit's own patches that could be left out."""
    for path, text in sorted(tree.files.items()):
        folder, _, name = path.rpartition("/")
        kustomization = yamlio.load(text) if name == "kustomization.yaml" else {}
        if kustomization.get("kind") != "Kustomization":  # the engine component says what the environment says
            continue
        expected = _built(tree.files, folder)
        for entry in kustomization.get("patches", ()):
            file = f"{folder}/{entry['path']}"
            patch = yamlio.load(tree.files[file])
            for leaf in filter(_is_own, _leaves(patch)):
                changed = {**tree.files, file: yamlio.dump(_without(patch, leaf))}
                if _built(changed, folder) == expected:
                    yield f"{file}: {'.'.join(map(str, leaf))}"


def test_the_example() -> None:
    values = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "values").iterdir()}
    assert list(idle_leaves(tree_of(values))) == []


def test_another_release_and_storage() -> None:
    """Renames, which kustomize follows by itself, leave nothing to say twice."""
    base = {
        "servingEngineSpec": {
            "modelSpec": [{"name": "a", "repository": "r", "tag": "v1", "pvcStorage": "1Gi", "chatTemplate": "{{ x }}"}]
        },
        "sharedStorage": {"enabled": True, "hostPath": "/x"},
        "routerSpec": {"ingress": {"enabled": True}},
    }
    upper = {
        "gitops": {"release": "other", "namespace": "llm"},
        "routerSpec": {"autoscaling": {"enabled": True}},
    }
    assert list(idle_leaves(tree_of({"base": base, "prod": upper}))) == []


@given(base=stacks(), upper=stacks())
@QUICK
def test_random_layers(base: dict[str, Any], upper: dict[str, Any]) -> None:
    assert list(idle_leaves(tree_of({"base": base, "prod": upper}))) == []
