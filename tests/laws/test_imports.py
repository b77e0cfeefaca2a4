"""Data flows one way: a room imports only rooms below it, and what computes touches nothing outside the process."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "generator" / "llmstack"
MODULES = sorted(PACKAGE.rglob("*.py"))

ORDER = (
    # what everything may use
    "about", "finding", "errors", "progress", "yamlio",
    # foreign systems
    "schemas", "programs", "cores", "git", "kubernetes", "observed", "facts", "kustomize", "secrecy",
    # values → model → objects → tree → disk
    "values", "flags", "engine", "hub", "model", "objects", "tree", "disk", "sync",
    # what is said of them
    "review", "fit", "checks", "migrate", "adopt", "verify", "report",
    # the program
    "repository", "secrets", "commands", "cli", "__main__",
)  # fmt: skip
"""Every room and every loose module, from the bottom up: each imports only what stands before it."""

IMPURE_ROOMS = frozenset((
    "cores", "git", "hub", "disk", "repository", "programs", "commands", "cli", "schemas", "__main__",
))  # fmt: skip
"""Rooms that may touch disk, clock, network, environment or processes; schemas/ reads the data of the package."""

IMPURE = frozenset((
    "datetime", "fcntl", "git", "glob", "http", "io", "multiprocessing", "os", "pathlib", "random", "requests", "select", "shutil",
    "signal", "socket", "subprocess", "sys", "tempfile", "threading", "time", "typer", "urllib",
))  # fmt: skip
"""Modules that reach outside the process; `datetime` and `pathlib` may be imported for their types (below)."""

_TYPES_ONLY = {"datetime": {"date", "datetime", "timedelta"}, "pathlib": {"PurePosixPath"}, "urllib": {"quote"}}
"""What pure rooms take from them: values of a type, never the clock or the disk."""


def _is_for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _imports(path: Path, *, run: bool = False) -> Iterator[tuple[str, str, str]]:
    """Yield (package, room, name) of every import: ("llmstack", "values", "Layers"), ("os", "", "").

    With `run` those alone that happen when the program runs, not those for type checkers.
    """
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typed = {id(inner) for node in ast.walk(tree) if _is_for_types(node) for inner in ast.walk(node)} if run else set()
    for node in ast.walk(tree):
        if id(node) in typed:
            continue
        if isinstance(node, ast.Import):
            for alias in node.names:
                package, _, rest = alias.name.partition(".")
                yield package, rest.partition(".")[0], ""
        elif isinstance(node, ast.ImportFrom) and node.module:
            package, _, rest = node.module.partition(".")
            for alias in node.names:
                yield package, rest.partition(".")[0] or alias.name, alias.name


def _room(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").parts[0]


def _name(path: Path) -> str:
    return str(path.relative_to(PACKAGE))


def test_every_room_has_its_place_in_the_order() -> None:
    rooms = {_room(path) for path in MODULES if path.parent != PACKAGE or path.stem != "__init__"}
    assert rooms == set(ORDER)
    assert len(ORDER) == len(rooms)


def test_few_modules_stand_loose() -> None:
    loose = [path.stem for path in MODULES if path.parent == PACKAGE and path.stem != "__init__"]
    assert len(loose) <= 7


@pytest.mark.parametrize("path", [path for path in MODULES if _room(path) != "__init__"], ids=_name)
def test_a_room_imports_only_what_stands_below_it(path: Path) -> None:
    own = _room(path)
    below = {*ORDER[: ORDER.index(own)], own, "__version__", "__file__"}
    assert {room for package, room, _ in _imports(path) if package == "llmstack"} <= below


@pytest.mark.parametrize("path", [path for path in MODULES if _room(path) not in IMPURE_ROOMS], ids=_name)
def test_what_computes_touches_no_disk_clock_or_environment(path: Path) -> None:
    taken = {(package, name) for package, _, name in _imports(path, run=True) if package in IMPURE}
    allowed = {(package, name) for package, names in _TYPES_ONLY.items() for name in names}
    assert taken <= allowed
    tree = ast.parse(path.read_text(encoding="utf-8"))
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    assert not [call for call in calls if isinstance(call, ast.Name) and call.id in ("print", "open", "input")]
    assert not [call for call in calls if isinstance(call, ast.Attribute) and _reads_the_clock(call, _dates(tree))]


def _dates(tree: ast.AST) -> set[str]:
    """The names by which a module knows the classes of `datetime`."""
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.module == "datetime"]
    return {alias.asname or alias.name for node in nodes for alias in node.names}


def _reads_the_clock(call: ast.Attribute, dates: set[str]) -> bool:
    of_a_class = isinstance(call.value, ast.Name) and call.value.id in dates
    return call.attr in ("today", "utcnow") or (call.attr == "now" and of_a_class)


def test_one_room_reads_and_writes_yaml() -> None:
    users = {_name(path).partition("/")[0] for path in MODULES for package, *_ in _imports(path) if package == "yaml"}
    assert users == {"yamlio"}


def test_one_room_runs_programs() -> None:
    users = {_name(path) for path in MODULES for package, *_ in _imports(path) if package == "subprocess"}
    assert users == {
        "programs/builds.py",
        "programs/command.py",
        "programs/running.py",
        "programs/itself.py",
        "git/process.py",
    }  # git: through GitPython


def test_what_is_passed_on_is_a_struct() -> None:
    assert not [_name(path) for path in MODULES for package, *_ in _imports(path) if package == "dataclasses"]
