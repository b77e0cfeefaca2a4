"""What another LMCache release changes: settings that go, that have another name, and defaults that move.

The data is `schemas/lmcache/settings.json`, described in the README there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from llmstack.engine.by_release import held_at
from llmstack.engine.upgrade import Item, show_default
from llmstack.flags.release import find_release, read_release

DATA = files("llmstack") / "schemas" / "lmcache" / "settings.json"
IMAGE = "lmcache/vllm-openai"
"""The image whose tags are LMCache's releases (docs.lmcache.ai, "Installation")."""
PREFIX = "LMCACHE_"


@cache
def _tables() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(DATA.read_bytes())
    return data


def releases() -> tuple[str, ...]:
    """The releases whose settings are at hand, oldest first."""
    return tuple(_tables()["releases"])


def release_of(repository: str, tag: str) -> str | None:
    """The known release that an image has; None for other images, and for releases that are not at hand."""
    found = find_release(tag.partition("@")[0]) if repository == IMAGE else None
    return known_release(found.numbers) if found is not None else None


def known_release(numbers: tuple[int, int, int]) -> str | None:
    """The release with these numbers, a post-release counting as its release; None for one that is not at hand."""
    return next((each for each in releases() if read_release(each).numbers == numbers), None)


def compare_settings(
    before: str, after: str, used: Collection[str] | None, given: Collection[str] = ()
) -> Iterator[Item]:
    """Yield what changes from one of `releases()` to another, by the names of LMCache: of the settings `used` by people
    (None: any of them) those that go or have another name, and defaults that move of what is not `given`."""
    for name in sorted({*_tables()["settings"], *_tables()["renamed"]}):
        old, new = _at("settings", name, before), _at("settings", name, after)
        if old is not None and new is not None and old != new and name not in given:
            yield _moved(name, old, new, after)
        elif used is None or name in used:
            yield from _named_anew(name, before, after)


def _named_anew(name: str, before: str, after: str) -> Iterator[Item]:
    """Yield whether a setting is not read any more, or under another name too."""
    variable, instead = f"{PREFIX}{name.upper()}", _at("renamed", name, after)
    was_read = _at("settings", name, before) is not None or _at("renamed", name, before) is not None
    if instead is not None and _at("renamed", name, before) is None and was_read:
        text = f"LMCache: {variable} is now {PREFIX}{str(instead).upper()}; the old name is still read."
        yield Item("deprecated", variable, "", "deprecated", after, text)
    elif _at("settings", name, after) is None and instead is None and was_read:
        yield Item("removed", variable, "read", "ignored", after, f"LMCache: {variable} is not read any more.")


def _moved(name: str, old: Mapping[str, Any], new: Mapping[str, Any], after: str) -> Item:
    variable = f"{PREFIX}{name.upper()}"
    was, now = (show_default(each["default"]) if "default" in each else "computed" for each in (old, new))
    return Item("default", variable, was, now, after, f"LMCache: {variable} is {now} by default; it was {was}.")


@cache
def _at(table: str, member: str, release: str) -> Any:
    return held_at(_tables(), table, member, release)
