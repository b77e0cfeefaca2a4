"""Small notes beside the record of what was written: text by name, never committed, for this user alone."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.home import find_home
from llmstack.disk.private import write_private


def read_notes(root: Path, file: str) -> dict[str, str]:
    """What is kept in a file of notes; nothing when there is none, or it cannot be read."""
    try:
        kept = json.loads((find_home(root).folder / file).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(note) for name, note in kept.items()} if isinstance(kept, dict) else {}


def write_notes(root: Path, file: str, notes: Mapping[str, str]) -> None:
    """Keep notes, in a file that nobody else reads: wholly old or wholly new. Raises DiskError."""
    target = find_home(root).folder / file
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        write_private(target, json.dumps(dict(notes), indent=1, sort_keys=True).encode("ascii"))
    except OSError as error:
        raise DiskError(str(target), f"cannot be written: {reason_of(error)}") from error
