"""The mutants of a module: each is one small change of its text that should make some test fail."""

from __future__ import annotations

import ast
import difflib
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

COMPARISONS: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.FloorDiv: ast.Mult, ast.Div: ast.Mult,
    ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
SWAPPED_CALLS = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module: the bytes from `start` to `end` become `text`. `line` is where a test must come by."""

    path: str
    kind: str
    line: int
    start: int
    end: int
    text: str
    function: tuple[int, int]
    """First and last line of the function that holds it, (0, 0) at the level of the module."""

    @property
    def id(self) -> str:
        """The same for the same change of a file, wherever it is listed."""
        words = f"{self.path}:{self.start}:{self.end}:{self.text}"
        return hashlib.sha256(words.encode()).hexdigest()[:12]

    def apply(self, source: bytes) -> bytes:
        return source[: self.start] + self.text.encode() + source[self.end :]

    def diff(self, source: bytes) -> str:
        """The change as a unified diff of two lines of context."""
        before, after = (text.decode().splitlines() for text in (source, self.apply(source)))
        return "\n".join(difflib.unified_diff(before, after, self.path, self.path, lineterm="", n=2))


def find_mutants(path: str, source: bytes) -> list[Mutant]:
    """Every mutant of a module, in the order of its text. `path` names it; changes that give the same text are one."""
    found = _Finder(path, source)
    found.visit(ast.parse(source))
    return sorted(set(found.mutants), key=lambda mutant: (mutant.start, mutant.end, mutant.text))


class _Finder(ast.NodeVisitor):
    """Walks a module and notes its mutants. Annotations, docstrings, asserts and f-strings (without places) stay."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.source = source
        self.mutants: list[Mutant] = []
        self.functions: list[tuple[int, int]] = [(0, 0)]
        lengths = [len(line) for line in source.splitlines(keepends=True)]
        self.starts = [0, *(sum(lengths[: number + 1]) for number in range(len(lengths)))]

    def note(self, kind: str, node: ast.expr | ast.stmt, replacement: ast.expr | str) -> None:
        """A mutant in which `node` is replaced; an expression goes into parentheses, that its place changes nothing."""
        text = replacement if isinstance(replacement, str) else f"({ast.unparse(replacement)})"
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        end = self.starts[node.end_lineno - 1] + node.end_col_offset
        self.mutants.append(Mutant(self.path, kind, node.lineno, start, end, text, self.functions[-1]))

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        assert node.end_lineno is not None
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        self.functions.append((node.lineno, node.end_lineno))
        self._visit_all(node.body)
        self.functions.pop()

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self._visit_all(node.body)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):
            return
        self.note("statement removed", node, "yield from ()" if _yields(node.value) else "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.note("statement removed", node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self.note("statement removed", node, "pass")

    def visit_Continue(self, node: ast.Continue) -> None:
        self.note("continue for break", node, "break")

    def visit_Break(self, node: ast.Break) -> None:
        self.note("break for continue", node, "continue")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value is None:
            self.note("statement removed", node, "pass")
            return
        if not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self.note("returns None", node.value, "None")
        self.visit(node.value)

    def visit_If(self, node: ast.If | ast.While) -> None:
        if not _is_named(node.test, "TYPE_CHECKING"):
            self._negate(node.test)
            self.generic_visit(node)

    visit_While = visit_If

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._negate(node.test)
        self.generic_visit(node)

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for test in node.ifs:
            self.note("condition true", test, "True")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        for at, operator in enumerate(node.ops):
            swapped = [*node.ops[:at], COMPARISONS[type(operator)](), *node.ops[at + 1 :]]
            self.note("comparison", node, ast.Compare(node.left, swapped, node.comparators))
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.note("and for or", node, ast.BoolOp(ast.And() if isinstance(node.op, ast.Or) else ast.Or(), node.values))
        for at in range(len(node.values)):
            rest = [*node.values[:at], *node.values[at + 1 :]]
            self.note("operand removed", node, rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest))
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self.note("not removed", node, node.operand)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in ARITHMETIC and not _is_text(node):
            self.note("arithmetic", node, ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right))
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        for name, other in SWAPPED_CALLS.items():
            if _is_named(node.func, name):
                self.note(f"{other} for {name}", node.func, other)
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        match node.value:
            case bool(value):
                self.note("constant", node, str(not value))
            case int(value) | float(value):
                self.note("constant", node, repr(value + 1))
            case str(value) if value and " " not in value and len(self.functions) > 1:
                self.note("word", node, repr(value + "x"))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Its parts have no places of their own in every Python that we support."""

    visit_Assert: Callable[[_Finder, ast.Assert], None] = visit_JoinedStr  # type: ignore[assignment]

    def _negate(self, test: ast.expr) -> None:
        self.note("condition negated", test, ast.UnaryOp(ast.Not(), test))

    def _visit_all(self, nodes: list[ast.stmt]) -> None:
        for node in nodes:
            self.visit(node)


def _yields(node: ast.expr) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_text(node: ast.BinOp) -> bool:
    """Whether an operand is text: `"a" + b`, which no other operator joins."""
    sides: Iterator[ast.expr] = (side for side in (node.left, node.right))
    return any(isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str) for side in sides)
