"""What is on disk below the folders of a run, without following a symbolic link."""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Collection, Iterable
from itertools import accumulate
from pathlib import Path, PurePosixPath

from msgspec import Struct, field

from llmstack.disk.error import DiskError, reason_of


class Listing(Struct):
    """All that is there, as paths relative to the root."""

    files: set[str] = field(default_factory=set)
    folders: set[str] = field(default_factory=set)
    links: set[str] = field(default_factory=set)
    others: set[str] = field(default_factory=set)
    """Neither file, folder nor link: a socket, a pipe, a device."""
    empty: set[str] = field(default_factory=set)
    """Folders with nothing in them."""

    def link_on_the_way(self, path: str) -> str | None:
        """The symbolic link at or above `path`, if there is one."""
        return next((link for link in self.links if path == link or path.startswith(link + "/")), None)


def list_tree(root: Path, scopes: Collection[str], wanted: Iterable[str]) -> Listing:
    """List everything in `scopes`, and whatever is at or above the paths of `wanted` outside of them.

    A path that is not there is in no set. Raises DiskError for a folder that cannot be listed, and ValueError
    for a path that is not a plain relative one.
    """
    listing = Listing()
    tops = [scope for scope in sorted(set(scopes)) if _check(scope)]
    for top in tops:
        _enter_parents(root, top, listing)
        if top in listing.folders and not any(top.startswith(f"{other}/") for other in tops):
            _walk(root, top, listing)
    prefixes = tuple(f"{top}/" for top in tops)
    for path in wanted:
        if _check(path) and not path.startswith(prefixes):
            _enter_parents(root, path, listing)
    return listing


def _check(path: str) -> bool:
    pure = PurePosixPath(path)
    if not path or pure.is_absolute() or str(pure) != path or path == "." or {"..", ".git"} & set(pure.parts):
        raise ValueError(f"not a path below the root: {path!r}")
    return True


def _enter_parents(root: Path, path: str, listing: Listing) -> None:
    """Look at `path` and all folders above it, as far as they are there."""
    for here in accumulate(path.split("/"), "{}/{}".format):
        if here in listing.folders:
            continue
        try:
            mode = os.lstat(root / here).st_mode
        except (FileNotFoundError, NotADirectoryError):
            return
        except OSError as error:
            raise DiskError(here, f"cannot be read: {reason_of(error)}") from error
        _kind_of(mode, listing).add(here)
        if not stat.S_ISDIR(mode):
            return


def _kind_of(mode: int, listing: Listing) -> set[str]:
    if stat.S_ISLNK(mode):
        return listing.links
    if stat.S_ISDIR(mode):
        return listing.folders
    return listing.files if stat.S_ISREG(mode) else listing.others


def _walk(root: Path, top: str, listing: Listing) -> None:
    base = f"{root}/"
    waiting = [top]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(base + folder) as entries:
                found = list(entries)
        except OSError as error:
            raise DiskError(folder, f"cannot be listed: {reason_of(error)}") from error
        if not found:
            listing.empty.add(folder)
        for entry in found:
            path = f"{folder}/{entry.name}"
            if entry.is_symlink():
                listing.links.add(path)
            elif entry.is_dir(follow_symlinks=False):
                listing.folders.add(path)
                waiting.append(path)
            elif entry.is_file(follow_symlinks=False):
                listing.files.add(path)
            else:
                listing.others.add(path)


_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK = 1 << 16
"""Bytes to ask for at a time: for 1 MiB the kernel maps and clears pages anew at each read, and files are small."""


def read_if_other(path: str, expected: bytes) -> bytes | None:
    """Return a file's content, None when it is exactly `expected`. Raises OSError; follows no symlink."""
    descriptor = os.open(path, _FLAGS)
    try:
        content = os.read(descriptor, len(expected) + 1)
        return None if content == expected else content + read_rest(descriptor)
    finally:
        os.close(descriptor)


def read_file(path: str, *, limit: int | None = None) -> bytes:
    """Return a file's content, or its first `limit` bytes. Raises OSError; does not follow a symlink."""
    descriptor = os.open(path, _FLAGS)
    try:
        return os.read(descriptor, limit) if limit is not None else read_rest(descriptor)
    finally:
        os.close(descriptor)


def read_rest(descriptor: int, limit: int | None = None) -> bytes:
    """Return what is left to read of an open file, up to `limit` bytes. Raises OSError."""
    parts = []
    left = limit if limit is not None else sys.maxsize
    while left > 0 and (part := os.read(descriptor, min(left, _CHUNK))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
