"""One file that people own, written at their word: wholly old or wholly new, or not there, whenever the run ends."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from pathlib import Path

from llmstack.disk.error import ChangedMeanwhileError, DiskError, reason_of
from llmstack.disk.listing import read_file
from llmstack.disk.signals import uninterrupted
from llmstack.errors import RefusedError


def replace_file(path: Path, before: bytes, after: bytes) -> None:
    """Write `after` where `before` stands, with the file's mode. A symbolic link is not followed.

    Raises ChangedMeanwhileError when the file holds something else by now, DiskError when the disk refuses;
    the file is then as it was.
    """
    with uninterrupted():
        try:
            if read_file(str(path)) != before:
                raise ChangedMeanwhileError(str(path), "changed during the run and was not written", "run again")
            mode = stat.S_IMODE(os.lstat(path).st_mode)
            descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        except OSError as error:
            advice = "name the file that the link leads to" if path.is_symlink() else "nothing was changed"
            raise DiskError(str(path), f"cannot be rewritten: {reason_of(error)}", advice) from error
        _put(path, descriptor, staged, after, mode)


def create_file(path: Path, content: bytes) -> None:
    """Write a new file, with its folder; one that holds the same already is left alone.

    Raises RefusedError where something else is there, DiskError when the disk refuses.
    """
    if path.is_symlink() or path.exists():
        if path.is_file() and not path.is_symlink() and path.read_bytes() == content:
            return
        raise RefusedError([f"{path} is there already, and is left alone: move it, or give another --env"])
    made = [folder for folder in path.parents if not folder.exists()]
    with uninterrupted():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            descriptor, staged = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
            _put(path, descriptor, staged, content, 0o644)
        except OSError as error:
            raise DiskError(str(path), f"cannot be written: {reason_of(error)}", "nothing was changed") from error
        finally:
            for folder in made if not path.exists() else ():
                with contextlib.suppress(OSError):
                    folder.rmdir()


def _put(path: Path, descriptor: int, staged: str, content: bytes, mode: int) -> None:
    """Write an open staged file and give it the name of another; it is gone where that fails, which is a DiskError."""
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        os.chmod(staged, mode)
        os.replace(staged, path)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(staged)
        raise DiskError(str(path), f"cannot be written: {reason_of(error)}", "nothing was changed") from error
