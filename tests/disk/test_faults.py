"""A run that is killed, or that the disk fails, at every single step of the way.

An audit hook (https://docs.python.org/3/library/audit_events.html) in a forked child counts what apply does
to the disk (open, mkdir, rename, remove, rmdir) and ends the process, or fails the call, at the tested step.
"""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from llmstack.disk.apply import apply
from llmstack.disk.error import ChangedMeanwhileError, DiskError
from llmstack.disk.home import find_home

from .conftest import Tree, generated

STEPS = frozenset(("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.scandir"))
OLD = {
    **{f"base/{n}.yaml": generated(f"old {n}\n") for n in range(3)},
    "overlays/prod/models/gone/a.yaml": generated("old\n"),
    "overlays/prod/models/gone/deep/b.yaml": generated("old\n"),
}
NEW = {
    **{f"base/{n}.yaml": generated(f"new {n}\n") for n in range(3)},
    "overlays/prod/models/llama/a.yaml": generated("new\n"),
    "overlays/prod/models/llama/deep/b.yaml": generated("new\n"),
}


def run_until(tree: Tree, step: int, fault: Callable[[], None]) -> int:
    """Apply NEW in a child that suffers `fault` at its step-th step.

    Returns 0 when it ended before that step, 1 when it succeeded all the same, 5 for a DiskError that names
    the fault, a negative number for a signal.
    """
    plan = tree.plan(NEW)
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0

    def hook(event: str, _: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in STEPS:
            seen += 1
            if seen == step:
                fault()

    code = 70
    try:
        sys.addaudithook(hook)
        apply(plan, tree.root)
        code = 0 if seen < step else 1
    except DiskError as error:
        code = 5 if "No space left" in str(error) else 71
    finally:
        os._exit(code)


def test_an_edit_in_the_middle_of_a_run_is_not_lost(start: Tree) -> None:
    last = max(path for path in OLD if path.startswith("base/"))
    plan = start.plan(NEW)
    child = os.fork()
    if not child:
        edited = False

        def hook(event: str, _: tuple[Any, ...]) -> None:
            nonlocal edited
            if event == "os.rename" and not edited:
                edited = True
                start.write({last: "an edit\n"})

        code = 70
        try:
            sys.addaudithook(hook)
            apply(plan, start.root)
        except ChangedMeanwhileError as error:
            code = 5 if error.path == last else 71
        finally:
            os._exit(code)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 5
    assert start.read(last) == "an edit\n"
    assert start.read("base/0.yaml") == NEW["base/0.yaml"]


def kill() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def fail() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def whole(text: Mapping[str, str]) -> dict[str, bytes]:
    """What Tree.files says of a tree that holds exactly these files."""
    folders = {f"{parent.as_posix()}/" for path in text for parent in Path(path).parents if parent.as_posix() != "."}
    return {path: content.encode() for path, content in text.items()} | dict.fromkeys(folders, b"")


@pytest.fixture(params=["tree", "repo"])
def start(request: pytest.FixtureRequest) -> Tree:
    tree: Tree = request.getfixturevalue(request.param)
    tree.gen(OLD)
    return tree


def test_a_kill_at_any_step_leaves_whole_files_and_the_next_run_finishes(start: Tree) -> None:
    kinds = set()
    for step in range(1, 1000):
        code = run_until(start, step, kill)
        found = {path: content.decode() for path, content in start.files().items() if not path.endswith("/")}
        for path in OLD.keys() | NEW.keys() | found.keys():
            assert found.get(path) in (OLD.get(path), NEW.get(path)), (step, path)
        if OLD.keys() - NEW.keys() - found.keys():
            assert NEW.items() <= found.items(), f"step {step}: deleted before all is written"
        kinds.add("old" if found == OLD else "new" if found == NEW else "between")
        apply(start.plan(NEW), start.root)
        assert start.files() == whole(NEW), step
        assert not find_home(start.root).was_interrupted
        start.gen(OLD)
        assert start.files() == whole(OLD), step
        if code == 0:
            break
        assert code == -signal.SIGKILL
    assert code == 0
    assert kinds == {"old", "between", "new"}


def test_a_failure_at_any_step_is_one_error_and_undone_before_the_first_rename(start: Tree) -> None:
    codes = []
    for step in range(1, 1000):
        codes.append(run_until(start, step, fail))
        files = start.files()
        found = {path: content.decode() for path, content in files.items() if not path.endswith("/")}
        for path in OLD.keys() | NEW.keys() | found.keys():
            assert found.get(path) in (OLD.get(path), NEW.get(path)), (step, path)
        assert codes[-1] != 5 or found != OLD or files == whole(OLD), step
        assert codes[-1] == 5 or found == NEW, step
        if codes[-1] == 5:  # changing one's mind instead of running again leaves no empty folders either
            apply(start.plan(OLD), start.root)
            assert start.files() == whole(OLD), step
        apply(start.plan(NEW), start.root)
        assert set(start.files()) >= set(whole(NEW)), step
        start.gen(OLD)
        if codes[-1] == 0:
            break
    assert set(codes) == {0, 1, 5}
    assert codes.count(5) > 20
