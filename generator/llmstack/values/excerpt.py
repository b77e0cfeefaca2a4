"""The values at a route of a file, as a file of their own: comments and anchors kept where the text allows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from llmstack import yamlio
from llmstack.finding import Route
from llmstack.values.nodes import UNREAD, Source, to_data
from llmstack.values.syntax import Document, Part, Spot, read_document

_ANCHOR = re.compile(r"&([A-Za-z0-9_-]+)")


def excerpt(source: Source, route: Route, read: Callable[[str], Source]) -> str | None:
    """The values at a route as a text; None where there are none. `read` reads one document."""
    _, node = source.node(route)
    if node is None or (node.kind == "scalar" and not node.text.strip()):
        return None
    if node.kind == "scalar":
        return node.text if node.text.endswith("\n") else f"{node.text}\n"
    data, shown = to_data(node), _as_written(source.text.replace("\r\n", "\n"), route)
    if shown is not None:
        held = read(shown).data
        if {key: value for key, value in held.items() if not key.startswith(UNREAD) or key in data} == data:
            return shown
    return yamlio.dump(data)


def _as_written(text: str, route: Route) -> str | None:
    """The lines of a block map at the left margin, behind the anchors of elsewhere that it names; None where it is not
    that simple."""
    document = read_document(text)
    spot = document.find(route)
    part = spot.value.resolved if spot is not None else None
    if spot is None or part is None or part.flow or part.kind != "map":
        return None
    own = _lines(document, spot, part) if spot.value is part else _block(document, part, 0)
    anchors = [_carried(document, target) for target in _outside(part)]
    return None if own is None or None in anchors else "".join(filter(None, [*anchors, own]))


def _lines(document: Document, spot: Spot, part: Part) -> str | None:
    """The lines below a key, or after a list's dash, comments behind the last one included."""
    key = spot.key if spot.holder.kind == "map" else None
    lines, margin = document.text.split("\n"), part.column
    first, last = _line(document, part.body), _line(document, part.end)
    if key is not None and first <= _line(document, key.end):
        return None
    outside = key.column if key is not None else margin - 1
    ends = (
        number for number in range(last + 1, len(lines)) if lines[number].strip() and _indent(lines[number]) <= outside
    )
    taken = lines[_line(document, key.end) + 1 if key is not None else first : next(ends, len(lines))]
    if key is None:
        taken[0] = " " * margin + taken[0][margin:]
    return "\n".join(line[min(margin, _indent(line)) :] for line in taken).rstrip("\n") + "\n"


def _outside(part: Part) -> list[Part]:
    """What a part's aliases stand for and is written outside it, and what that names in turn, in the file's order."""
    found: dict[int, Part] = {}
    pending = [part]
    while pending:
        for alias in aliases_of(pending.pop()):
            target = alias.resolved
            if not part.start <= target.start < part.end and id(target) not in found:
                found[id(target)] = target
                pending.append(target)
    return sorted(found.values(), key=lambda target: target.start)


def aliases_of(part: Part | None) -> Iterator[Part]:
    """Yield the aliases in a part."""
    yield from (each for each in parts_of(part) if each.kind == "alias")


def parts_of(part: Part | None) -> Iterator[Part]:
    """Yield a part and all in it that is no key, aliases as such."""
    pending = [part] if part is not None else []
    while pending:
        here = pending.pop()
        yield here
        pending += [value for _, value in here.entries] + here.items


def _carried(document: Document, target: Part) -> str | None:
    """An anchor and what it stands for, under a key that nothing reads."""
    named = _ANCHOR.match(document.text, target.start)
    if named is None:
        return None
    head = f"{UNREAD}{named[1].lstrip('_')}:"
    if target.flow or target.kind == "scalar":
        written = document.text[target.start : target.end]
        return f"{head} {written}\n" if "\n" not in written else None
    return f"{head} {named[0]}\n{_block(document, target, 2)}"


def _block(document: Document, part: Part, indent: int) -> str:
    """The lines of a block collection, at an indent."""
    at = document.line_start(part.body)
    text = " " * (part.body - at) + document.text[part.body : document.line_end(part.end)]
    lines = text.split("\n")
    margin = min(_indent(line) for line in lines if line.strip())
    return "".join(f"{' ' * indent}{line[margin:]}".rstrip() + "\n" for line in lines)


def _line(document: Document, at: int) -> int:
    return document.text.count("\n", 0, at)


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))
