"""Classes of a package and their bases, followed through imports; nothing is imported or run."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path


@dataclass(frozen=True)
class Module:
    """One module: its dotted name and its tree."""

    name: str
    tree: ast.Module
    is_package: bool

    @cached_property
    def classes(self) -> dict[str, ast.ClassDef]:
        return {node.name: node for node in self.tree.body if isinstance(node, ast.ClassDef)}

    @cached_property
    def imports(self) -> dict[str, tuple[str, str]]:
        """What `from … import …` brings to the top of the module: its module and its name there."""
        found = {}
        for node in self.tree.body:
            if isinstance(node, ast.ImportFrom):
                origin = self._absolute(node)
                found.update({each.asname or each.name: (origin, each.name) for each in node.names})
        return found

    def _absolute(self, node: ast.ImportFrom) -> str:
        if not node.level:
            return node.module or ""
        parts = self.name.split(".")
        parts = parts[: len(parts) - node.level + self.is_package]
        return ".".join([*parts, node.module] if node.module else parts)


@dataclass(frozen=True)
class Package:
    """The package `vllm` below a folder."""

    root: Path
    _modules: dict[str, Module | None] = field(default_factory=dict)

    def module(self, name: str) -> Module | None:
        """A module of the package; None for any other."""
        if name not in self._modules:
            base = self.root.parent.joinpath(*name.split("."))
            file = next((each for each in (base.with_suffix(".py"), base / "__init__.py") if each.is_file()), None)
            inside = name.split(".")[0] == self.root.name
            tree = ast.parse(file.read_text(encoding="utf-8")) if file and inside else None
            self._modules[name] = Module(name, tree, file.name == "__init__.py") if tree and file else None
        return self._modules[name]

    def lineage(self, module: str, name: str) -> Iterator[ast.ClassDef | str | None]:
        """Yield a class and all its bases, nearest first: a base outside the package as its name, and None for one
        that cannot be found."""
        found = self.module(module)
        if found is None:
            yield name if module.split(".")[0] != self.root.name else None
        elif name in found.classes:
            yield found.classes[name]
            for base in found.classes[name].bases:
                yield from self._base(found, base)
        elif name in found.imports:
            yield from self.lineage(*found.imports[name])
        else:
            yield None

    def _base(self, module: Module, base: ast.expr) -> Iterator[ast.ClassDef | str | None]:
        if isinstance(base, ast.Subscript):  # Generic[…], Base[…]
            yield from self._base(module, base.value)
        elif isinstance(base, ast.Attribute):  # nn.Module
            yield base.attr
        elif isinstance(base, ast.Name) and base.id in ("Protocol", "ABC", "Generic", "Enum"):
            yield base.id
        elif isinstance(base, ast.Name):
            yield from self.lineage(module.name, base.id)
        else:
            yield None


def method_of(lineage: list[ast.ClassDef | str | None], name: str) -> ast.FunctionDef | None:
    """The method that a class of this lineage has; None where none has it, or a base is missing before it."""
    for each in lineage:
        if each is None:
            return None
        if isinstance(each, ast.ClassDef):
            for item in each.body:
                if isinstance(item, ast.FunctionDef) and item.name == name:
                    return item
    return None


def returned(method: ast.FunctionDef) -> ast.expr | None:
    """What a method returns, where that is all it does: one statement beside its docstring."""
    body = [item for item in method.body if not (isinstance(item, ast.Expr) and isinstance(item.value, ast.Constant))]
    return body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
