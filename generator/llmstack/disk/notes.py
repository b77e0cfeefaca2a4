"""Small notes beside the record of what was written: text by name, never committed, for this user alone."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.home import find_home


def read_notes(root: Path, file: str) -> dict[str, str]:
    """What is kept in a file of notes; nothing when there is none, or it cannot be read."""
    try:
        kept = json.loads((find_home(root).folder / file).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(note) for name, note in kept.items()} if isinstance(kept, dict) else {}


def write_notes(root: Path, file: str, notes: Mapping[str, str]) -> None:
    """Keep notes, in a file that nobody else reads: wholly old or wholly new. Raises DiskError."""
    folder = find_home(root).folder
    staged = folder / f"{file}.{os.getpid()}.new"  # of this run alone: another may write at the same time
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            staged.unlink()
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump(dict(notes), stream, indent=1, sort_keys=True)
        os.replace(staged, folder / file)
    except OSError as error:
        raise DiskError(str(folder / file), f"cannot be written: {reason_of(error)}") from error
