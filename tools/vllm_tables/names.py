"""Names that a release has registered: formats, tokenizers, connectors, types of models, methods of quantization."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tools.vllm_tables.configs import name_of


def read_names(package: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield flags with the names that the release has registered for them, plugins aside."""
    tables = (
        ("--load-format", "model_executor/model_loader/__init__.py", "_LOAD_FORMAT_TO_MODEL_LOADER", ()),
        ("--tokenizer-mode", "tokenizers/registry.py", "_VLLM_TOKENIZERS", ("auto", "slow")),
        ("--config-format", "transformers_utils/config.py", "_CONFIG_FORMAT_TO_CONFIG_PARSER", ("auto",)),
    )
    for flag, path, table, beside in tables:
        file = package / path
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if file.exists() else ():
            named = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
            held = getattr(node, "value", None)
            if isinstance(held, ast.Dict) and any(isinstance(each, ast.Name) and each.id == table for each in named):
                keys = {str(key.value) for key in held.keys if isinstance(key, ast.Constant)}
                yield flag, sorted(keys.union(beside))
    yield from _connectors(package / "distributed/kv_transfer/kv_connector/factory.py")
    yield from _eagle_targets(package / "config/speculative.py")
    yield from _deprecated(package / "model_executor/layers/quantization/__init__.py")


def _eagle_targets(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the types of models that `eagle3` drafts for, by a part of their names."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if file.exists() else ():
        named = isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "aux_hidden_states_supported"
        if named and isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            yield "eagle3", sorted(str(ast.literal_eval(each)) for each in node.value.elts)


def _deprecated(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the methods of quantization that `--allow-deprecated-quantization` is wanted for."""
    for node in ast.parse(file.read_text(encoding="utf-8")).body if file.exists() else ():
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "DEPRECATED_QUANTIZATION_METHODS":
            yield "deprecated", sorted(ast.literal_eval(node.value))


def _connectors(file: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the names that `kv_connector` of `--kv-transfer-config` may have without a module path."""
    if file.exists():
        calls = (node for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))) if isinstance(node, ast.Call))
        first = (call.args[0] for call in calls if call.args and name_of(call) == "register_connector")
        yield "kv_connector", sorted({str(name.value) for name in first if isinstance(name, ast.Constant)})
