"""The real kustomize, and random objects with patches of the shapes that generated trees hold."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from llmstack import yamlio

Build = Callable[[Mapping[str, str], str], list[dict[str, Any]]]


@pytest.fixture(scope="session")
def kustomize(tmp_path_factory: pytest.TempPathFactory) -> Build:
    """`kustomize build` of a directory of a tree given as {path: text}; fails the test when kustomize
    does."""
    folders = os.pathsep.join((os.environ.get("LLMSTACK_TOOLS", ""), os.environ.get("PATH", "")))
    program = shutil.which("kustomize", path=folders)
    assert program, "kustomize is neither under $LLMSTACK_TOOLS nor on PATH"

    def build(tree: Mapping[str, str], directory: str) -> list[dict[str, Any]]:
        root = tmp_path_factory.mktemp("tree")
        for path, text in tree.items():
            file = root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        done = subprocess.run([program, "build", str(root / directory)], capture_output=True, check=False)
        shutil.rmtree(root)
        assert done.returncode == 0, done.stderr.decode()
        return yamlio.load_all(done.stdout.decode())

    return build


@pytest.fixture(scope="session")
def patched(
    kustomize: Build,
) -> Callable[[list[tuple[dict[str, Any], dict[str, Any]]]], list[dict[str, Any]]]:
    """What kustomize makes of each (object, patch), all in one build; None where the patch deletes the
    object."""

    def apply(pairs: list[tuple[dict[str, Any], dict[str, Any]]]) -> list[dict[str, Any]]:
        tree, patches = {}, []
        for number, (target, patch) in enumerate(pairs):
            name = f"o{number}"
            tree[f"{name}.yaml"] = yamlio.dump(target | {"metadata": target["metadata"] | {"name": name}})
            tree[f"p{number}.yaml"] = yamlio.dump(patch)
            patches.append({"path": f"p{number}.yaml", "target": {"kind": target["kind"], "name": name}})
        tree["kustomization.yaml"] = yamlio.dump({
            "apiVersion": "kustomize.config.k8s.io/v1beta1",
            "kind": "Kustomization",
            "resources": [path for path in tree if path.startswith("o")],
            "patches": patches,
        })  # fmt: skip
        built = {item["metadata"].pop("name"): item for item in kustomize(tree, ".")}
        return [built.get(f"o{number}") for number in range(len(pairs))]

    return apply
