"""The text of a file with its secrets masked, line for line: for differences between files, whoever wrote them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from msgspec import Struct

from llmstack import yamlio
from llmstack.finding import Route
from llmstack.secrecy.comments import comment_holds_secret, find_said
from llmstack.secrecy.credentials import find_secrets
from llmstack.secrecy.encoded import CIPHERTEXT, SEALED
from llmstack.secrecy.masking import mask_lines, mask_spans
from llmstack.secrecy.places import SecretPlace, find_places

MAX_DEPTH = 200
MAX_ALIASED = 200_000
"""Levels, and values that aliases stand for, up to which a file is read as YAML."""

_PROPERTIES = re.compile(r"(?:[&!][^\s,\[\]{}]*\s+)*")
_COMMENT = re.compile(r"(?:^|(?<=\s))#.*")
_AFTER_COLON = re.compile(r"(?<=[:=] )[^\n]+")
_SECRET_OBJECT = re.compile(r"kind[\"']?\s{0,20}:\s{0,20}[\"']?Secret")


class _Scalar(Struct, frozen=True):
    """A scalar's value, and the stretch of the text that it takes; `text` is None for null."""

    text: str | None
    span: tuple[int, int]


_Replaced = tuple[dict[str, Any], str, Any]
"""A map, a key that it has twice, and the entry that stood under it first."""
_NAMING = ("kind", "name", "key")


class _Unreadable(Exception):
    """The text is no YAML, or no YAML that a file of ours would be."""


def mask_file(text: str) -> str:
    """The text of a YAML file, or of any other, without secrets; it has as many lines as before.

    Text that is no YAML is masked by names and forms alone; where it says that it is a Secret, all its values are.
    """
    try:
        documents = _read(text)
    except (yamlio.YAMLError, _Unreadable):
        if _SECRET_OBJECT.search(text):
            text = mask_spans(text, (found.span() for found in _AFTER_COLON.finditer(text)))
        return mask_lines(mask_spans(text, find_said(text)))
    spans = {
        span
        for document in documents
        for place in find_places(_plain(document))
        for span in _spans(text, document, place)
    }
    return mask_lines(mask_spans(text, [*spans, *find_said(text)]))


def _read(text: str) -> list[Any]:
    """The documents of a text as maps, lists and `_Scalar`s."""
    documents: list[Any] = []
    open_ones: list[tuple[Any, str | None, list[_Scalar | None]]] = []
    anchors: dict[str, tuple[Any, int]] = {}
    replaced: list[_Replaced] = []
    aliased = 0
    for event in yamlio.scan(text):
        kind = event.__class__
        if kind is yamlio.MappingStartEvent or kind is yamlio.SequenceStartEvent:
            _hold(len(open_ones) < MAX_DEPTH)
            open_ones.append(({} if kind is yamlio.MappingStartEvent else [], event.anchor, [None]))
            continue
        if kind is yamlio.ScalarEvent:
            node, anchor = _scalar(text, event), event.anchor
        elif kind is yamlio.AliasEvent:
            node, size = anchors.get(event.anchor, (_Scalar(None, (0, 0)), 1))
            anchor, aliased = None, aliased + size
            _hold(aliased <= MAX_ALIASED)
        elif isinstance(event, yamlio.CollectionEndEvent):
            node, anchor, _ = open_ones.pop()
        else:
            continue
        if anchor:
            anchors[anchor] = (node, _size(node))
        _add(open_ones, documents, node, replaced)
    return [*documents, *map(_as_document, replaced)]


def _as_document(replaced: _Replaced) -> dict[str, Any]:
    """An entry whose key comes again in its map, with what names it there: it is in the text all the same."""
    holder, name, entry = replaced
    return {**{key: holder[key] for key in _NAMING if key in holder}, name: entry}


def _hold(limit: bool) -> None:
    if not limit:
        raise _Unreadable


def _scalar(text: str, event: Any) -> _Scalar:
    start, end = event.start_mark.index, event.end_mark.index
    if event.anchor or event.tag:
        properties = _PROPERTIES.match(text, start)
        start = min(end, properties.end() if properties is not None else start)
    if event.style in ("|", ">"):
        end = start + len(text[start:end].rstrip())
        start = min(end, text.find("\n", start) + 1 or end)
        start += len(text[start:end]) - len(text[start:end].lstrip())
    plain = event.style is None or event.style == ""
    return _Scalar(None if plain and event.value in ("", "~", "null") else event.value, (start, end))


def _add(
    open_ones: list[tuple[Any, str | None, list[_Scalar | None]]],
    documents: list[Any],
    node: Any,
    replaced: list[_Replaced],
) -> None:
    """Put a finished node into the collection that is open; a key that is no scalar has no name."""
    if not open_ones:
        documents.append(node)
        return
    holder, _, pending = open_ones[-1]
    if isinstance(holder, list):
        holder.append(node)
    elif pending[0] is None:
        pending[0] = node if isinstance(node, _Scalar) else _Scalar("", (0, 0))
    else:
        name = pending[0].text or ""
        if name in holder:
            replaced.append((holder, name, holder[name]))
        holder[name] = (pending[0], node)
        pending[0] = None


def _size(node: Any) -> int:
    if isinstance(node, _Scalar):
        return 1
    return 1 + sum(map(_size, (value for _, value in node.values()) if isinstance(node, dict) else node))


def _plain(node: Any) -> Any:
    if isinstance(node, _Scalar):
        return node.text
    if isinstance(node, dict):
        return {name: _plain(value) for name, (_, value) in node.items()}
    return [_plain(item) for item in node]


def _spans(text: str, document: Any, place: SecretPlace) -> Iterator[tuple[int, int]]:
    """Yield what a secret takes of the text: its key's or its value's characters, all below it in a Secret's data."""
    key, node = _find(document, place.route)
    if place.form == "key":
        yield from (key.span,) if key is not None else ()
    elif place.form == "text" and isinstance(node, _Scalar):
        if not _is_seen_in_lines(text[slice(*node.span)]):
            yield node.span
    else:
        yield from _all_spans(node)


def _is_seen_in_lines(written: str) -> bool:
    """Whether a look at the lines finds the secret in a value too: quotes and escapes may hide it, and an encoding is
    looked into where it is all that there is."""
    spans = list(find_secrets(written))
    return bool(spans) and (0, len(written)) not in spans


def _find(node: Any, route: Route) -> tuple[_Scalar | None, Any]:
    key: _Scalar | None = None
    for step in route:
        key, node = node[step] if isinstance(node, dict) else (None, node[int(step)])
    return key, node


def _all_spans(node: Any) -> Iterator[tuple[int, int]]:
    if isinstance(node, _Scalar):
        yield node.span
    else:
        for item in (value for _, value in node.values()) if isinstance(node, dict) else node:
            yield from _all_spans(item)


def find_lines(text: str) -> Iterator[int]:
    """Yield the number, from 0, of each line of a file on which a secret stands in plain text, in a comment too; what
    SOPS or Sealed Secrets encrypted is none."""
    text = SEALED.sub("", CIPHERTEXT.sub("", text))
    above = ""
    for number, (line, shown) in enumerate(zip(text.split("\n"), mask_file(text).split("\n"), strict=True)):
        comment = _COMMENT.search(line)
        is_comment = comment is not None and shown.startswith(line[: comment.start()])
        if (line != shown and not is_comment) or (comment is not None and comment_holds_secret(comment[0], above)):
            yield number
        above = comment[0] if comment is not None else ""
