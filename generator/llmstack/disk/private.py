"""A file for this user alone: notes and records that are never committed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


def write_private(file: Path, content: bytes) -> None:
    """Write a file that only this user may read: wholly old or wholly new. Its folder is there. Raises OSError."""
    staged = file.with_name(f"{file.name}.{os.getpid()}.new")  # of this run alone: another may write at the same time
    with contextlib.suppress(FileNotFoundError):
        staged.unlink()
    descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(content)
    os.replace(staged, file)
