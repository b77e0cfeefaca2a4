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
import time
from collections.abc import Collection, Iterator
from pathlib import Path

TICK = 2_000_000_000
"""Nanoseconds within which two changes may bear the same time: FAT keeps two seconds, other file systems less."""


def read_state(root: Path, folders: Collection[str], skip: Collection[str] = ()) -> str | None:
    """Return a digest of everything below some folders of `root`, folders of the names in `skip` left out.

    None where that would not tell: something changed within the last tick, or is a link, whose target may be anywhere.
    """
    digest = hashlib.blake2b(digest_size=32)
    last = time.time_ns() - TICK
    try:
        for line, changed in _marks(os.fspath(root), list(folders), skip):
            if changed > last:
                return None
            digest.update(line.encode("utf-8", "surrogateescape"))
    except OSError:
        return None
    return digest.hexdigest()


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


def _marks(root: str, waiting: list[str], skip: Collection[str]) -> Iterator[tuple[str, int]]:
    """A line for each folder and file, and when it changed last; raises OSError for a link."""
    while waiting:
        folder = waiting.pop()
        try:
            with os.scandir(f"{root}/{folder}") as entries:
                found = sorted(entries, key=lambda entry: entry.name)
        except FileNotFoundError:
            yield f"{folder}\0is not there\n", 0
            continue
        yield f"{folder}\0folder\n", 0
        for entry in found:
            if entry.is_dir(follow_symlinks=False):
                if entry.name not in skip:
                    waiting.append(f"{folder}/{entry.name}")
                continue
            kept = entry.stat(follow_symlinks=False)
            if not stat.S_ISREG(kept.st_mode):
                raise OSError(f"{entry.path} is no regular file")
            yield f"{folder}/{entry.name}\0{_mark(kept)}\n", kept.st_ctime_ns


def _mark(found: os.stat_result) -> str:
    return f"{found.st_mode} {found.st_size} {found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}"
