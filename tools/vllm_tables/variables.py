"""Variables of the environment whose values a release refuses, as `vllm/envs.py` reads them."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

LEVELS = ("CRITICAL", "DEBUG", "ERROR", "FATAL", "INFO", "NOTSET", "WARN", "WARNING")
"""The words that Python's logging knows a level by (`logging._nameToLevel`)."""


def read_values(package: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each variable with the `choices` that it has (`folded` where case does not matter), or as a `number`: what
    `int()` is asked for. What the logger takes for its level is one of LEVELS."""
    tree, levels = _parse(package / "envs.py"), set(_levels(_parse(package / "logger.py")))
    numbers = {each.name for each in tree.body if isinstance(each, ast.FunctionDef) and _returns_number(each)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if not isinstance(key, ast.Constant):
                    continue
                name = str(key.value)
                facts = _level(value) if name in levels else _facts(name, value, numbers)
                if facts:
                    yield name, facts


def _parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])


def _levels(logger: ast.Module) -> Iterator[str]:
    """Yield the variables whose text is the `level` of a handler or a logger (`envs.NAME`, or a copy of that name)."""
    for node in ast.walk(logger):
        for key, value in zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ():
            if isinstance(key, ast.Constant) and key.value == "level":
                yield ast.unparse(value).removeprefix("envs.")


def _level(value: ast.expr) -> dict[str, Any]:
    """A level of logging; its case matters where nothing makes it upper."""
    return {"choices": list(LEVELS), **({"folded": True} if ".upper()" in ast.unparse(value) else {})}


def _returns_number(function: ast.FunctionDef) -> bool:
    """Whether a function without arguments gives the variable of its own text as a number (`get_vllm_port`)."""
    text = ast.unparse(function)
    return not function.args.args and "os.getenv(" in text and "return int(" in text


def _facts(name: str, value: ast.expr, numbers: set[str]) -> dict[str, Any]:
    if isinstance(value, ast.Name) and value.id in numbers:
        return {"number": True}
    if isinstance(value, ast.Call) and ast.unparse(value.func) == "env_with_choices":
        return _choices(value)
    body = value.body if isinstance(value, ast.Lambda) else None
    if isinstance(body, ast.IfExp) and ast.unparse(body.test) == f"{name!r} in os.environ":
        body = body.body
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
    """Whether a node is the variable's own text, by `os.getenv`, `os.environ.get` or `os.environ[…]`."""
    if isinstance(node, ast.Subscript):
        return ast.unparse(node) == f"os.environ[{name!r}]"
    if not isinstance(node, ast.Call) or ast.unparse(node.func) not in ("os.getenv", "os.environ.get"):
        return False
    return ast.unparse(node.args[0]) == repr(name)
