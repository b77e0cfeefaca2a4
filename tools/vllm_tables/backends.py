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
    """Yield what a backend's class says: whether it is for latent attention, of which capabilities it is (70 is 7.0),
    which types of keys and values and of numbers it reads, of which sizes the blocks are multiples, and which sizes
    heads have; a trait that cannot be read is left out, and so is a backend without any."""
    sources = Package(package)
    for name, value in _entries(package):
        path = value.value if isinstance(value, ast.Constant) and isinstance(value.value, str) else ""
        if "." not in path:
            continue
        lineage = list(sources.lineage(*path.rsplit(".", 1)))
        traits = {
            "latent": _latent(lineage),
            "capabilities": _capabilities(lineage),
            "kvTypes": _listed(lineage, "supported_kv_cache_dtypes", "supports_kv_cache_dtype"),
            "types": _listed(lineage, "supported_dtypes", "supports_dtype"),
            "blocks": _blocks(lineage),
            "heads": _heads(lineage),
        }
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


def _listed(lineage: list[ast.ClassDef | str | None], name: str, asked: str) -> list[str] | None:
    """The words of a list that the class holds, or the ends of their dotted names, where the method that is asked goes
    by it."""
    method = method_of(lineage, asked)
    held = _attribute(lineage, name)
    if method is None or name not in ast.unparse(method) or not isinstance(held, ast.List):
        return None
    words = [each.value if isinstance(each, ast.Constant) else getattr(each, "attr", None) for each in held.elts]
    return [str(each) for each in words] if words and all(isinstance(each, str) for each in words) else None


def _attribute(lineage: list[ast.ClassDef | str | None], name: str) -> ast.expr | None:
    """What the nearest class of a lineage sets an attribute of its own to."""
    for each in lineage:
        if each is None:
            return None
        for item in each.body if isinstance(each, ast.ClassDef) else ():
            if not isinstance(item, (ast.Assign, ast.AnnAssign)):
                continue
            target = item.target if isinstance(item, ast.AnnAssign) else item.targets[0]
            if isinstance(target, ast.Name) and target.id == name:
                return item.value
    return None


def _blocks(lineage: list[ast.ClassDef | str | None]) -> list[int] | None:
    """The sizes of which a block has to be a multiple, where the class lists them, and goes by `supports_block_size` of
    its base, or by one that asks for a multiple of the only one."""
    asked, method = method_of(lineage, "supports_block_size"), method_of(lineage, "get_supported_kernel_block_sizes")
    listed = returned(method) if method else None
    sizes = [_multiple(each) for each in listed.elts] if isinstance(listed, ast.List) else []
    known = [each for each in sizes if each is not None]
    if asked is None or not known or len(known) != len(sizes):
        return None
    text = ast.unparse(asked)
    by_base = "get_supported_kernel_block_sizes" in text and "BlockSize" not in text
    return known if by_base or (len(known) == 1 and f"block_size % {known[0]} == 0" in text) else None


def _multiple(node: ast.expr) -> int | None:
    """A size of blocks: a number, or `MultipleOf(number)`."""
    inner = node.args[0] if isinstance(node, ast.Call) and ast.unparse(node.func) == "MultipleOf" else node
    return inner.value if isinstance(inner, ast.Constant) and isinstance(inner.value, int) else None


def _heads(lineage: list[ast.ClassDef | str | None]) -> list[int] | None:
    """The sizes that heads may have, where the class lists some and `supports_head_size` goes by them."""
    asked, method = method_of(lineage, "supports_head_size"), method_of(lineage, "get_supported_head_sizes")
    listed = returned(method) if method else None
    if asked is None or "get_supported_head_sizes" not in ast.unparse(asked) or not isinstance(listed, ast.List):
        return None
    sizes = [each.value for each in listed.elts if isinstance(each, ast.Constant) and isinstance(each.value, int)]
    return sizes if sizes and len(sizes) == len(listed.elts) else None
