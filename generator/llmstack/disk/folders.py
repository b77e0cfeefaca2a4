"""Folders below the root, opened one from the other so that no symbolic link is ever followed."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from pathlib import Path

from llmstack.disk.error import ChangedMeanwhileError, DiskError, reason_of

_FLAGS = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
FOLDER_MODE = 0o755


def make_root(root: Path) -> None:
    """Make the folder of a new repository, and those above it, unless they are there. Raises DiskError."""
    try:
        root.mkdir(mode=FOLDER_MODE, parents=True, exist_ok=True)
    except OSError as error:
        raise DiskError(str(root), f"cannot be made: {reason_of(error)}") from error


class Folders:
    """The chain of open folders from the root to the one in use; few descriptors, whatever the tree's size.

    `check` is called with the descriptor and the path of each folder entered, and may raise. `made` lists the
    folders that were created, in order.
    """

    def __init__(self, root: int, check: Callable[[int, str], None] | None = None) -> None:
        self._root = root
        self._check = check
        self._open: list[tuple[str, int]] = []
        self.made: list[str] = []

    def __enter__(self) -> Folders:
        return self

    def __exit__(self, *_: object) -> None:
        self._leave_to(0)

    def enter(self, folder: str, *, create: bool = False) -> int:
        """Return a descriptor of `folder` ("" is the root), good until the next call.

        Creates what is missing if told to, with mode 0755 whatever the umask. Raises DiskError.
        """
        names = folder.split("/") if folder else []
        common = 0
        for (name, _), wanted in zip(self._open, names, strict=False):
            if name != wanted:
                break
            common += 1
        self._leave_to(common)
        for depth in range(common, len(names)):
            self._descend("/".join(names[: depth + 1]), names[depth], create=create)
        if not names and self._check is not None:
            self._check(self._root, ".")
        return self._open[-1][1] if self._open else self._root

    def _descend(self, path: str, name: str, *, create: bool) -> None:
        above = self._open[-1][1] if self._open else self._root
        try:
            try:
                here = os.open(name, _FLAGS, dir_fd=above)
            except FileNotFoundError:
                if not create:
                    raise
                here = self._make(path, name, above)
        except FileNotFoundError as error:
            raise ChangedMeanwhileError(path, "was removed during the run", "run again") from error
        except OSError as error:
            raise DiskError(path, f"cannot be entered: {reason_of(error)}") from error
        self._open.append((name, here))
        if self._check is not None:
            self._check(here, path)

    def _make(self, path: str, name: str, above: int) -> int:
        os.mkdir(name, FOLDER_MODE, dir_fd=above)
        self.made.append(path)
        here = os.open(name, _FLAGS, dir_fd=above)
        os.fchmod(here, FOLDER_MODE)
        return here

    def _leave_to(self, depth: int) -> None:
        while len(self._open) > depth:
            os.close(self._open.pop()[1])

    def unmake(self) -> None:
        """Remove the folders that were created, as far as they are empty."""
        self._leave_to(0)
        for folder in reversed(self.made):
            with contextlib.suppress(OSError):
                os.rmdir(folder, dir_fd=self._root)
        self.made.clear()


def remove_empty(root: int, folders: set[str]) -> None:
    """Remove those of `folders`, and of the folders above them up to the root, that are empty now."""
    waiting = set(folders)
    for folder in folders:
        while folder := folder.rpartition("/")[0]:
            waiting.add(folder)
    for folder in sorted(waiting, key=lambda path: path.count("/"), reverse=True):
        with contextlib.suppress(OSError):
            os.rmdir(folder, dir_fd=root)
