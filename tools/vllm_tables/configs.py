"""The classes that hold settings: their fields, and what pydantic holds each to.

Read where a class is a pydantic dataclass (since 0.9.2 some, since 0.11 all), so that what is said here ends a start.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tools.vllm_tables.checked import read_checks, read_members

BY_MEMBER = frozenset(("CUDAGraphMode",))
"""Enumerations asked by the name of a member (`validate_cudagraph_mode_before`, vllm/config/compilation.py)."""
BY_NUMBER = frozenset(("CompilationMode", "OptimizationLevel"))
"""Enumerations of numbers, asked by the number or by the name of a member (`validate_mode_before`, vllm/config/
compilation.py; `-O2`)."""
BOUNDS = ("ge", "gt", "le", "lt")
TYPES = frozenset(("int", "float", "bool", "list", "dict"))
Choices = Mapping[str, list[Any]]


def read_fields(package: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each `Class.field` with its `choices` (null among them where None is one; `exact` where nothing makes
    another spelling one of them), its bounds, its `type` where that is one of TYPES and nothing sees a value before
    pydantic does, under `of` the class that it holds, and under `items`, `values` and `keys` the same of what a list or
    an object holds; what else it may be is not said."""
    modules = _modules(package)
    aliases = dict(_aliases(modules))
    classes = {each.name for module in modules for each in _classes(module)}
    for module in modules:
        for each in _classes(module):
            before = set(_seen_before(each))
            checked = [*read_members(package, module, each), *read_checks(each)]
            for name, field in _fields(each):
                facts = _facts(field, aliases, classes)
                if "choices" in facts and not before & {name, "*"} and not _is_enumeration(field.annotation):
                    facts["exact"] = True
                if not before & {name, "*"} and (kind := _type(field.annotation)):
                    facts["type"] = kind
                    facts |= {} if name.startswith("_") else _items(field.annotation)
                for own in (own for of, own in checked if of == name and not name.startswith("_")):
                    facts = _both(facts, own)
                yield f"{each.name}.{name}", facts


def read_strict(package: Path) -> Iterator[str]:
    """Yield the classes that refuse a key they do not have; not those that read the whole object first, and may know
    keys by other names (`model_validator(mode="before")`)."""
    modules = _modules(package)
    by_default = any("forbid" in ast.unparse(each) for module in modules for each in _decorators_defined(module))
    for module in modules:
        for each in _classes(module):
            strict = by_default or any("forbid" in ast.unparse(decorator) for decorator in each.decorator_list)
            if strict and not any("model_validator(mode='before')" in text for text in _decorators(each)):
                yield each.name


def _modules(package: Path) -> list[ast.Module]:
    files = sorted((package / "config").glob("*.py")) or [package / "config.py"]
    return [ast.parse(file.read_text(encoding="utf-8")) for file in files if file.exists()]


def _classes(module: ast.Module) -> Iterator[ast.ClassDef]:
    """The pydantic dataclasses of a module."""
    sources = {
        f"{'vllm.config.' if node.level else ''}{node.module}": {name.name for name in node.names}
        for node in module.body
        if isinstance(node, ast.ImportFrom)
    }
    pydantic = "dataclass" in sources.get("pydantic.dataclasses", ())
    own = "config" in sources.get("vllm.config.utils", ()) and "dataclass" not in sources.get("dataclasses", ())
    for node in module.body:
        decorators = {name_of(each) for each in node.decorator_list} if isinstance(node, ast.ClassDef) else set()
        if isinstance(node, ast.ClassDef) and (
            (pydantic and "dataclass" in decorators) or (own and "config" in decorators)
        ):
            yield node


def _decorators(node: ast.ClassDef) -> Iterator[str]:
    """The decorators of a class's methods, as text."""
    for each in node.body:
        if isinstance(each, ast.FunctionDef):
            yield from map(ast.unparse, each.decorator_list)


def _decorators_defined(module: ast.Module) -> Iterator[ast.FunctionDef]:
    return (node for node in module.body if isinstance(node, ast.FunctionDef) and node.name == "config")


def _aliases(modules: list[ast.Module]) -> Iterator[tuple[str, list[Any]]]:
    """Names that stand for a Literal, with its values, and enumerations by the names of their members."""
    for module in modules:
        before: dict[str, list[Any]] = {}
        for node in module.body:
            if isinstance(node, ast.ClassDef) and node.name in BY_MEMBER:
                before[node.name] = [name for name, _ in _members(node)]
            elif isinstance(node, ast.ClassDef) and node.name in BY_NUMBER:
                before[node.name] = [each for name, number in _members(node) for each in (number, name)]
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
                values = _literal(node.value, before)
                if values is not None:
                    before[node.targets[0].id] = values
        yield from before.items()


