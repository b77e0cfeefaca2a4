"""Older spellings of keys, to the ones that llmstack's documents use; `values/layers.py` has the table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial

from llmstack import yamlio
from llmstack.finding import Route, at_route
from llmstack.migrate.step import File, Step, make_step
from llmstack.values.edit import (
    CannotEdit,
    Edit,
    insert_last,
    remove_entries,
    rename_key,
    shift_lines,
)
from llmstack.values.layers import ALIASES, MODELS, models_in
from llmstack.values.syntax import Document, Part, Spot


def rename_sections(file: File) -> Iterator[Step]:
    """Yield a step for each section at the top of the file that has another spelling."""
    yield from _rename(file, (), ALIASES[()])


def rename_keys(file: File) -> Iterator[Step]:
    """Yield the steps for the keys inside sections: renamed, or moved into the map they belong to."""
    for section, names in ALIASES.items():
        if section[:3] == (*MODELS, "*"):
            for number, _ in models_in(file.data):
                yield from _rename(file, (*MODELS, number, *section[3:]), names)
                yield from _nest(file, (*MODELS, number, *section[3:]), names)
        elif section:
            yield from _rename(file, section, names)
            yield from _nest(file, section, names)


def _rename(file: File, section: Route, names: Mapping[str, Route]) -> Iterator[Step]:
    held = at_route(file.data, section)
    for name, target in names.items() if isinstance(held, dict) else ():
        if len(target) == 1 and name in held and target[0] not in held:
            spot, new = file.document.find((*section, name)), str(target[0])
            if spot is not None:
                yield make_step(
                    (*section, name),
                    f"write `{new}`",
                    partial(rename_key, spot, new),
                    sets=[((*section, new), held[name])],
                    deletes=[(*section, name)],
                )


def _nest(file: File, section: Route, names: Mapping[str, Route]) -> Iterator[Step]:
    """Yield the step that moves flat keys (`repository`, `tag`) into the map they belong to (`image`)."""
    held = at_route(file.data, section)
    flat = {name: target for name, target in names.items() if len(target) == 2 and name in (held or ())}
    inner = {target[0]: at_route(file.data, (*section, target[0])) for target in flat.values()}
    for into, there in inner.items():
        moved = {name: target[1] for name, target in flat.items() if target[0] == into}
        if into in held and not isinstance(there, dict):
            continue
        moved = {name: new for name, new in moved.items() if new not in (there or {})}
        if not moved:
            continue
        spots = {name: file.document.find((*section, name)) for name in moved}
        yield make_step(
            (*section, next(iter(moved))),
            f"write it as {', '.join(f'`{into}.{new}`' for new in moved.values())}",
            partial(_nest_edits, file.document, (*section, into), [(spots[n], str(moved[n])) for n in moved]),
            sets=[((*section, into, new), held[name]) for name, new in moved.items()],
            deletes=[(*section, name) for name in moved],
        )


def _nest_edits(document: Document, route: Route, moved: list[tuple[Spot | None, str]]) -> list[Edit]:
    spots = sorted(((spot, new) for spot, new in moved if spot is not None), key=lambda pair: pair[0].index)
    holder = spots[0][0].holder
    if any(spot.holder is not holder or spot.value.kind not in ("scalar", "alias") for spot, _ in spots):
        raise CannotEdit
    there, into = document.part(route), str(route[-1])
    if there is not None:
        edits = insert_last(document, there, {new: _value(document, spot) for spot, new in spots})
        return edits + remove_entries(document, holder, [spot.index for spot, _ in spots])
    if holder.flow:
        return _nest_in_brackets(document, into, holder, spots)
    if all(_in_one_line(document, spot) for spot, _ in spots):
        return _nest_lines(document, into, holder, spots)
    start, ending = document.line_start(spots[0][0].key.start), document.line_break(holder.body)
    indent = " " * holder.column
    lines = [f"{indent}{into}:", *(f"{indent}  {new}: {_value(document, spot)}" for spot, new in spots), ""]
    return [
        Edit(start, start, ending.join(lines)),
        *remove_entries(document, holder, [spot.index for spot, _ in spots], filled=True),
    ]


def _nest_in_brackets(document: Document, into: str, holder: Part, spots: list[tuple[Spot, str]]) -> list[Edit]:
    (first, _), rest = spots[0], spots[1:]
    inside = ", ".join(f"{new}: {_value(document, spot)}" for spot, new in spots)
    edits = [Edit(first.key.start, first.value.end, f"{into}: {{{inside}}}")]
    return edits + (remove_entries(document, holder, [spot.index for spot, _ in rest]) if rest else [])


def _nest_lines(document: Document, into: str, holder: Part, spots: list[tuple[Spot, str]]) -> list[Edit]:
    """Indent the run of lines that starts with the first key under a new one; keys further below move up."""
    first = spots[0][0]
    run = [pair for number, pair in enumerate(spots) if pair[0].index == first.index + number]
    last, indent = run[-1][0], " " * (holder.column + 2)
    ending = document.line_break(first.key.start)
    start = first.key.start
    edits = [Edit(start, start, f"{into}:{ending}{indent}")]
    edits += shift_lines(document, start, document.line_end(last.value.end))
    for spot, new in run:
        edits += rename_key(spot, new)
    rest = spots[len(run) :]
    at = document.line_end(last.value.end)
    for spot, new in rest:
        line = document.text[spot.value.start : document.line_end(spot.value.end)]
        edits.append(Edit(at, at, f"{ending}{indent}{new}: {line}"))
    if rest:
        edits += remove_entries(document, holder, [spot.index for spot, _ in rest], comments=False)
    return edits


def _value(document: Document, spot: Spot) -> str:
    """The value's text; one of several lines is quoted into one."""
    text = document.text[spot.value.start : spot.value.end]
    return text if "\n" not in text and text else yamlio.dump(spot.value.text).rstrip("\n") if text else "null"


def _in_one_line(document: Document, spot: Spot) -> bool:
    text = document.text[spot.key.start : spot.value.end]
    return "\n" not in text and spot.value.start < spot.value.end
