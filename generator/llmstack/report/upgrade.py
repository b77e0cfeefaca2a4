"""What another release of vLLM, of LMCache or of the router changes, for people at a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.engine.lmcache import compare_settings
from llmstack.engine.router import compare_routers
from llmstack.engine.upgrade import Item, ItemKind, compare_releases
from llmstack.flags.match import Match

TITLES: Mapping[ItemKind, str] = {
    "removed": "Flags and settings that go",
    "deprecated": "Flags and settings that are deprecated",
    "default": "Defaults that move",
    "behaviour": "What no flag shows",
}
"""The kinds of change, in the order in which they are told."""


def upgrade_text(before: Match, after: Match) -> str:
    """Everything that changes from one release to another, whatever flags an engine is given."""
    return "\n".join(_lines(before, after)) + "\n"


def _lines(before: Match, after: Match) -> Iterator[str]:
    old, new = before.catalogue, after.catalogue
    yield f"vLLM {old.version} → {new.version}"
    for match in (before, after):
        if not match.exact:
            yield f"  ({match.reason})"
    yield from _told(compare_releases(old, new, None))


def lmcache_text(before: str, after: str) -> str:
    """The same for two releases of LMCache."""
    return "\n".join([f"LMCache {before} → {after}", *_told(tuple(compare_settings(before, after, None)))]) + "\n"


def router_text(before: str, after: str) -> str:
    """The same for two releases of the router, as far as the notes of its releases tell."""
    return "\n".join([f"router {before} → {after}", *_told(tuple(compare_routers(before, after, None)))]) + "\n"


def _told(items: Sequence[Item]) -> Iterator[str]:
    for kind, title in TITLES.items():
        found = [item for item in items if item.kind == kind]
        if found:
            yield f"{title}:"
            yield from (f"  {item.text}{_since(item.since, kind)}" for item in found)
    if not items:
        yield "  nothing that is known of"


def _since(since: str, kind: ItemKind) -> str:
    """Where the release that brought it is known, in brackets: flags are compared at both ends alone."""
    return f" ({since})" if kind == "behaviour" else ""
