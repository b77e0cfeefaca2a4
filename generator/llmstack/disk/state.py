"""What is on disk, told apart without reading it: by what the file system keeps of each file.

A file whose inode, size, times and mode are what they were holds what it held. That is Git's rule for its index, and so
is its exception (Git's Documentation/technical/racy-git.txt): a file that changed just now may change once more within
one tick of the clock, so nothing is said of it. The time of the last change of the inode cannot be set, so a file that
was edited and given its old size and time back is another one.
"""

from __future__ import annotations

import hashlib
import os
import stat
import sys
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

TICK = 2_000_000_000
"""Nanoseconds within which two changes may bear the same time: FAT keeps two seconds, other file systems less."""


def read_state(root: Path, folders: Collection[str], skip: Collection[str] = ()) -> str | None:
    """Return a digest of everything below some folders of `root`, folders of the names in `skip` left out.

    None where that would not tell: something changed within the last tick, or is a link, whose target may be anywhere.
    """
    return read_states(root, folders, lambda path: "", skip)[""]


def read_states(
    root: Path, folders: Collection[str], part_of: Callable[[str], str], skip: Collection[str] = ()
) -> dict[str, str | None]:
    """The same in parts, each with a digest of its own: `part_of` tells the part of a path."""
    digests: dict[str, hashlib.blake2b] = {}
    unsure: set[str] = set()
    last = time.time_ns() - TICK
    for path, mark, changed in _marks(os.fspath(root), folders, skip):
        part = part_of(path)
        digest = digests.get(part) or digests.setdefault(part, hashlib.blake2b(digest_size=32))
        digest.update(f"{path}\0{mark}\n".encode("utf-8", "surrogateescape"))
        if changed > last:
            unsure.add(part)
    return {part: None if part in unsure else digest.hexdigest() for part, digest in digests.items()}


def mark_file(file: str | Path) -> str | None:
    """Return what tells one file from what it was, links followed; empty where nothing is, None where that would not
    tell."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return ""
    except OSError:
        return None
    return _mark(found) if found.st_ctime_ns <= time.time_ns() - TICK else None


_ALWAYS = sys.maxsize
"""When something changed that cannot be told apart from what it was: a link, or a folder that cannot be listed."""


def _marks(root: str, folders: Collection[str], skip: Collection[str]) -> Iterator[tuple[str, str, int]]:
    """The path, the mark, and the time of the last change of each folder and file."""
    linked = {folder for folder in folders if os.path.islink(f"{root}/{folder}")}
    yield from ((folder, "a link", _ALWAYS) for folder in sorted(linked))
    waiting = [folder for folder in folders if folder not in linked]
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(f"{root}/{folder}") as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            yield folder, "is not there", 0
            continue
        except OSError:
            yield folder, "cannot be listed", _ALWAYS
            continue
        yield folder, "folder", 0
        for entry in found:
            path = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in skip:
                    waiting.append(path)
                continue
            yield path, *_look_at(entry)


def _look_at(entry: os.DirEntry[str]) -> tuple[str, int]:
    """The mark of a file, and when it changed last."""
    try:
        kept = entry.stat(follow_symlinks=False)
    except OSError:
        return "", _ALWAYS
    return (_mark(kept), kept.st_ctime_ns) if stat.S_ISREG(kept.st_mode) else ("", _ALWAYS)


def _mark(found: os.stat_result) -> str:
    return f"{found.st_mode} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
