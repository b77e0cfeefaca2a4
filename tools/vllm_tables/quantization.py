"""Methods of quantization: the least compute capability of each, and the types that its activations may have."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

FOLDER = "model_executor/layers/quantization"
TYPES = {"half": "float16", "float16": "float16", "bfloat16": "bfloat16", "float": "float32", "float32": "float32"}

SCHEMES = tuple(f"CompressedTensors{name}" for name in ("W4A16Fp4", "W4A4Fp4", "W8A16Fp8", "W8A8Int8", "WNA16"))
"""Classes of compressed-tensors, which ask for a card themselves (`llmstack.engine.compressed_tensors.SCHEMES`)."""

Reader = Callable[[ast.expr], Any]


def read_methods(package: Path, method: str, read: Reader) -> Iterator[tuple[str, Any]]:
    """Yield each method of quantization, and each of SCHEMES, with what `method` of its class returns, where `read`
    makes sense of it."""
    classes: dict[str, ast.ClassDef] = {}
    for file in sorted((package / FOLDER).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = node
    for name, owner in (dict(read_table(package)) | dict(zip(SCHEMES, SCHEMES, strict=True))).items():
        found = _returned(owner, classes, method, read)
        if found is not None:
            yield name, found


def read_names(package: Path) -> Iterator[str]:
    """Yield the names that `--quantization` and checkpoints may have: the type QuantizationMethods, before it came the
    table itself."""
    tree = ast.parse((package / FOLDER / "__init__.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "QuantizationMethods":
            yield from (str(each.value) for each in ast.walk(node.value) if isinstance(each, ast.Constant))
            return
    yield from (each for node in tree.body if getattr(_target(node), "id", "") == "QUANTIZATION_METHODS"
                for each in _strings(getattr(node, "value", None)))  # fmt: skip


def read_on_rocm(package: Path) -> Iterator[str]:
    """Yield the methods that ROCm serves on each of its cards (`RocmPlatform.supported_quantization`, without what is
    added for some of them); nothing where there is no such list."""
    file = package / "platforms" / "rocm.py"
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if file.exists() else ():
        if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "supported_quantization":
            yield from _strings(getattr(node, "value", None))


def _target(node: ast.stmt) -> ast.expr | None:
    return node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)


def _strings(value: ast.expr | None) -> list[str]:
    """The keys of a map, or the items of a list."""
    items = value.keys if isinstance(value, ast.Dict) else value.elts if isinstance(value, ast.List) else []
    return [each.value for each in items if isinstance(each, ast.Constant) and isinstance(each.value, str)]


def read_table(package: Path) -> Mapping[str, str]:
    """The class of each method: `method_to_config`, or QUANTIZATION_METHODS where that was the table itself."""
    tree = ast.parse((package / FOLDER / "__init__.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(target, "id", "") in ("method_to_config", "QUANTIZATION_METHODS"):
            value = getattr(node, "value", None)
            if isinstance(value, ast.Dict):
                pairs = zip(value.keys, value.values, strict=True)
                return {str(k.value): v.id for k, v in pairs if isinstance(k, ast.Constant) and isinstance(v, ast.Name)}
    return {}


def _returned(owner: str, classes: Mapping[str, ast.ClassDef], method: str, read: Reader) -> Any:
    """What a method of a class or of the first base that has it returns, where it returns one thing only."""
    node = classes.get(owner)
    if node is None:
        return None
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == method:
            found = [each.value for each in ast.walk(item) if isinstance(each, ast.Return)]
            return read(found[0]) if len(found) == 1 and found[0] is not None else None
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id != owner:
            return _returned(base.id, classes, method, read)
    return None


def number(value: ast.expr) -> int | None:
    """A plain whole number."""
    return value.value if isinstance(value, ast.Constant) and isinstance(value.value, int) else None


def types(value: ast.expr) -> list[str] | None:
    """A list of torch's types by the names that `--dtype` has for them, in order of the names."""
    if not isinstance(value, ast.List) or not all(isinstance(each, ast.Attribute) for each in value.elts):
        return None
    names = [TYPES.get(each.attr) for each in value.elts if isinstance(each, ast.Attribute)]
    return sorted(name for name in names if name) if all(names) else None
