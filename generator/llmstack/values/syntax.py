"""The text of a values file as spans: where each key, value, item and comment begins and ends.

`values/source.py` says what a file means; this says which characters say it, so that an edit can replace
those and leave all others alone. Aliases stay aliases here, and merge keys are followed when a route is
looked up.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct, field

from llmstack import yamlio
from llmstack.finding import Route

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)*")
_COMMENT = re.compile(r"(?:(?<=[ \t\r\n])|\A)#[^\r\n]*")
_BLOCK_SCALARS = ("|", ">")


class Part(Struct, eq=False):
    """A node of the text. `start` is its first character, `body` the first after an anchor; `end` is past
    its last one, line breaks that end it left out."""

    kind: Literal["scalar", "map", "list", "alias"]
    start: int
    body: int
    end: int
    column: int
    flow: bool = False
    """A collection in brackets; a block collection has no characters of its own."""
    style: str = ""
    text: str = ""
    """A scalar's value."""
    target: Part | None = None
    entries: list[tuple[Part, Part]] = field(default_factory=list)
    items: list[Part] = field(default_factory=list)
    names: dict[str, int] | None = None
    """Where each key of a map stands first, once it was asked for."""

    @property
    def resolved(self) -> Part:
        """The part that an alias stands for, any other part itself."""
        return self.target.resolved if self.target is not None else self


class Spot(Struct, frozen=True):
    """Where a route ends: an entry of a map, or an item of a list, that stands in the text."""

    holder: Part
    index: int

    @property
    def key(self) -> Part:
        """The entry's key; only for a holder that is a map."""
        return self.holder.entries[self.index][0]

    @property
    def value(self) -> Part:
        return self.holder.entries[self.index][1] if self.holder.kind == "map" else self.holder.items[self.index]


class Document(Struct, frozen=True):
    """A file's text and its parts; `root` is None where there is nothing but comments."""

    text: str
    root: Part | None
    comments: tuple[tuple[int, int], ...]

    def find(self, route: Route) -> Spot | None:
        """The spot of a route, through aliases and merge keys; None when it is not there."""
        here, spot = self.root, None
        for step in route:
            spot = _step(here.resolved, step) if here is not None else None
            if spot is None:
                return None
            here = spot.value
        return spot

    def part(self, route: Route) -> Part | None:
        """The value at a route, aliases resolved; the root for the empty one."""
        spot = self.find(route)
        found = spot.value if spot is not None else self.root if not route else None
        return found.resolved if found is not None else None

    def comments_in(self, start: int, end: int) -> list[str]:
        """The texts of the comments that begin in a stretch."""
        first, last = (bisect_left(self.comments, (at, at)) for at in (start, end))
        return [self.text[at:to] for at, to in self.comments[first:last]]

    def before(self, at: int) -> int:
        """The position past the last character before `at` that is neither white space nor in a comment."""
        while True:
            at = _strip_end(self.text, at)
            number = bisect_left(self.comments, (at, at)) - 1
            if number < 0 or self.comments[number][1] != at:
                return at
            at = self.comments[number][0]

    def line_start(self, at: int) -> int:
        return self.text.rfind("\n", 0, at) + 1

    def line_end(self, at: int) -> int:
        """The end of the line's text, its line break left out."""
        end = self.text.find("\n", at)
        end = len(self.text) if end < 0 else end
        return end - 1 if end > at and self.text[end - 1] == "\r" else end

    def line_break(self, at: int) -> str:
        """The line break that the file uses around `at`."""
        end = self.text.find("\n", at)
        end = self.text.find("\n") if end < 0 else end
        return "\r\n" if end > 0 and self.text[end - 1] == "\r" else "\n"


def read_document(text: str) -> Document:
    """The parts of a text that `values/source.py` has read without an error of syntax."""
    builder = _Builder(text)
    for event in yamlio.scan(text):
        builder.take(event)
    return Document(text, builder.root, tuple(_comments(text, builder.scalars)))


def own_routes(document: Document) -> dict[int, Route]:
    """The route at which each map and list is written, by its identity, wherever aliases have it stand as well."""
    found: dict[int, Route] = {}
    pending: list[tuple[Part, Route]] = [(document.root, ())] if document.root is not None else []
    while pending:
        part, route = pending.pop()
        found[id(part)] = route
        pending += [(value, (*route, key.resolved.text)) for key, value in part.entries]
        pending += [(item, (*route, number)) for number, item in enumerate(part.items)]
    return found


