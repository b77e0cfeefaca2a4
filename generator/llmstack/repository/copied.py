"""kustomize builds from a copy of what was looked through before, and of nothing else."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from llmstack.kustomize.reached import Reached


@contextlib.contextmanager
def copied(reached: Reached) -> Iterator[Path]:
    """A temporary folder with the files that were reached, and the links to them, as long as this holds."""
    with tempfile.TemporaryDirectory(prefix="llmstack-") as name:
        root = Path(name).resolve()
        for path, content in reached.files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        for path, target in sorted(reached.links.items()):
            if not os.path.lexists(root / path) and os.path.lexists(root / target):
                (root / path).parent.mkdir(parents=True, exist_ok=True)
                (root / path).symlink_to(os.path.relpath(target, os.path.dirname(path)))
        yield root
