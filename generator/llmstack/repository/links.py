"""Symbolic links of a tree that is no folder on a disk: where a path leads when they are followed."""

from __future__ import annotations

from collections.abc import Mapping

from llmstack.errors import IrregularFileError

_MOST = 40
"""Links on the way of one path; Linux gives up there too (path_resolution(7))."""


def follow_links(path: str, links: Mapping[str, str]) -> str:
    """The path that is left of `path` when `links`, targets by path, are followed as realpath(3) does.

    Raises IrregularFileError, in the words of `disk.regular`, where that is outside of the tree or in its `.git`.
    """
    waiting, done, followed = path.split("/")[::-1], list[str](), 0
    while waiting:
        step = waiting.pop()
        target = links.get("/".join([*done, step]))
        if target is not None:
            followed += 1
            if followed > _MOST:
                raise IrregularFileError("a link that leads to itself")
            waiting += target.split("/")[::-1]
        if (target or "").startswith("/") or (step == ".." and not done):
            raise IrregularFileError("a link that leads out of the repository")
        if step == "..":
            done.pop()
        elif target is None and step not in ("", "."):
            done.append(step)
    if ".git" in done:
        raise IrregularFileError("a part of Git's own folder")
    return "/".join(done)
