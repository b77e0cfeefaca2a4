"""The mutants of a module: each is one small change of its text that should make some test fail.

What is left as it is, because no behaviour hangs on it or none that a test should hold:

- annotations, and types where the code names them: aliases, `isinstance`, `cast`, `TypeVar`, bases of classes,
- docstrings, comments, `__all__`, decorators, asserts and what is one (`zip(…, strict=True)`),
- f-strings and texts of more than one word, which are messages; words of one are keys and names, and are changed in
  functions (tables of a module are data: their numbers and operators are changed, their words are not).
"""

from __future__ import annotations

import ast
import difflib
import hashlib
import re
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
OF_VALUES = {"isinstance": slice(0, 1), "issubclass": slice(0, 1), "cast": slice(1, 2), "TypeVar": slice(0, 0)}
"""Which arguments of a call are values; the others are types."""
ALIAS = re.compile(r"[A-Z][a-z]\w*|__all__")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module: the bytes from `start` to `end` become `text`. `line` is where a test must come by."""

    id: str
    """A digest of the function (or statement of a module) that holds it, and of the change within: it stays the same
    when other code changes, and what was found out of a function that reads otherwise now is not taken for true."""
    path: str
    kind: str
    line: int
    start: int
    end: int
    text: str
    in_function: bool
    around: range
    """The lines of what holds it."""

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
    """Walks a module and notes its mutants."""

    def __init__(self, path: str, source: bytes) -> None:
        self.path = path
        self.source = source
        self.mutants: list[Mutant] = []
        self.classes: list[str] = []
        self.depth = 0
        """How many functions are around the place."""
        self.holder: ast.stmt | None = None
        """The function or statement, of a module or a class, that holds the place."""
        lengths = [len(line) for line in source.splitlines(keepends=True)]
        self.starts = [0, *(sum(lengths[: number + 1]) for number in range(len(lengths)))]

    def note(self, kind: str, node: ast.expr | ast.stmt, replacement: ast.expr | str) -> None:
        """A mutant in which `node` is replaced; an expression goes into parentheses, that its place changes nothing."""
        text = replacement if isinstance(replacement, str) else f"({ast.unparse(replacement)})"
        assert self.holder is not None
        (start, end), (first, last) = self._place(node), self._place(self.holder)
        held = self.source[first:last].decode()
        words = ":".join((self.path, *self.classes, held, str(start - first), str(end - first), text))
        id = hashlib.sha256(words.encode()).hexdigest()[:12]
        around = range(self.holder.lineno, (self.holder.end_lineno or self.holder.lineno) + 1)
        self.mutants.append(Mutant(id, self.path, kind, node.lineno, start, end, text, self.depth > 0, around))

    def _place(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        """The first byte of a node, and the one after its last."""
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start = self.starts[node.lineno - 1] + node.col_offset
        return start, self.starts[node.end_lineno - 1] + node.end_col_offset

    def visit_Module(self, node: ast.Module) -> None:
        self._visit_held(node.body)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        self.classes.append(node.name)
        self._visit_held(node.body)
        self.classes.pop()

    def _visit_held(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            self.holder = statement
            self.visit(statement)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        for default in [*node.args.defaults, *filter(None, node.args.kw_defaults)]:
            self.visit(default)
        self.depth += 1
        for statement in node.body:
            self.visit(statement)
        self.depth -= 1

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(target, ast.Name) and ALIAS.fullmatch(target.id) for target in node.targets):
            self.generic_visit(node)

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
        of_values = next((part for name, part in OF_VALUES.items() if _is_named(node.func, name)), slice(None))
        for each in [*node.args[of_values], *(given for given in node.keywords if given.arg != "strict")]:
            self.visit(each)
        self.visit(node.func)

    def visit_Constant(self, node: ast.Constant) -> None:
        match node.value:
            case bool(value):
                self.note("constant", node, str(not value))
            case int(value) | float(value):
                self.note("constant", node, repr(value + 1))
            case str(value) if value and " " not in value and self.depth:
                self.note("word", node, repr(value + "x"))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Its parts have no places of their own in every Python that we support."""

    visit_Assert: Callable[[_Finder, ast.Assert], None] = visit_JoinedStr  # type: ignore[assignment]

    def _negate(self, test: ast.expr) -> None:
        self.note("condition negated", test, ast.UnaryOp(ast.Not(), test))


def _yields(node: ast.expr) -> bool:
    return isinstance(node, ast.Yield | ast.YieldFrom)


def _is_named(node: ast.expr, name: str) -> bool:
    return isinstance(node, ast.Name) and node.id == name


def _is_text(node: ast.BinOp) -> bool:
    """Whether an operand is text: `"a" + b`, which no other operator joins."""
    sides: Iterator[ast.expr] = (side for side in (node.left, node.right))
    return any(isinstance(side, ast.JoinedStr) or isinstance(getattr(side, "value", None), str) for side in sides)
