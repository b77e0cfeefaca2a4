"""Edits of a file's text: a key is renamed, a value replaced, entries and items are taken out or put in.

Each function returns the edits that do it and touch nothing else: quotes, order, blank lines and line breaks
stay, and a comment that stood in what is taken out stays in a line of its own. What a text edit cannot do is
the exception `CannotEdit`. That an edit means what it should is not promised here: whoever applies edits reads
the result again and compares.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence

from msgspec import Struct

from llmstack.finding import Route
from llmstack.values.syntax import Document, Part, Spot

BLOCK_STYLES = ("|", ">")
_SPACES = re.compile(" *")


class CannotEdit(Exception):
    """The text at this place is written in a way that no small edit can change."""


class Edit(Struct, frozen=True):
    """Put `text` in the place of the characters from `start` to `end`."""

    start: int
    end: int
    text: str


def apply_edits(text: str, edits: Iterable[Edit]) -> str:
    """Return the text with all edits made. Raises CannotEdit when two of them overlap."""
    parts, at = [], 0
    for edit in sorted(edits, key=lambda edit: (edit.start, edit.end)):
        if edit.start < at:
            raise CannotEdit
        parts += [text[at : edit.start], edit.text]
        at = edit.end
    return "".join([*parts, text[at:]])


def find_spot(document: Document, route: Route) -> Spot:
    """The spot of a route. Raises CannotEdit when it is not in the text."""
    spot = document.find(route)
    if spot is None:
        raise CannotEdit
    return spot


def find_holder(document: Document, route: Route) -> Part:
    """The map or list at a route. Raises CannotEdit when there is none."""
    part = document.part(route)
    if part is None or part.kind not in ("map", "list"):
        raise CannotEdit
    return part


def rename_key(spot: Spot, name: str) -> list[Edit]:
    """`name` for the entry's key, in the quotes that are there."""
    key = spot.key
    if key.kind != "scalar" or key.style in BLOCK_STYLES:
        raise CannotEdit
    return [Edit(key.body, key.end, f"{key.style}{name}{key.style}")]


def replace_value(document: Document, value: Part, text: str) -> list[Edit]:
    """`text`, in one line, for a scalar or an alias; a comment beside a block scalar's sign stays.

    An anchor on the value goes with it.
    """
    if value.kind not in ("scalar", "alias"):
        raise CannotEdit
    if value.start == value.end:
        return [Edit(value.start, value.end, f" {text}")]
    inside = document.comments_in(value.start, value.end)
    return [Edit(value.start, value.end, "  ".join([text, *inside]))]


def remove_entries(
    document: Document, holder: Part, indices: Collection[int], *, comments: bool = True, filled: bool = False
) -> list[Edit]:
    """Take entries out of a map; one that is left empty is `{}`, unless it is `filled` by other edits.

    `comments` False drops the comments inside what is taken out.
    """
    if holder.flow:
        return _remove_flow(document, holder, indices)
    emptied = len(indices) == len(holder.entries) and not filled
    edits = [_insert_empty(document, holder, "{}")] if emptied else []
    for index in sorted(indices):
        start, end = _span(holder, index)
        if document.text[document.line_start(start) : start].strip(" "):
            is_followed = index + 1 < len(holder.entries) and index + 1 not in indices
            following = _span(holder, index + 1)[0] if is_followed else None
            edits.append(_remove_after_dash(document, start, end, following))
        else:
            edits.append(_remove_lines(document, start, end, comments=comments))
    return edits


def comment_entry(document: Document, spot: Spot, lines: Sequence[str]) -> list[Edit]:
    """Comments in the place of an entry of a block map, or above the line of one in brackets; a map that is left
    empty is `{}`."""
    holder = spot.holder
    if holder.kind == "map" and holder.flow:
        return comment_in_brackets(document, [spot], lines)
    if (
        holder.kind != "map"
        or spot.key.start != spot.key.body
        or (holder.start != holder.body and len(holder.entries) == 1)
    ):
        raise CannotEdit
    start, end = spot.key.start, document.line_end(max(spot.key.end, spot.value.end))
    edits = [_insert_empty(document, holder, "{}")] if len(holder.entries) == 1 else []
    below = document.line_break(start) + " " * holder.column
    return [*edits, Edit(start, end, below.join(lines))]


def comment_in_brackets(document: Document, spots: Sequence[Spot], lines: Sequence[str]) -> list[Edit]:
    """Comments above the line of the first of some entries of one map in brackets, which are taken out."""
    at = document.line_start(min(spot.key.start for spot in spots))
    indent = document.text[at : at + _indent(document, at)]
    above = "".join(f"{indent}{line}{document.line_break(at)}" for line in lines)
    return [Edit(at, at, above), *remove_entries(document, spots[0].holder, [spot.index for spot in spots])]


def remove_items(document: Document, holder: Part, indices: Collection[int]) -> list[Edit]:
    """Take items out of a list; one that is left empty is `[]`."""
    if holder.flow:
        return _remove_flow(document, holder, indices)
    edits = [] if len(indices) < len(holder.items) else [_insert_empty(document, holder, "[]")]
    for index in sorted(indices):
        item = holder.items[index]
        dash = find_dash(document, item)
        if document.text[document.line_start(dash) : dash].strip(" "):
            raise CannotEdit
        edits.append(_remove_lines(document, dash, max(item.end, dash + 1), comments=True))
    return edits


def insert_first(document: Document, holder: Part, entries: Mapping[str, str]) -> list[Edit]:
    """Entries, each a key and a text in one line, as the first ones of a map."""
    pairs = [f"{key}: {text}" for key, text in entries.items()]
    if holder.flow:
        return [Edit(holder.body + 1, holder.body + 1, ", ".join([*pairs, ""] if holder.entries else pairs))]
    at = holder.entries[0][0].start
    return [Edit(at, at, _next_line(document, at, holder.column).join([*pairs, ""]))]


