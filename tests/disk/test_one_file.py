"""One file that is made or replaced: at every step, a signal lets it end and a full disk leaves what was there."""

from __future__ import annotations

import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from llmstack.disk.error import DiskError
from llmstack.disk.keep import keep_file
from llmstack.disk.replace import create_file, replace_file

WRITE = os.O_WRONLY | os.O_RDWR
STEPS = frozenset(("os.mkdir", "os.rename", "os.chmod", "os.remove", "os.rmdir"))
NEW = b"# ours\nnew\n"
WAYS: dict[str, tuple[str, Callable[[Path], object]]] = {
    "made": ("a/b/new.yaml", lambda root: create_file(root / "a/b/new.yaml", NEW)),
    "replaced": ("old.yaml", lambda root: replace_file(root / "old.yaml", b"# ours\nold\n", NEW)),
    "kept": ("facts/x/new.yaml", lambda root: keep_file(root, "facts/x/new.yaml", NEW, b"# ours\n")),
    "kept again": ("old.yaml", lambda root: keep_file(root, "old.yaml", NEW, b"# ours\n")),
}


def tree(root: Path) -> dict[str, bytes]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes() if path.is_file() else b""
        for path in sorted(root.rglob("*"))
    }


def write_until(root: Path, way: str, step: int, fault: Callable[[], None]) -> int:
    """Write in a child that suffers `fault` at its step-th step: 0 where there is no such step, 1 for a success all the
    same, 5 for a DiskError, a negative number for a signal."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    seen = 0
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def hook(event: str, arguments: tuple[Any, ...]) -> None:
        nonlocal seen
        opens = event == "open" and isinstance(arguments[2], int) and bool(arguments[2] & WRITE)
        if event in STEPS or opens:
            seen += 1
            if seen == step:
                fault()

    code = 70
    try:
        sys.addaudithook(hook)
        WAYS[way][1](root)
        code = 0 if seen < step else 1
    except DiskError:
        code = 5
    finally:
        os._exit(code)


def every_step(folder: Path, way: str, fault: Callable[[], None]) -> list[tuple[int, dict[str, bytes]]]:
    ends = []
    for step in range(1, 100):
        root = folder / str(step)
        root.mkdir()
        (root / "old.yaml").write_bytes(b"# ours\nold\n")
        code = write_until(root, way, step, fault)
        if code == 0:
            return ends
        ends.append((code, tree(root)))
    raise AssertionError("there is no end")


def fill() -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("way", WAYS)
def test_a_full_disk_leaves_what_was_there(way: str, tmp_path: Path) -> None:
    ends = every_step(tmp_path, way, fill)
    assert len(ends) > 2
    for code, after in ends:
        assert (code, after) == (5, {"old.yaml": b"# ours\nold\n"}) or (code == 1 and after[WAYS[way][0]] == NEW)
        assert len(after) <= 4, "nothing staged is left"
    assert any(code == 5 for code, _ in ends)


@pytest.mark.parametrize("way", WAYS)
def test_a_signal_lets_it_end(way: str, tmp_path: Path) -> None:
    ends = every_step(tmp_path, way, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert len(ends) > 2
    for code, after in ends:
        assert code == -signal.SIGTERM
        assert after == {"old.yaml": b"# ours\nold\n"} or after[WAYS[way][0]] == NEW
        assert not [name for name in after if name.rpartition("/")[2].startswith(".")], "nothing staged is left"
