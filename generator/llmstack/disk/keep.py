"""One file of llmstack's own, kept beside what is generated: made or rewritten whole, links never followed."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.folders import Folders, make_root
from llmstack.disk.listing import read_rest
from llmstack.disk.signals import uninterrupted
from llmstack.errors import RefusedError

FILE_MODE = 0o644
STAGED = ".llmstack-"


def keep_file(root: Path, path: str, content: bytes, mark: bytes) -> bool:
    """Write `content` to `path` below `root`; returns whether that changed anything.

    A file that is there and does not begin with `mark` is somebody's: RefusedError. Raises DiskError when the disk
    refuses; the file is then as it was.
    """
    folder, _, name = path.rpartition("/")
    make_root(root)
    try:
        top = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise DiskError(str(root), f"cannot be opened: {reason_of(error)}") from error
    try:
        with uninterrupted(), Folders(top) as folders:
            try:
                here = folders.enter(folder, create=True)
                before = _read(here, path, name)
                if before == content:
                    return False
                if before is not None and not before.startswith(mark):
                    raise RefusedError([f"{path} was not written by llmstack: move it away, or keep it"])
                _replace(here, path, name, content)
                return True
            except BaseException:
                folders.unmake()
                raise
    finally:
        os.close(top)


def _read(folder: int, path: str, name: str) -> bytes | None:
    try:
        descriptor = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
        try:
            return read_rest(descriptor)
        finally:
            os.close(descriptor)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise DiskError(path, f"cannot be read: {reason_of(error)}") from error


def _replace(folder: int, path: str, name: str, content: bytes) -> None:
    staged = f"{STAGED}{name}"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        descriptor = os.open(staged, flags, FILE_MODE, dir_fd=folder)
        with os.fdopen(descriptor, "wb") as file:
            os.fchmod(file.fileno(), FILE_MODE)
            file.write(content)
        os.replace(staged, name, src_dir_fd=folder, dst_dir_fd=folder)
    except OSError as error:
        raise DiskError(path, f"cannot be written: {reason_of(error)}", "nothing was changed") from error
    finally:
        with contextlib.suppress(OSError):
            os.unlink(staged, dir_fd=folder)
