"""Keys that a map has twice, or in two spellings: Helm reads one of them, and llmstack asks which is meant."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

from llmstack.finding import Route, at_route, show_route
from llmstack.migrate.comments import as_comment, comments_of
from llmstack.migrate.step import File, Step, make_step
from llmstack.values.edit import CannotEdit, apply_edits, comment_entry
from llmstack.values.layers import ALIASES, MODELS, models_in
from llmstack.values.source import read_source
from llmstack.values.syntax import Part, Spot

_OURS_ALONE = frozenset(("existingClaim", "repository", "tag"))
"""Other spellings that are none of the chart 0.1.12: it reads the key that they stand for."""

GIVEN_AGAIN = "given again below, and Helm reads the last"


def comment_duplicates(file: File) -> Iterator[Step]:
    """Yield a step for each entry whose key comes again in the same map: it becomes a comment in its place."""
    if not any(finding.id == "duplicate-key" for finding in file.source.findings):
        return
    for route, spot in _earlier(file.document.root, ()):
        lines = as_comment(file, spot, GIVEN_AGAIN)
        edits = partial(comment_entry, file.document, spot, lines)
        try:
            last = _last_value(file, route, spot, lines)
        except CannotEdit:
            last = None
        yield make_step(
            route,
            "keep one: Helm reads the last",
            edits,
            sets=[(route, last)],
            comments=(tuple(comments_of(file, spot)), tuple(lines)),
            said=f"a comment now where it stands first: {GIVEN_AGAIN}",
        )


def comment_other_spellings(file: File) -> Iterator[Step]:
    """Yield a step for each key that is given in two spellings: the one that the chart does not read is a comment."""
    for section, names in ALIASES.items():
        several = [number for number, _ in models_in(file.data)] if section[:2] == MODELS else [None]
        for number in several:
            at = section if number is None else (*MODELS, number, *section[3:])
            held = at_route(file.data, at)
            for name, target in names.items() if isinstance(held, dict) else ():
                if name in held and at_route(held, target) is not None:
                    idle, read = ((name,), target) if name in _OURS_ALONE else (target, (name,))
                    yield from _comment_spelling(file, (*at, *idle), show_route(read))


def _comment_spelling(file: File, route: Route, read: str) -> Iterator[Step]:
    spot = file.document.find(route)
    if spot is not None:
        why = f"another spelling of `{read}`, which the chart reads"
        lines = as_comment(file, spot, why)
        yield make_step(
            route,
            f"keep `{read}`",
            partial(comment_entry, file.document, spot, lines),
            deletes=[route],
            comments=(tuple(comments_of(file, spot)), tuple(lines)),
            said=f"a comment now: {why}",
        )


def _earlier(part: Part | None, route: Route) -> Iterator[tuple[Route, Spot]]:
    """The entries that a later one of the same map replaces; one at a time for each key."""
    if part is None:
        return
    if part.kind == "map":
        names = [key.resolved.text for key, _ in part.entries]
        for index, (key, value) in enumerate(part.entries):
            if key.kind == "scalar" and names[index] != "<<":
                if names[index] in names[index + 1 :] and names[index] not in names[:index]:
                    yield (*route, names[index]), Spot(part, index)
                elif names[index] not in names[:index]:
                    yield from _earlier(value, (*route, names[index]))
    for number, item in enumerate(part.items):
        yield from _earlier(item, (*route, number))


def _last_value(file: File, route: Route, spot: Spot, lines: list[str]) -> Any:
    """What stands at the route once the entry is a comment."""
    text = apply_edits(file.source.text, comment_entry(file.document, spot, lines))
    return at_route(read_source(file.source.path, text.encode()).data, route)
