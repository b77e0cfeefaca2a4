"""Evaluates single declarations of a release's modules, each when something asks for its name.

A module is never executed as a whole. A name that is asked for is looked up in the module's syntax tree, and
only the statements that bind it are run, with other modules of the release looked up in the same way, a few
harmless modules of the standard library as they are, and stubs for all the rest. No environment variable is
seen.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import dataclasses
import importlib
import inspect
import os
import types
import typing
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from vllm_source import stub
from vllm_source.stub import Stub

HARMLESS = frozenset([
    "__future__", "abc", "argparse", "ast", "collections", "collections.abc", "contextlib", "copy",
    "enum", "functools", "itertools", "json", "math", "numbers", "operator", "re", "ssl", "string",
    "textwrap", "types", "typing",
])  # fmt: skip
"""Modules of the standard library whose functions touch nothing outside the process."""

NOT_FOLLOWED = ("vllm.platforms", "vllm.plugins", "vllm.logger", "vllm.version")
"""Parts of vLLM that ask the machine they run on."""


class World:
    """All modules of one release."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self.texts = texts
        self.modules: dict[str, Names] = {}
        self.unresolved: list[str] = []

    def __contains__(self, module: str) -> bool:
        return module in self.texts

    def names(self, module: str) -> Names:
        """The names of a module of the release, none of them evaluated yet."""
        if module not in self.modules:
            self.modules[module] = Names(self, module)
        return self.modules[module]

    def load(self, module: str) -> Any:
        """What `import module` gives."""
        if module in self and not module.startswith(NOT_FOLLOWED):
            return View(self.names(module))
        if module in ("regex", *HARMLESS):
            return importlib.import_module("re" if module == "regex" else module)
        stood_in = self._stand_ins().get("pydantic" if module.startswith("pydantic") else module)
        return Stub(module) if stood_in is None else types.SimpleNamespace(**stood_in)

    def _stand_ins(self) -> dict[str, dict[str, Any]]:
        """What is given in place of modules that would look outside the release, by module."""
        return {
            "os": {"environ": {}, "getenv": lambda name, default=None: default, "PathLike": os.PathLike},
            "sys": {"argv": ["vllm", "serve"], "modules": {}, "version_info": (3, 12), "platform": "linux"},
            "dataclasses": {**vars(dataclasses), "dataclass": stub.dataclass},
            "inspect": {**vars(inspect), "getsource": self.source_of},
            "pydantic": stub.PYDANTIC,
            "typing_extensions": {**vars(typing), "TypeVar": lambda name, *_, **__: typing.Any},
        }

    def source_of(self, made: type) -> str:
        """The source of a class of the release, where vLLM finds its fields' documentation."""
        if made.__module__ not in self:
            raise OSError(f"{made.__module__} is no module of the release")
        return ast.unparse(self.names(made.__module__).statements[made.__name__][-1])

    def member(self, module: str, name: str) -> Any:
        """What `from module import name` gives; a stub where that cannot be told."""
        found = self.load(module)
        try:
            return getattr(found, name)
        except AttributeError:
            return self.load(f"{module}.{name}") if f"{module}.{name}" in self else Stub(f"{module}.{name}")


class Names(dict[str, Any]):
    """The globals of one module, each evaluated when it is first asked for."""

    def __init__(self, world: World, module: str) -> None:
        super().__init__(__name__=module, __builtins__=builtins)
        self.world = world
        self.package = module if is_package(world, module) else module.rpartition(".")[0]
        self.statements: dict[str, list[ast.stmt]] = defaultdict(list)
        self.starred: list[str] = []
        """Modules of the release whose names are all imported."""
        for statement in reachable(ast.parse(world.texts[module]).body):
            if isinstance(statement, ast.ImportFrom) and statement.names[0].name == "*":
                self.starred.append(self.absolute(statement))
                continue
            for name in bound_names(statement):
                self.statements[name].append(statement)

    def __missing__(self, name: str) -> Any:
        if name not in self.statements:
            return self.find_starred(name)
        for statement in self.statements[name]:
            try:
                self.run(statement)
            except Exception as problem:
                self.world.unresolved.append(f"{self['__name__']}.{name}: {problem!r}")
                self.setdefault(name, Stub(f"{self['__name__']}.{name}"))
        return dict.__getitem__(self, name)

    def find_starred(self, name: str) -> Any:
        """A name that comes with `from module import *`; raises KeyError when it does not."""
        for module in self.starred:
            if module in self.world and not name.startswith("_"):
                try:
                    return self.world.names(module)[name]
                except KeyError:
                    continue
        raise KeyError(name)

    def run(self, statement: ast.stmt) -> None:
        """Evaluate one statement; imports are resolved here, and never reach Python's own import."""
        if isinstance(statement, ast.Import):
            for alias in statement.names:
                top = alias.name if alias.asname else alias.name.partition(".")[0]
                self[alias.asname or top] = self.world.load(top)
            return
        if isinstance(statement, ast.ImportFrom):
            module = self.absolute(statement)
            for alias in statement.names:
                self[alias.asname or alias.name] = self.world.member(module, alias.name)
            return
        statement = Imports(self).visit(statement)
        for name in early_names(statement):
            if name not in self and (name in self.statements or self.starred):
                with contextlib.suppress(KeyError):
                    self[name] = self[name]
        tree = ast.Module([ast.fix_missing_locations(statement)], [])
        exec(compile(tree, self["__name__"], "exec", dont_inherit=True), self)

    def absolute(self, statement: ast.ImportFrom) -> str:
        """The module that an import names, relative ones too."""
        if not statement.level:
            return statement.module or ""
        base = self.package.split(".")[: len(self.package.split(".")) - statement.level + 1]
        return ".".join([*base, *([statement.module] if statement.module else [])])


