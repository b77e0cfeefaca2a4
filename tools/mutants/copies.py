"""Copies of the tree in which mutants are tried, one for each job."""

from __future__ import annotations

import importlib
import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from multiprocessing import get_context
from pathlib import Path

COPIED = ("generator", "tests", "tools", "values", "base", "overlays", "clusters", "facts", "docs", "bench", ".github")


def in_copies(jobs: Sequence[Callable[[], None]]) -> None:
    """Do each job in a process of its own, whose working directory is a copy of the tree, and whose code is loaded from
    there. Raises RuntimeError when one fails."""
    with tempfile.TemporaryDirectory(prefix="mutants-") as copies:
        context = get_context("fork")
        running = [context.Process(target=_work, args=(job, Path(copies) / str(at))) for at, job in enumerate(jobs)]
        for each in running:
            each.start()
        for each in running:
            each.join()
        if any(each.exitcode for each in running):
            raise RuntimeError("a process that tries mutants has failed")


def _work(job: Callable[[], None], copy: Path) -> None:
    for name in COPIED:
        shutil.copytree(name, copy / name, symlinks=True)
    for file in filter(Path.is_file, Path().iterdir()):
        shutil.copy2(file, copy / file.name)
    os.chdir(copy)
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": f"{copy / 'generator'}"}
    sys.dont_write_bytecode = True
    sys.path[:0] = [str(copy), str(copy / "generator")]
    loaded = [name for name in sys.modules if name.partition(".")[0] in ("tests", "llmstack")]
    assert not loaded, "the code is loaded from the copy"
    importlib.invalidate_caches()
    job()
