"""Trees for the laws: generated from values in memory, written to a folder, built with real kustomize."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack import programs, yamlio
from llmstack.disk.ownership import header
from llmstack.finding import has_errors
from llmstack.model.reading import read_stack
from llmstack.objects.components import build_all
from llmstack.objects.placed import Object
from llmstack.tree.base import lay_out_base
from llmstack.tree.layout import lay_out_environment
from llmstack.values.source import read_source

Identity = tuple[str, str, str | None, str]


def kustomize() -> Path:
    folder = os.environ.get("LLMSTACK_TOOLS")
    return programs.find_tool(programs.KUSTOMIZE, Path(folder) if folder else None)


@dataclass(frozen=True)
class Tree:
    """What a set of values generates, and the objects that `render` gives for each environment and unit."""

    files: Mapping[str, str]
    rendered: Mapping[str, Mapping[str, list[Object]]]

    def write(self, root: Path) -> None:
        for path, content in self.files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(content, encoding="utf-8")


def tree_of(values: Mapping[str, Any], custom: Mapping[str, tuple[str, ...]] | None = None) -> Tree:
    """Generate from values by file stem; `base` is values/base.yaml. A value is data, or the text of a file."""
    texts = {name: value if isinstance(value, str) else yamlio.dump(value) for name, value in values.items()}
    base_sources = [read_source("values/base.yaml", texts["base"].encode())] if "base" in texts else []
    _, stack, findings = read_stack(base_sources)
    assert stack is not None, findings
    base = lay_out_base(stack, header("values/base.yaml"))
    files, rendered = dict(base.files), {}
    for name in sorted(texts.keys() - {"base"}):
        _, stack, findings = read_stack([*base_sources, read_source(f"values/{name}.yaml", texts[name].encode())])
        assert stack is not None, findings
        assert not has_errors(findings), findings
        units: dict[str, list[Object]] = {}
        objects = list(build_all(stack))
        for placed in objects:
            units.setdefault(placed.unit, []).append(placed.object)
        rendered[name] = units
        own = (custom or {}).get(name, ())
        files |= lay_out_environment(
            name, stack, base, objects, custom=own, encrypted={}, header=header(f"values/{name}.yaml")
        ).files
    return Tree(files, rendered)


def build(root: Path, folder: str) -> dict[Identity, Object]:
    """The objects that `kustomize build` gives for a folder, by identity."""
    done = subprocess.run([str(kustomize()), "build", str(root / folder)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return by_identity(yamlio.load_all(done.stdout))


def by_identity(objects: list[Object]) -> dict[Identity, Object]:
    found = {identity(object): object for object in objects}
    assert len(found) == len(objects), "two objects with one identity"
    return found


def identity(object: Object) -> Identity:
    metadata = object["metadata"]
    return object["apiVersion"], object["kind"], metadata.get("namespace"), metadata["name"]


def assert_laws(tree: Tree, root: Path) -> None:
    """Every unit, and every environment as a whole, builds to exactly what `render` computes."""
    tree.write(root)
    for environment, units in tree.rendered.items():
        everything = []
        for unit, objects in units.items():
            assert build(root, f"overlays/{environment}/{unit}") == by_identity(objects), f"{environment}/{unit}"
            everything += objects
        if everything:
            assert build(root, f"overlays/{environment}") == by_identity(everything), environment