class Imports(ast.NodeTransformer):
    """Turns the imports inside a function into assignments from the release's own modules."""

    def __init__(self, names: Names) -> None:
        self.names = names

    def visit_ImportFrom(self, node: ast.ImportFrom) -> list[ast.stmt]:
        module = self.names.absolute(node)
        return [self.assign(alias.asname or alias.name, module, alias.name) for alias in node.names]

    def visit_Import(self, node: ast.Import) -> list[ast.stmt]:
        tops = [(alias.asname or alias.name.partition(".")[0], alias) for alias in node.names]
        return [self.assign(name, alias.name if alias.asname else name, None) for name, alias in tops]

    def assign(self, name: str, module: str, member: str | None) -> ast.stmt:
        """`name = <what the import gives>`."""
        self.names["__world__"] = self.names.world
        call = f"__world__.load({module!r})" if member is None else f"__world__.member({module!r}, {member!r})"
        return ast.parse(f"{name} = {call}").body[0]


class View:
    """A module of the release as an object: its attributes are its names."""

    def __init__(self, names: Names) -> None:
        self.__names = names

    def __getattr__(self, name: str) -> Any:
        names = self.__names
        try:
            return names[name]
        except KeyError:
            pass
        if f"{names['__name__']}.{name}" in names.world:
            return names.world.load(f"{names['__name__']}.{name}")
        if "__getattr__" in names.statements and not name.startswith("__"):
            return names["__getattr__"](name)
        raise AttributeError(name)


def is_package(world: World, module: str) -> bool:
    return any(other.startswith(f"{module}.") for other in world.texts)


def reachable(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The statements of a module, those under `if` and `try` too.

    Of `if TYPE_CHECKING` only what its `else` does not bind: names that are there for annotations.
    """
    for statement in body:
        if isinstance(statement, ast.If):
            otherwise = list(reachable(statement.orelse))
            bound = {name for other in otherwise for name in bound_names(other)}
            typing_only = any(
                isinstance(node, ast.Name) and node.id == "TYPE_CHECKING" for node in ast.walk(statement.test)
            )
            for inner in reachable(statement.body):
                if not typing_only or bound.isdisjoint(bound_names(inner)):
                    yield inner
            yield from otherwise
        elif isinstance(statement, ast.Try):
            yield from reachable(statement.body)
        else:
            yield statement


def bound_names(statement: ast.stmt) -> Iterator[str]:
    """The names that a statement gives a value to."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        yield statement.name
    elif isinstance(statement, ast.Import | ast.ImportFrom):
        yield from (alias.asname or alias.name.partition(".")[0] for alias in statement.names)
    elif isinstance(statement, ast.Assign | ast.AnnAssign | ast.AugAssign):
        targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
        if getattr(statement, "value", None) is not None:
            yield from (node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name))


def early_names(statement: ast.stmt) -> Iterator[str]:
    """The names that are read while a statement runs: not those inside functions, which are read when called.

    A class body reads its globals past `__missing__`, so that they must be there before.
    """
    waiting: list[ast.AST] = [statement]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.id
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            waiting += [*getattr(node, "decorator_list", ()), node.args]
            waiting += [node.returns] if isinstance(node, ast.FunctionDef) and node.returns else []
        else:
            waiting += ast.iter_child_nodes(node)
