"""What the methods of a class of settings hold its fields to: refusals that every start runs into.

Read are `__post_init__`, `model_validator(mode="after")` and `field_validator`s, up to the first statement that may
leave the method: an `if` of theirs that does nothing but raise, whose test compares one field, or each item of one,
with constants; and the enumerations that a `field_validator(mode="before")` asks by the names of their members.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

REFUSED = {ast.Lt: "ge", ast.LtE: "gt", ast.Gt: "le", ast.GtE: "lt"}
"""The bound that a value has to keep where this comparison of it raises."""

Facts = dict[str, Any]


def read_checks(node: ast.ClassDef) -> Iterator[tuple[str, Facts]]:
    """Yield fields with bounds (`ge`, `gt`, `le`, `lt`) or `choices`, or under `items` those of each item."""
    for method in node.body:
        if isinstance(method, ast.FunctionDef):
            for subject, fields in _subjects(method):
                for test in _raising(method):
                    for name, facts in _read(test, subject):
                        yield from ((field, facts) for field in fields or (name,))


def _subjects(method: ast.FunctionDef) -> Iterator[tuple[str, tuple[str, ...]]]:
    """What a method of these looks at: `self` and no field of its own, or an argument and the fields it stands for."""
    texts = [ast.unparse(each) for each in method.decorator_list]
    after = any("model_validator" in text and "mode='after'" in text for text in texts)
    if method.name == "__post_init__" or after:
        yield "self", ()
    for each in method.decorator_list:
        if isinstance(each, ast.Call) and ast.unparse(each.func) == "field_validator":
            mode = next((ast.literal_eval(word.value) for word in each.keywords if word.arg == "mode"), "after")
            names = tuple(str(name.value) for name in each.args if isinstance(name, ast.Constant))
            if mode == "after" and len(method.args.args) > 1:
                yield method.args.args[1].arg, names


def _raising(method: ast.FunctionDef) -> Iterator[ast.expr]:
    """Yield the tests of a method that do nothing but raise, while nothing before may have left it."""
    for statement in method.body:
        alone = isinstance(statement, ast.If) and not statement.orelse and isinstance(statement.body[-1], ast.Raise)
        if isinstance(statement, ast.If) and alone and len(statement.body) == 1:
            yield statement.test
        elif any(isinstance(each, ast.Return) for each in ast.walk(statement)):
            return


def _read(test: ast.expr, subject: str) -> Iterator[tuple[str, Facts]]:
    """Yield what a value keeps where the test is not to hold: beside whether it is given, that asks one thing."""
    *given, last = test.values if isinstance(test, ast.BoolOp) and isinstance(test.op, ast.And) else [test]
    if (items := _each(last)) is not None:
        variable, held, inner = items
        facts = _compared(inner, lambda node: isinstance(node, ast.Name) and node.id == variable)
        facts = {"items": facts} if facts else {}
    else:
        held = last.left if isinstance(last, ast.Compare) else last
        facts = _compared(last, lambda node: node is held)
    name = _field(held, subject)
    if name is not None and facts and all(_given(each, subject) == name for each in given):
        yield name, facts


def _given(test: ast.expr, subject: str) -> str | None:
    """The field of which a test asks only whether it is given: `self.x`, `self.x is not None`."""
    compared = isinstance(test, ast.Compare) and isinstance(test.ops[0], ast.IsNot) and _is_none(test.comparators[0])
    return _field(test.left if compared and isinstance(test, ast.Compare) else test, subject)


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _field(node: ast.expr, subject: str) -> str | None:
    """The name of the field that an expression is; that of the argument for a validator of one field."""
    if subject != "self":
        return subject if isinstance(node, ast.Name) and node.id == subject else None
    own = isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
    return node.attr if own and isinstance(node, ast.Attribute) else None


def _each(node: ast.expr) -> tuple[str, ast.expr, ast.expr] | None:
    """`any(test(x) for x in held)`: the variable, what is held, and the test."""
    called = isinstance(node, ast.Call) and ast.unparse(node.func) == "any" and node.args
    made = node.args[0] if called and isinstance(node, ast.Call) else None
    if not isinstance(made, ast.GeneratorExp) or len(made.generators) != 1 or made.generators[0].ifs:
        return None
    loop = made.generators[0]
    return (loop.target.id, loop.iter, made.elt) if isinstance(loop.target, ast.Name) else None


def _compared(test: ast.expr, is_value: Any) -> Facts:
    """The bound, or the choices, that a value keeps where a comparison of it raises."""
    if not (isinstance(test, ast.Compare) and len(test.ops) == 1 and is_value(test.left)):
        return {}
    try:
        held = ast.literal_eval(test.comparators[0])
    except ValueError:
        return {}
    bound = REFUSED.get(type(test.ops[0]))
    if bound is not None and isinstance(held, (int, float)):
        return {bound: held}
    words = isinstance(held, (tuple, list, set)) and all(isinstance(each, str) for each in held)
    return {"choices": sorted(held)} if words and isinstance(test.ops[0], ast.NotIn) else {}


def read_members(package: Path, module: ast.Module, node: ast.ClassDef) -> Iterator[tuple[str, Facts]]:
    """Yield fields that a validator asks for the names of an enumeration's members: as `choices`, or where the field
    is an object as `values`, and as `keys` the values of the enumeration that its keys are held to."""
    for method in node.body:
        for each in method.decorator_list if isinstance(method, ast.FunctionDef) else ():
            text = ast.unparse(each)
            if isinstance(each, ast.Call) and "field_validator" in text and "mode='before'" in text:
                facts = _parsed(package, module, method)
                yield from ((str(name.value), facts) for name in each.args if isinstance(name, ast.Constant) and facts)


def _parsed(package: Path, module: ast.Module, method: ast.AST) -> Facts:
    """What such a validator takes. Attention backends are a table of their own, which `from` names."""
    nodes = list(ast.walk(method))
    subscripts = (ast.unparse(each.value) for each in nodes if isinstance(each, ast.Subscript))
    asked = {name for name in subscripts if name.endswith("Enum")}
    names = [name for each in asked for name, _ in _members(package, [module, method], each)]
    if len(asked) != 1 or not names:
        return {}
    taken: Facts = {"from": "attentionBackends"} if asked == {"AttentionBackendEnum"} else {"choices": sorted(names)}
    looped = [each for each in nodes if isinstance(each, ast.SetComp) and ast.unparse(each.elt).endswith(".value")]
    if not looped:
        beside = {str(each.value) for each in nodes if isinstance(each, ast.Constant) and each.value == "auto"}
        return {**taken, "choices": [*taken.get("choices", ()), *sorted(beside), None]}
    keys = [value for _, value in _members(package, [module, method], ast.unparse(looped[0].generators[0].iter))]
    return {"values": taken, "keys": {"choices": sorted(map(str, keys))}} if keys else {}


def _members(package: Path, places: list[ast.AST], name: str) -> Iterator[tuple[str, Any]]:
    """Yield the members of an enumeration, with their values, where it is imported from in one of these places."""
    imports = (each for place in places for each in ast.walk(place) if isinstance(each, ast.ImportFrom))
    for each in imports:
        if each.module and any(alias.name == name for alias in each.names):
            file = package / f"{each.module.removeprefix('vllm.').replace('.', '/')}.py"
            tree = ast.parse(file.read_text(encoding="utf-8")) if file.exists() else ast.Module([], [])
            for node in tree.body:
                if isinstance(node, ast.ClassDef) and node.name == name:
                    yield from _assigned(node)
            return


def _assigned(node: ast.ClassDef) -> Iterator[tuple[str, Any]]:
    for each in node.body:
        if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name):
            yield each.targets[0].id, each.value.value if isinstance(each.value, ast.Constant) else None
