"""Sentences of vLLM's own errors: where one stands in a release's sources, the release refuses what it speaks of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from llmstack.engine.exact.refusals import SENTENCES

FOLDERS = (
    *("config", "engine", "entrypoints", "v1/engine", "v1/kv_offload", "v1/sample", "v1/spec_decode", "v1/worker"),
    *("v1/core", "v1/executor"),
    *("distributed", "model_executor/layers/rotary_embedding"),
    *("model_executor/model_loader", "transformers_utils", "reasoning"),
)
FILES = (
    *("config.py", "model_executor/layers/rotary_embedding.py", "model_executor/layers/fused_moe/layer.py"),
    "model_executor/layers/fused_moe/routed_experts.py",
)


def read_sentences(package: Path) -> Iterator[str]:
    """Yield those of SENTENCES that a release has, put together as Python puts neighbouring strings."""
    files = [file for folder in FOLDERS for file in (package / folder).rglob("*.py")]
    files += [file for name in FILES if (file := package / name).exists()]
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in sorted(files))
    texts = {
        node.value
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    yield from (each for each in SENTENCES if any(each in text for text in texts))
