"""Methods of speculative decoding that a release knows by name."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

FILES = ("config/speculative.py", "config/__init__.py", "config.py")
NAME = "SpeculativeMethod"


def read_speculation(package: Path) -> Iterator[str]:
    """Yield the words that `method` of --speculative-config may be; nothing where no type says them."""
    for path in FILES:
        file = package / path
        if file.exists():
            named = dict(_aliases(ast.parse(file.read_text(encoding="utf-8"))))
            if NAME in named:
                yield from _words(named[NAME], named)
                return


def _aliases(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            yield node.targets[0].id, node.value


def _words(value: ast.expr, named: dict[str, ast.expr]) -> Iterator[str]:
    if isinstance(value, ast.Subscript):
        yield from _words(value.slice, named)
    elif isinstance(value, ast.Tuple):
        for each in value.elts:
            yield from _words(each, named)
    elif isinstance(value, ast.Name) and value.id in named:
        yield from _words(named[value.id], named)
    elif isinstance(value, ast.Constant) and isinstance(value.value, str):
        yield value.value
