"""Attention backends: their names, and what each says of itself (since they do: 0.11.1)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tools.vllm_tables.classes import Package, method_of, returned

FILES = ("v1/attention/backends/registry.py", "attention/backends/registry.py", "platforms/interface.py")
CLASSES = ("AttentionBackendEnum", "_Backend")


class Capability(NamedTuple):
    """A compute capability, as vLLM's DeviceCapability compares them."""

    major: int
    minor: int = 0


CAPABILITIES = tuple(Capability(*each) for each in ((7, 0), (7, 5), (8, 0), (8, 6), (8, 9), (9, 0), (10, 0), (10, 3)))
"""Those that a backend is asked about, up to where cards of a table are known to differ."""


def read_backends(package: Path) -> Iterator[str]:
    """Yield the names of the attention backends, aliases included."""
    yield from (name for name, _ in _entries(package))


def read_traits(package: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield what a backend's class says: whether it is for latent attention, and of which capabilities it is (70 is
    7.0); a trait that cannot be read is left out, and so is a backend without any."""
    sources = Package(package)
    for name, value in _entries(package):
        path = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
        if "." not in path:
            continue
        lineage = list(sources.lineage(*path.rsplit(".", 1)))
        traits = {"latent": _latent(lineage), "capabilities": _capabilities(lineage)}
        known = {key: trait for key, trait in traits.items() if trait is not None}
        if known:
            yield name, known


def _entries(package: Path) -> Iterator[tuple[str, ast.expr]]:
    for path in FILES:
        file = package / path
        if not file.exists():
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name in CLASSES:
                pairs = ((item.targets[0], item.value) for item in node.body if isinstance(item, ast.Assign))
                found = [(name.id, value) for name, value in pairs if isinstance(name, ast.Name) and name.id.isupper()]
                if found:
                    yield from found
                    return


def _latent(lineage: list[ast.ClassDef | str | None]) -> bool | None:
    method = method_of(lineage, "is_mla")
    value = returned(method) if method else None
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, bool) else None


def _capabilities(lineage: list[ast.ClassDef | str | None]) -> list[int] | None:
    """The capabilities that `supports_compute_capability` takes, where it is one expression of the capability."""
    method = method_of(lineage, "supports_compute_capability")
    value = returned(method) if method else None
    if value is None:
        return None
    code = compile(ast.Expression(value), "supports_compute_capability", "eval")
    names = {"__builtins__": {}, "DeviceCapability": Capability}
    try:
        taken = [each for each in CAPABILITIES if eval(code, names | {"capability": each})]
    except (NameError, AttributeError, TypeError):
        return None
    return [each.major * 10 + each.minor for each in taken]