def insert_last(
    document: Document, holder: Part, entries: Mapping[str, str], *, avoid: Collection[str] = ()
) -> list[Edit]:
    """Entries as the last ones of a map, but not right behind a key to `avoid`: other edits take lines out there."""
    steady = [pair for pair in holder.entries if pair[0].resolved.text not in avoid]
    if not steady:
        return insert_first(document, holder, entries)
    pairs = [f"{key}: {text}" for key, text in entries.items()]
    end = max(part.end for part in steady[-1])
    if holder.flow:
        return [Edit(end, end, ", ".join(["", *pairs]))]
    at = document.line_end(end)
    return [Edit(at, at, _next_line(document, at, holder.column).join(["", *pairs]))]


def append_item(document: Document, holder: Part, text: str) -> list[Edit]:
    """`text` as the last item of a list."""
    if not holder.items:
        return [Edit(holder.body + 1, holder.body + 1, text)]
    end = holder.items[-1].end
    if holder.flow:
        return [Edit(end, end, f", {text}")]
    dash = find_dash(document, holder.items[-1])
    at, indent = document.line_end(max(end, dash)), " " * (dash - document.line_start(dash))
    return [Edit(at, at, f"{document.line_break(at)}{indent}- {text}")]


def find_dash(document: Document, item: Part) -> int:
    """The position of the `-` that an item of a block list stands behind."""
    dash = document.before(item.start) - 1
    if dash < 0 or document.text[dash] != "-":
        raise CannotEdit
    return dash


def remove_routes(document: Document, routes: Iterable[Route]) -> list[Edit]:
    """Take entries and items out, wherever aliases and merge keys have them stand."""
    holders: dict[int, tuple[Part, set[int]]] = {}
    for route in routes:
        spot = find_spot(document, route)
        holders.setdefault(id(spot.holder), (spot.holder, set()))[1].add(spot.index)
    return [
        edit
        for holder, indices in holders.values()
        for edit in (remove_entries if holder.kind == "map" else remove_items)(document, holder, indices)
    ]


def shift_lines(document: Document, start: int, end: int) -> list[Edit]:
    """Two more columns for every line that begins in a stretch and is not blank."""
    edits = []
    at = document.text.find("\n", start) + 1
    while 0 < at < end:
        if document.text[at : document.line_end(at)].strip():
            edits.append(Edit(at, at, "  "))
        at = document.text.find("\n", at) + 1
    return edits


def _next_line(document: Document, at: int, column: int) -> str:
    return document.line_break(at) + " " * column


def _indent(document: Document, at: int) -> int:
    """How many spaces the line that begins at a position begins with."""
    spaces = _SPACES.match(document.text, at)
    return spaces.end() - at if spaces else 0


def _insert_empty(document: Document, holder: Part, text: str) -> Edit:
    at = document.before(holder.body if holder.kind == "map" else find_dash(document, holder.items[0]))
    return Edit(at, at, f" {text}")


def _remove_lines(document: Document, start: int, end: int, *, comments: bool) -> Edit:
    """Take out the lines from `start` to `end`, comments in them kept."""
    first, last = document.line_start(start), document.line_end(end)
    kept = document.comments_in(start, last) if comments else []
    after = document.text.find("\n", last) + 1 or len(document.text)
    indent, ending = document.text[first:start], document.text[last:after]
    return Edit(first, after, "".join(f"{indent}{comment}{ending}" for comment in kept))


def _remove_after_dash(document: Document, start: int, end: int, following: int | None) -> Edit:
    """Take out an entry that shares its line with the dash before it: what follows moves up, where it can."""
    if inside := document.comments_in(start, end):
        if len(inside) > 1:
            raise CannotEdit
        return Edit(document.before(start), end, f"  {inside[0]}")
    if following is not None and not document.comments_in(start, following):
        return Edit(start, following, "")
    return Edit(document.before(start), end, "")


def _remove_flow(document: Document, holder: Part, indices: Collection[int]) -> list[Edit]:
    """Take out children of a collection in brackets, each with one comma."""
    count = len(holder.entries if holder.kind == "map" else holder.items)
    if len(indices) == count:
        return [_blank(document, holder.body + 1, holder.end - 1)]
    edits = []
    for first, last in _runs(indices):
        if last + 1 < count:
            edits.append(_blank(document, _span(holder, first)[0], _span(holder, last + 1)[0]))
        else:
            edits.append(_blank(document, _span(holder, first - 1)[1], _span(holder, last)[1]))
    return edits


def _span(holder: Part, index: int) -> tuple[int, int]:
    """Where a child of a collection begins and ends."""
    if holder.kind == "map":
        key, value = holder.entries[index]
        return key.start, max(key.end, value.end)
    return holder.items[index].start, holder.items[index].end


def _blank(document: Document, start: int, end: int) -> Edit:
    """Take out a stretch inside brackets; its comments keep a line each."""
    comments = document.comments_in(start, end)
    if not comments:
        return Edit(start, end, "")
    ending = document.line_break(start) + " " * (start - document.line_start(start))
    return Edit(start, end, "".join(f" {comment}{ending}" for comment in comments))


def _runs(indices: Collection[int]) -> list[tuple[int, int]]:
    """Neighbouring indices as (first, last)."""
    runs: list[tuple[int, int]] = []
    for index in sorted(indices):
        if runs and runs[-1][1] == index - 1:
            runs[-1] = (runs[-1][0], index)
        else:
            runs.append((index, index))
    return runs
