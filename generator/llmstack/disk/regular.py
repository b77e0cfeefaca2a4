"""A file of the repository, read only when it is one: a regular file below the root, of bounded size.

A link is followed where it leads to such a file. A pipe or a device is never opened for reading, so that nothing waits
for it; a folder, a socket, a link out of the repository and a file that is too large are refused as fast.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from llmstack.disk.listing import read_rest
from llmstack.errors import IrregularFileError

MAX_BYTES = 16 * 1024 * 1024
"""How large a file may be that is read whole: values, overlays, manifests, certificates."""

_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_regular(root: Path, path: str) -> bytes | None:
    """Return the content of the file at `path` below `root`; None when nothing is there, a link to nowhere included.

    Raises IrregularFileError for what is no regular file, lies outside of `root` or in its `.git`, or has more than
    MAX_BYTES, and OSError for what cannot be read.
    """
    return read_any_regular(root / resolve_links(root, path))


def read_file_of_tree(root: Path, path: str) -> bytes | None:
    """The same, None for a folder too: what a reference of kustomize leads to may be either."""
    target = root / resolve_links(root, path)
    return None if target.is_dir() else read_any_regular(target)


def resolve_links(root: Path, path: str) -> str:
    """Return the path from `root` that is left of `path` when links are followed.

    Raises IrregularFileError where that is outside of `root` or in its `.git`.
    """
    top = os.path.realpath(root)
    target = os.path.realpath(os.path.join(top, path))
    relative = os.path.relpath(target, top)
    if relative.split(os.sep)[0] == os.pardir:
        raise IrregularFileError("a link that leads out of the repository" if _is_inside(path) else "outside of it")
    if ".git" in relative.split(os.sep):
        raise IrregularFileError("a part of Git's own folder")
    return relative


def read_any_regular(file: Path) -> bytes | None:
    """The same for a file anywhere on the machine, which the user named."""
    try:
        _check(os.stat(file))
        descriptor = os.open(os.path.realpath(file), os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise IrregularFileError("a link that leads to itself") from error
        raise
    try:
        _check(os.fstat(descriptor))
        return read_rest(descriptor, MAX_BYTES)
    finally:
        os.close(descriptor)


def _is_inside(path: str) -> bool:
    return not os.path.isabs(path) and not os.path.normpath(path).startswith("..")


def _check(found: os.stat_result) -> None:
    for is_kind, name in _KINDS:
        if is_kind(found.st_mode):
            raise IrregularFileError(name)
    if found.st_size > MAX_BYTES:
        raise IrregularFileError(f"{found.st_size} bytes large, and {MAX_BYTES} are the most that is read")