def _members(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    """The members of an enumeration: names, with their values where these are plain."""
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            yield each.targets[0].id, each.value.value if isinstance(each.value, ast.Constant) else None


def _fields(node: ast.ClassDef) -> Iterator[tuple[str, ast.AnnAssign]]:
    for each in node.body:
        is_field = isinstance(each, ast.AnnAssign) and "ClassVar" not in ast.unparse(each.annotation)
        if is_field and isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name):
            yield each.target.id, each


def _facts(field: ast.AnnAssign, aliases: Choices, classes: set[str]) -> dict[str, Any]:
    choices = _literal(field.annotation, aliases)
    facts: dict[str, Any] = {} if choices is None else {"choices": choices}
    if isinstance(field.value, ast.Call) and name_of(field.value) == "Field":
        bounds = {each.arg: each.value for each in field.value.keywords if each.arg in BOUNDS}
        facts |= {str(arg): ast.literal_eval(value) for arg, value in bounds.items() if _is_number(value)}
    parts = [part for part in _parts(field.annotation) if ast.unparse(part) != "None"]
    if len(parts) == 1 and isinstance(parts[0], ast.Name) and parts[0].id in classes:
        facts["of"] = parts[0].id
    return facts


def _is_enumeration(node: ast.expr) -> bool:
    return any(isinstance(part, ast.Name) and part.id in BY_MEMBER | BY_NUMBER for part in _parts(node))


def _is_number(node: ast.expr) -> bool:
    """Whether an expression is a constant, or one with a minus."""
    return isinstance(node.operand if isinstance(node, ast.UnaryOp) else node, ast.Constant)


def _seen_before(node: ast.ClassDef) -> Iterator[str]:
    """The fields whose values something sees before pydantic does; `*` for all."""
    for text in _decorators(node):
        if "mode='after'" not in text and ("model_validator" in text or "field_validator" in text):
            names = [each.value for each in ast.walk(ast.parse(text)) if isinstance(each, ast.Constant)]
            yield from (str(name) for name in names if name not in ("before", "wrap", "plain"))
            if "model_validator" in text:
                yield "*"


def _type(node: ast.expr) -> str | None:
    """The one type of TYPES that an annotation names beside None."""
    parts = [part for part in _parts(node) if ast.unparse(part) != "None"]
    name = name_of(parts[0]).lower() if len(parts) == 1 else ""
    return name if name in TYPES else None


def _items(node: ast.expr) -> dict[str, Any]:
    """Under `items` the plain type of what a list holds."""
    part = next(part for part in _parts(node) if ast.unparse(part) != "None")
    kind = _type(part.slice) if isinstance(part, ast.Subscript) and name_of(part).lower() == "list" else None
    return {"items": {"type": kind}} if kind in ("int", "float", "bool") else {}


def _both(facts: dict[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """What an annotation says and what a method adds, which narrows it."""
    items = {**facts.get("items", {}), **own.get("items", {})}
    return {**own, **facts, **({"items": items} if items else {})}


def _literal(node: ast.expr, aliases: Choices) -> list[Any] | None:
    """The values of a type made of literals alone; None for any other."""
    found: list[Any] = []
    for part in _parts(node):
        if isinstance(part, ast.Constant) and part.value is None:
            found.append(None)
        elif isinstance(part, ast.Name) and part.id in aliases:
            found += aliases[part.id]
        elif isinstance(part, ast.Subscript) and name_of(part) == "Literal":
            for item in part.slice.elts if isinstance(part.slice, ast.Tuple) else [part.slice]:
                held = [item.value] if isinstance(item, ast.Constant) else aliases.get(name_of(item))
                if held is None:
                    return None
                found += held
        else:
            return None
    values = list(dict.fromkeys(found))
    return values if any(each is not None for each in values) else None


def _parts(node: ast.expr) -> Iterator[ast.expr]:
    """The members of a union, however it is written."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
        yield from _parts(node.left)
        yield from _parts(node.right)
    elif isinstance(node, ast.Subscript) and name_of(node) == "Optional":
        yield from _parts(node.slice)
        yield ast.Constant(None)
    else:
        yield node


def name_of(node: ast.expr) -> str:
    """The last name of what is called or subscripted."""
    if isinstance(node, ast.Call):
        return name_of(node.func)
    if isinstance(node, ast.Subscript):
        return name_of(node.value)
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
