"""Variables of the environment whose values a release refuses, as `vllm/envs.py` reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def read_values(package: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each variable with the `choices` that it has (`folded` where case does not matter), or as a `number`: what
    `int()` is asked for."""
    file = package / "envs.py"
    tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and (facts := _facts(str(key.value), value)):
                    yield str(key.value), facts


def _facts(name: str, value: ast.expr) -> dict[str, Any]:
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "env_with_choices":
        return _choices(value)
    body = value.body if isinstance(value, ast.Lambda) else None
    if isinstance(body, ast.Call) and ast.unparse(body.func) == "bool" and body.args:
        body = body.args[0]
    if isinstance(body, ast.Call) and ast.unparse(body.func) == "int" and body.args:
        return {"number": True} if _is_read(name, body.args[0]) else {}
    return {}


def _choices(call: ast.Call) -> dict[str, Any]:
    """What `env_with_choices(name, default, choices, case_sensitive)` holds a value to."""
    names = ("env_name", "default", "choices", "case_sensitive")
    given = dict(zip(names, call.args, strict=False)) | {str(each.arg): each.value for each in call.keywords}
    held = given.get("choices")
    if not isinstance(held, ast.List) or not all(isinstance(each, ast.Constant) for each in held.elts):
        return {}
    choices = {"choices": [each.value for each in held.elts if isinstance(each, ast.Constant)]}
    sensitive = given.get("case_sensitive")
    return {**choices, "folded": True} if sensitive and ast.unparse(sensitive) == "False" else choices


def _is_read(name: str, node: ast.expr) -> bool:
    """Whether a node is the variable's own text: `os.getenv(name, …)` or `os.environ.get(name, …)`."""
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ("os.getenv", "os.environ.get"):
        return False
    return ast.unparse(node.args[0]) == repr(name)
