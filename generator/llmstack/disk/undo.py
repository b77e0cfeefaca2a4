"""Renames taken back: what stood where a file was written or deleted is kept until the run ends."""

from __future__ import annotations

import os
from collections.abc import Sequence

from msgspec import Struct

from llmstack.disk.error import DiskError
from llmstack.disk.folders import Folders

Signature = tuple[int, int, int, int]
"""What tells that a file is still the same: inode, size, and when its content and its status last changed."""

_KEPT = "kept"
"""The name, in the staging folder, of a file that could not be kept by a link."""


class Done(Struct, frozen=True):
    """A file that was written or deleted."""

    folder: str
    name: str
    before: bytes | None
    """What it held; None where there was none."""
    kept: str | None
    """Where it is in the staging folder; None where its content alone is known."""
    signature: Signature | None
    """That of what stands there since; None for nothing."""


def signature_of(status: os.stat_result) -> Signature:
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns


def find_signature(name: str, folder: int) -> Signature | None:
    """The signature of a file, a link not followed; None where there is none. Raises OSError."""
    try:
        return signature_of(os.lstat(name, dir_fd=folder))
    except FileNotFoundError:
        return None


def keep(name: str, folder: int, kept: str, staging: int) -> bool:
    """Give a file a second name in the staging folder; whether the file system can do that."""
    try:
        os.link(name, kept, src_dir_fd=folder, dst_dir_fd=staging, follow_symlinks=False)
    except OSError:
        return False
    return True


def roll_back(done: Sequence[Done], staging: int, folders: Folders) -> bool:
    """Put everything back, the last first; whether all of it is as it was."""
    results = [_put_back(each, staging, folders) for each in reversed(done)]
    return all(results)


def _put_back(each: Done, staging: int, folders: Folders) -> bool:
    """Put one file back; one that somebody has changed since stays."""
    try:
        here = folders.enter(each.folder)
        if find_signature(each.name, here) != each.signature:
            return False
        if each.before is None:
            os.unlink(each.name, dir_fd=here)
        else:
            kept = each.kept or _write(each.before, staging)
            os.rename(kept, each.name, src_dir_fd=staging, dst_dir_fd=here)
    except (OSError, DiskError):
        return False
    return True


def _write(content: bytes, staging: int) -> str:
    file = os.open(_KEPT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644, dir_fd=staging)
    with os.fdopen(file, "wb") as stream:
        stream.write(content)
    return _KEPT
