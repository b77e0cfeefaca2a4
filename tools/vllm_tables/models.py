"""Models: the architectures of a release, and those whose class lacks what a flag asks for."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.vllm_tables.classes import Package

REGISTRY = "model_executor/models/registry.py"
FOLDER = "vllm.model_executor.models"
NOT_MODELS = ("_PREVIOUSLY_SUPPORTED_MODELS", "_OOT_SUPPORTED_MODELS", "_SPECULATIVE_DECODING_MODELS")


def read_models(package: Path) -> Iterator[str]:
    """Yield the architectures of all registries, those of draft models left out."""
    yield from (name for name, _ in _entries(package))


def read_by_transformers(package: Path) -> Iterator[str]:
    """Yield the architectures that the release itself has Transformers' own classes serve."""
    for name, value in _entries(package):
        place = _place(value)
        if place and place[0] == f"{FOLDER}.transformers" and not name.startswith("Transformers"):
            yield name


def read_lacking(package: Path, interface: str, attribute: str) -> Iterator[str]:
    """Yield the architectures whose class neither has the interface nor sets the attribute, nor any of its bases; not
    those of which a base cannot be followed."""
    sources = Package(package)
    for name, value in _entries(package):
        place = _place(value)
        if place is None:
            continue
        lineage = list(sources.lineage(*place))
        has = any(each == interface or _sets(each, interface, attribute) for each in lineage)
        if not has and None not in lineage:
            yield name


def _entries(package: Path) -> Iterator[tuple[str, ast.expr]]:
    """Yield each architecture with what its registry says of it."""
    for node in ast.parse((package / REGISTRY).read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        name = getattr(target, "id", "")
        value = getattr(node, "value", None)
        if name.endswith("_MODELS") and name not in NOT_MODELS and isinstance(value, ast.Dict):
            pairs = zip(value.keys, value.values, strict=True)
            yield from ((str(key.value), each) for key, each in pairs if isinstance(key, ast.Constant))


def _place(value: ast.expr) -> tuple[str, str] | None:
    """Module and class of a registry's entry."""
    if not isinstance(value, ast.Tuple) or len(value.elts) != 2:
        return None
    module, name = (each.value if isinstance(each, ast.Constant) else None for each in value.elts)
    if not isinstance(module, str) or not isinstance(name, str):
        return None
    return (module if module.startswith("vllm.") else f"{FOLDER}.{module}"), name


def _sets(each: ast.ClassDef | str | None, interface: str, attribute: str) -> bool:
    if not isinstance(each, ast.ClassDef):
        return False
    targets = [target for item in each.body if isinstance(item, ast.Assign) for target in item.targets]
    targets += [item.target for item in each.body if isinstance(item, ast.AnnAssign)]
    return each.name == interface or any(getattr(target, "id", "") == attribute for target in targets)
