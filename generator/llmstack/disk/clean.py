"""Trees that `gen` found to be what their values generate, remembered, so that it need not find it out again.

A record stands in the user's cache folder, for this user alone: digests of what was looked at, and what the run said.
It can be lost, old or damaged at any time; what does not fit in every part counts for nothing, and the run finds out
anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import stat
import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path

from msgspec import Struct
from msgspec.structs import asdict

from llmstack.disk.private import write_private
from llmstack.disk.state import mark_file, read_state, read_states

FOLDERS = ("values", "base", "overlays", "clusters", "custom", "facts")
"""The folders of a root that a run of `gen` looks at."""
FILES = (".sops.yaml",)
RECORDS = 200
"""How many records are kept: the oldest go."""
MAX_BYTES = 1024 * 1024
_LIBRARIES = ("pydantic", "pydantic_core", "yaml", "jinja2")
"""What else decides the words and the bytes that `gen` writes."""


class Said(Struct, frozen=True):
    """What a run says that has nothing to do: the environments it was about, and its findings as text."""

    environments: tuple[str, ...]
    plain: str = ""
    coloured: str = ""


class Unchanged(Struct, frozen=True):
    """What is left of a record where something has changed: of each environment what was kept of it, and those of which
    nothing has changed."""

    kept: Mapping[str, object]
    names: frozenset[str]


class CleanRecord(Struct, frozen=True):
    """The record of one question (`gen` of some environments) at one root."""

    file: Path
    root: Path
    state: Mapping[str, str | None]
    """Of the root as it was before the run, by environment; None where it cannot be told. What has no name of an
    environment is of the whole."""

    def recall(self) -> Said | None:
        """What the run would say, where nothing has changed since it said it."""
        kept = self._read()
        if kept is None or kept["state"] != self.state or None in self.state.values():
            return None
        return _said(kept.get("said"))

    def recall_unchanged(self) -> Unchanged | None:
        """What a run kept of environments; None where something has changed that is not of one of them alone."""
        kept = self._read() or {}
        state, environments = kept.get("state"), kept.get("environments")
        if not isinstance(state, dict) or not isinstance(environments, dict):
            return None
        whole = [
            {part: mark for part, mark in each.items() if part not in environments} for each in (state, self.state)
        ]
        if whole[0] != whole[1] or None in whole[1].values():
            return None
        same = (name for name in environments if (mark := self.state.get(name)) is not None and mark == state.get(name))
        return Unchanged(environments, frozenset(same))

    def _read(self) -> dict[str, object] | None:
        """The record, where the files beside the folders are what they were."""
        kept = _read(self.file)
        beside = kept.get("beside") if kept is not None and "state" in kept else None
        if not isinstance(beside, dict) or any(mark_file(self.root / path) != mark for path, mark in beside.items()):
            return None
        return kept

    def keep(self, said: Said, read: Collection[str], environments: Mapping[str, object] | None = None) -> None:
        """Remember what a run said that found nothing to do; `read` are the paths of the files that it read.

        With `environments`, something of each (of form JSON), a later run may ask which of them are unchanged. Nothing
        is remembered where a file may have changed meanwhile, nor where the cache cannot be written.
        """
        outside = {path for path in read if not path.startswith(tuple(f"{folder}/" for folder in FOLDERS))}
        earlier = (_read(self.file) or {}).get("beside")
        outside |= earlier.keys() if isinstance(earlier, dict) else set()
        beside = {path: mark_file(self.root / path) for path in sorted({*FILES, *outside})}
        if None in self.state.values() or None in beside.values():
            return
        kept = {"state": self.state, "beside": beside, "said": asdict(said), "environments": environments}
        with contextlib.suppress(OSError):
            _write(self.file, json.dumps(kept).encode("ascii"))


def open_record(cache: Path, root: Path, names: Sequence[str]) -> CleanRecord:
    """The record of a run on some environments (or all, for none), by this very llmstack in the working directory."""
    tool = _tool()
    question = json.dumps([os.path.realpath(root), os.getcwd(), *names, *map(str, tool)])
    file = cache / f"{hashlib.blake2b(question.encode(), digest_size=20).hexdigest()}.json"
    return CleanRecord(file, root, read_states(root, FOLDERS, _part_of) if None not in tool else {"": None})


def _part_of(path: str) -> str:
    """The environment that a path is of by its name, if there is one of that name."""
    folder, *rest = path.split("/")
    if folder == "clusters":
        return rest[1] if len(rest) > 1 else ""
    if folder == "values":
        return rest[0].rpartition(".")[0] if len(rest) == 1 else ""
    return rest[0] if rest and folder in ("overlays", "custom") else ""


def _tool() -> list[str | None]:
    """What tells this llmstack from every other: its files, and those of the libraries that it writes with; None where
    something of it cannot be told."""
    package = Path(__file__).resolve().parents[1]
    specs = [find_spec(name) for name in _LIBRARIES]
    own = read_state(package.parent, [package.name], skip=("__pycache__",))
    return [sys.version, own, *(mark_file(spec.origin) for spec in specs if spec is not None and spec.origin)]


def _said(kept: object) -> Said | None:
    """What a record says that was said; None where it is not of that form."""
    if not isinstance(kept, dict) or kept.keys() != {"environments", "plain", "coloured"}:
        return None
    names = kept.pop("environments")
    if not isinstance(names, list) or not all(isinstance(word, str) for word in (*names, *kept.values())):
        return None
    return Said(tuple(names), **kept)


def _read(file: Path) -> dict[str, object] | None:
    """A record that is whole, and that nobody else can have written."""
    try:
        descriptor = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode) or found.st_uid != os.geteuid() or found.st_mode & 0o077:
                return None
            kept = json.loads(stream.read(found.st_size)) if found.st_size <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None
    return kept if isinstance(kept, dict) else None


def _write(file: Path, content: bytes) -> None:
    """Put a record in its place, wholly old or wholly new; raises OSError."""
    if len(content) > MAX_BYTES:
        return
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_private(file, content)
    records = sorted(file.parent.iterdir(), key=lambda each: each.lstat().st_mtime_ns)
    for old in records[: max(0, len(records) - RECORDS)]:
        with contextlib.suppress(OSError):
            old.unlink()
