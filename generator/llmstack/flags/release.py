"""vLLM release numbers, as images and people write them."""

from __future__ import annotations

import re

from msgspec import Struct

_RELEASE = re.compile(
    r"v?(?P<major>\d+)\.(?P<minor>\d+)(?:\.(?P<patch>\d+)(?:\.\d+)?)?"
    r"(?P<before>(?:\.?(?:dev|rc|a|b)\d*)?)(?:\.?post\d+)?(?=$|[-+_@])",
    re.IGNORECASE,
)
_INSIDE = re.compile(r"vllm[-_]?(?P<release>v?\d+\.\d+\.\d+(?:\.?(?:post|rc|dev)\d+)?)", re.IGNORECASE)


class Release(Struct, frozen=True):
    """Major, minor and patch; a post-release counts as its release, which has the same flags."""

    numbers: tuple[int, int, int]
    before: bool = False
    """A release candidate or a development build on the way to it."""
    patch_known: bool = True

    @property
    def minor(self) -> tuple[int, int]:
        """What names a line of releases: `0.11`."""
        return self.numbers[:2]


def read_release(text: str) -> Release:
    """`0.8.5.post1`, `v0.11.0` or `0.11` as numbers; raises ValueError for anything else."""
    release = find_release(text)
    if release is None:
        raise ValueError(f"`{text}` is not a vLLM release")
    return release


def find_release(tag: str) -> Release | None:
    """The release that a tag begins with (`v0.11.0-cu128`) or names (`rocm6.4_vllm_0.9.1`), if any."""
    match = _RELEASE.match(tag)
    if match is None:
        inside = _INSIDE.search(tag)
        return find_release(inside["release"]) if inside else None
    patch = match["patch"]
    return Release(
        (int(match["major"]), int(match["minor"]), int(patch or 0)),
        before=bool(match["before"]),
        patch_known=patch is not None,
    )
