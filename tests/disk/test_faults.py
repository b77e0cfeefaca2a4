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
from llmstack.disk.plan import WritePlan

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
    assert start.read("base/0.yaml") == OLD["base/0.yaml"], "what was written before is taken back"
    assert not find_home(start.root).was_interrupted


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


def test_a_failure_at_any_step_is_one_error_and_undone(start: Tree) -> None:
    codes = []
    for step in range(1, 1000):
        codes.append(run_until(start, step, fail))
        files = start.files()
        found = {path: content.decode() for path, content in files.items() if not path.endswith("/")}
        for path in OLD.keys() | NEW.keys() | found.keys():
            assert found.get(path) in (OLD.get(path), NEW.get(path)), (step, path)
        assert codes[-1] == 5 or found == NEW, step
        if codes[-1] == 5 and found != NEW:  # a folder that is not removed in the end is no reason to go back
            assert files == whole(OLD), step
            assert not find_home(start.root).was_interrupted
        apply(start.plan(NEW), start.root)
        assert set(start.files()) >= set(whole(NEW)), step
        start.gen(OLD)
        if codes[-1] == 0:
            break
    assert set(codes) == {0, 1, 5}
    assert codes.count(5) > 20


def run_with_signal(plan: WritePlan, root: Path, number: signal.Signals, nth: int) -> int:
    """Apply a plan in a child that gets a signal at its nth rename or removal; how it ended."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0

    def hook(event: str, _: tuple[Any, ...]) -> None:
        nonlocal seen
        if event in ("os.rename", "os.remove"):
            seen += 1
            if seen == nth:
                os.kill(os.getpid(), number)

    try:
        signal.signal(number, signal.SIG_DFL)
        sys.addaudithook(hook)
        apply(plan, root)
    finally:
        os._exit(0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_during_the_renames_waits_for_their_end(start: Tree, number: signal.Signals) -> None:
    """Sent at each of the renames and removals, by the process to itself."""
    plan = start.plan(NEW)
    ends = []
    for nth in range(1, 12):
        ends.append(run_with_signal(plan, start.root, number, nth))
        found = {path: content.decode() for path, content in start.files().items() if not path.endswith("/")}
        assert found == NEW
        assert not find_home(start.root).was_interrupted
        start.gen(OLD)
    assert -number in ends


def test_what_cannot_be_kept_by_a_link_is_put_back_from_what_it_held(
    start: Tree, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a file system without hard links."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "link", refuse)
    renames = 0

    def rename(*arguments: Any, **options: Any) -> None:
        nonlocal renames
        renames += 1
        if renames == 3:
            fail()
        original(*arguments, **options)

    original = os.rename
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(DiskError, match="nothing was changed"):
        apply(start.plan(NEW), start.root)
    assert start.files() == whole(OLD)


def test_an_edit_of_what_was_just_written_survives_the_way_back(start: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    renames = 0

    def rename(*arguments: Any, **options: Any) -> None:
        nonlocal renames
        renames += 1
        if renames == 2:
            start.write({"base/0.yaml": "an edit\n"})
            fail()
        original(*arguments, **options)

    original = os.rename
    monkeypatch.setattr(os, "rename", rename)
    with pytest.raises(DiskError, match="run again to finish"):
        apply(start.plan(NEW), start.root)
    assert start.read("base/0.yaml") == "an edit\n"
