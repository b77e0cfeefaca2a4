"""All that files of kubectl's output show of a cluster: what is there now, and what happened."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TypeVar

from msgspec import Struct

from llmstack.finding import Finding
from llmstack.observed.documents import Document, Source, read_documents
from llmstack.observed.read import read_thing
from llmstack.observed.things import Thing
from llmstack.observed.times import newest_time

T = TypeVar("T")


class Seen(Struct, frozen=True):
    """One object at one moment: as a snapshot or an event of a watch has it."""

    thing: Thing
    event: str = ""
    """ADDED, MODIFIED or DELETED; empty in a snapshot."""


class Observation(Struct, frozen=True):
    """What was seen, in the cluster's own order (resourceVersion), whatever the order of files and items."""

    history: tuple[Seen, ...]
    """What differs from one sight of an object to the next; the last of each is its state now."""
    newest: datetime | None
    """The latest moment that anything in it speaks of."""
    kinds: frozenset[str]
    """All kinds of objects that there were, those too of which nothing counts."""
    findings: tuple[Finding, ...]

    def now(self, type: type[T]) -> tuple[T, ...]:
        """The things of a type that are there, by kind, namespace and name."""
        last = {_key(seen): seen for seen in self.history}
        there = (seen.thing for _, seen in sorted(last.items()) if seen.event != "DELETED")
        return tuple(thing for thing in there if isinstance(thing, type))

    def all_of(self, type: type[T]) -> Iterator[T]:
        """Every sight of things of a type, those that are gone too."""
        return (seen.thing for seen in self.history if isinstance(seen.thing, type))


def observe(sources: Iterable[Source]) -> Observation:
    """Read files of kubectl's output, several of the same cluster; what cannot be read is a finding.

    The same objects in any order, and in any number of files, give the same observation.
    """
    sights: list[Seen] = []
    findings: list[Finding] = []
    kinds: set[str] = set()
    newest: datetime | None = None
    for each in (each for source in sources for each in read_documents(source)):
        if not isinstance(each, Document):
            findings.append(each)
            continue
        kind = each.data.get("kind")
        kinds |= {kind} if isinstance(kind, str) and kind else set()
        thing = read_thing(each.data)
        if thing is not None:
            sights.append(Seen(thing, each.event))
            newest = max(filter(None, (newest, newest_time(each.data))), default=None)
    return Observation(_changes(sights), newest, frozenset(kinds), tuple(findings))


def _changes(sights: list[Seen]) -> tuple[Seen, ...]:
    """The sights in their order, without those that show an object as it was before."""
    last: dict[tuple[str, str, str], Seen] = {}
    kept = []
    for seen in sorted(sights, key=_place):
        before = last.get(_key(seen))
        same = before is not None and before.thing == seen.thing
        if same and (before is None or (before.event == "DELETED") == (seen.event == "DELETED")):
            continue
        last[_key(seen)] = seen
        kept.append(seen)
    return tuple(kept)


def _key(seen: Seen) -> tuple[str, str, str]:
    return seen.thing.meta.key


def _place(seen: Seen) -> tuple[int, tuple[str, str, str], bool, str]:
    """Where a sight comes; one without a version by what it shows, so that the order of files plays no part."""
    meta = seen.thing.meta
    return meta.version, meta.key, seen.event == "DELETED", "" if meta.version else repr(seen.thing)