class _Builder:
    """Builds the parts from the parser's events."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.root: Part | None = None
        self.scalars: list[Part] = []
        self.anchors: dict[str, Part] = {}
        self.open: list[Part] = []
        self.names: list[str | None] = []
        self.keys: list[Part | None] = []

    def take(self, event: Any) -> None:
        kind = event.__class__
        if kind is yamlio.ScalarEvent:
            part = self.scalar(event)
            self.name(event.anchor, part)
            self.add(part)
        elif kind is yamlio.AliasEvent:
            start, end = event.start_mark, event.end_mark
            target = self.anchors.get(event.anchor)
            self.add(Part("alias", start.index, start.index, end.index, start.column, target=target))
        elif kind is yamlio.MappingStartEvent or kind is yamlio.SequenceStartEvent:
            part = self.part("map" if kind is yamlio.MappingStartEvent else "list", event)
            part.flow = bool(event.flow_style)
            self.open.append(part)
            self.names.append(event.anchor)
            self.keys.append(None)
        elif isinstance(event, yamlio.CollectionEndEvent):
            self.close(event)

    def part(self, kind: Literal["scalar", "map", "list"], event: Any) -> Part:
        start = event.start_mark.index
        match = _PROPERTIES.match(self.text, start) if event.anchor or event.tag else None
        body = match.end() if match is not None else start
        return Part(kind, start, body, event.end_mark.index, event.start_mark.column)

    def scalar(self, event: Any) -> Part:
        part = self.part("scalar", event)
        part.style = event.style or ""
        part.text = event.value
        part.body = min(part.body, part.end)
        if part.style in _BLOCK_SCALARS:
            part.end = part.body + len(self.text[part.body : part.end].rstrip())
        self.scalars.append(part)
        return part

    def name(self, anchor: str | None, part: Part) -> None:
        if anchor:
            self.anchors[anchor] = part

    def close(self, event: Any) -> None:
        part = self.open.pop()
        self.keys.pop()
        self.name(self.names.pop(), part)
        last = part.entries[-1][1] if part.entries else part.items[-1] if part.items else None
        part.end = event.end_mark.index if part.flow or last is None else max(last.end, _key_end(part))
        if not part.flow and part.kind == "map" and part.entries:
            part.body, part.column = part.entries[0][0].start, part.entries[0][0].column
        self.add(part)

    def add(self, part: Part) -> None:
        if not self.open:
            self.root = part
            return
        holder = self.open[-1]
        if holder.kind == "list":
            holder.items.append(part)
        elif self.keys[-1] is None:
            self.keys[-1] = part
        else:
            key, self.keys[-1] = self.keys[-1], None
            holder.entries.append((key, part))


def _strip_end(text: str, at: int) -> int:
    while at > 0 and text[at - 1].isspace():
        at -= 1
    return at


def _key_end(part: Part) -> int:
    return part.entries[-1][0].end if part.entries else part.start


def _step(here: Part, step: str | int) -> Spot | None:
    if isinstance(step, int):
        return Spot(here, step) if here.kind == "list" and step < len(here.items) else None
    return next(_entries(here, step), None) if here.kind == "map" else None


def _entries(here: Part, name: str) -> Iterator[Spot]:
    """Yield the entries of that name: the map's own first one, then those that merge keys bring."""
    if here.names is None:
        here.names = {key.resolved.text: index for index, (key, _) in reversed(list(enumerate(here.entries)))}
    index = here.names.get(name)
    if index is not None and not _merges(here.entries[index][0]):
        yield Spot(here, index)
    if "<<" in here.names:
        for other in _merged(here):
            yield from _entries(other, name)


def _merges(key: Part) -> bool:
    return key.kind == "scalar" and key.text == "<<" and not key.style


def _merged(here: Part) -> Iterator[Part]:
    """Yield the maps that the merge keys of a map bring, in order."""
    for key, value in here.entries:
        if _merges(key):
            brought = value.resolved
            yield from (item.resolved for item in brought.items) if brought.kind == "list" else (brought,)


def _comments(text: str, scalars: list[Part]) -> Iterator[tuple[int, int]]:
    """Yield the spans of comments: outside of scalars, save in the first line of a block scalar."""
    at = 0
    for scalar in [*scalars, None]:
        until = scalar.start if scalar is not None else len(text)
        yield from (match.span() for match in _COMMENT.finditer(text, at, until))
        if scalar is None:
            return
        at = scalar.end
        if scalar.style in _BLOCK_SCALARS:
            head = re.compile(r"[^\r\n]*").match(text, scalar.body)
            assert head is not None
            yield from (match.span() for match in _COMMENT.finditer(text, scalar.body, head.end()))
