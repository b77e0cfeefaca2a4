"""Data flows one way: values → model → objects → tree → disk; what is between model and tree, and review, is pure."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "generator" / "llmstack"
MODULES = sorted(path for path in PACKAGE.rglob("*.py"))

ALLOWED = {
    "values": {"values", "finding", "yamlio"},
    "model": {"model", "values", "finding", "yamlio"},
    "flags": {"flags", "schemas", "finding", "yamlio"},
    "engine": {"engine", "flags", "schemas", "finding", "yamlio"},
    "hub": {"hub", "engine"},
    "objects": {"objects", "model", "values", "finding", "yamlio"},
    "tree": {"tree", "objects", "model", "finding", "yamlio"},
    "review": {"review", "tree", "finding", "yamlio"},
    "disk": {"disk", "gitio", "gitrun", "finding"},
    "migrate": {"migrate", "checks", "flags", "model", "values", "finding", "yamlio"},
    "checks": {"checks", "flags", "review", "objects", "model", "values", "schemas", "finding", "yamlio"},
}
"""By folder: the parts of the package that it may import."""

PURE = ("values", "model", "objects", "tree", "review", "checks", "flags", "engine", "migrate")
IMPURE = {
    "os",
    "subprocess",
    "socket",
    "time",
    "random",
    "tempfile",
    "shutil",
    "git",
    "typer",
    "urllib",
    "requests",
}


def _imports(path: Path) -> Iterator[tuple[str, str]]:
    """Yield (top, second) of every import: ("llmstack", "values"), ("os", "")."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [node.module] if node.module != "llmstack" else [f"llmstack.{alias.name}" for alias in node.names]
        for name in names:
            top, _, rest = name.partition(".")
            yield top, rest.partition(".")[0]


def _folder(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else ""


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if _folder(path) in ALLOWED],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_a_folder_imports_only_what_comes_before_it(path: Path) -> None:
    found = {second for top, second in _imports(path) if top == "llmstack" and second}
    assert found <= ALLOWED[_folder(path)] | {"__version__"}


@pytest.mark.parametrize(
    "path",
    [path for path in MODULES if _folder(path) in PURE],
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_what_computes_touches_no_disk_clock_or_environment(path: Path) -> None:
    assert not {top for top, _ in _imports(path)} & IMPURE
    calls = [node for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(node, ast.Call)]
    assert not [
        call for call in calls if isinstance(call.func, ast.Name) and call.func.id in ("print", "open", "input")
    ]


def test_one_module_reads_and_writes_yaml() -> None:
    users = {path.name for path in MODULES for top, _ in _imports(path) if top == "yaml"}
    assert users == {"yamlio.py"}


def test_one_module_runs_programs() -> None:
    users = {path.name for path in MODULES for top, _ in _imports(path) if top == "subprocess"}
    assert users == {"tools.py", "gitrun.py"}  # gitrun: git, through GitPython
