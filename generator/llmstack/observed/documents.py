"""kubectl's output, document by document: JSON of any length, an item of a list at a time.

What is accepted: `kubectl get -o json` (a `List` of objects, a typed list such as `PodList`, one object), several of
them one after another, a plain array (`jq`), events of a watch (`--output-watch-events`), and YAML. What cannot be read
is a finding with its line; what stands before and after it counts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from math import isfinite
from typing import Any

from llmstack import yamlio
from llmstack.finding import Finding, Place, Severity

CHUNK = 1 << 18
MOST_OF_ONE = 8 << 20
"""Characters of one object: the API server takes no request of more than 3 MiB (k8s.io/apiserver,
`MaxRequestBodyBytes`), and indenting that grows it."""
MOST_OF_YAML = 4 << 20
"""Characters of a file in YAML, which is read whole, and slowly."""
EVENTS = frozenset(("ADDED", "MODIFIED", "DELETED"))
"""Events of a watch that tell of an object (k8s.io/apimachinery, pkg/watch)."""
MOST_FAULTS = 20
"""Places in one file that cannot be read, beyond which the rest of it is left."""
_SPACE = re.compile(r"[\s\ufeff]*")


@dataclass(frozen=True, slots=True)
class Source:
    """A file, or stdin: its name as findings show it, and what reads so many characters more of it."""

    name: str
    read: Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Document:
    """One object as the API server gave it, with the kind of its event where it is of a watch."""

    data: Mapping[str, Any]
    line: int
    event: str = ""


class _Fault(Exception):
    """Text that is no JSON of the bounds that we read: what is wrong, in words that repeat nothing of it."""


def read_documents(source: Source) -> Iterator[Document | Finding]:
    """Yield the objects of a source in its order, and a finding for each stretch of it that cannot be read."""
    text = _Text(source.read)
    first = text.peek()
    if first and first not in "{[":
        yield from _read_yaml(source, text)
        return
    faults = 0
    while text.peek():
        try:
            yield from _documents(text)
        except _Fault as fault:
            faults += 1
            yield unread(source.name, text.line, str(fault))
            if faults == MOST_FAULTS or not text.skip_to_next_object():
                return


def unread(name: str, line: int, what: str) -> Finding:
    """The finding for what cannot be read."""
    help = "the rest counts; save the output of the command that `llmstack learn cluster` prints, and nothing else"
    return Finding("bad-observation", Severity.WARNING, f"{what}: left out", place=Place(name, line), help=help)


def _documents(text: _Text) -> Iterator[Document]:
    """The objects of the document that comes next: its items, where it is a list."""
    if text.peek() == "[":
        for item, line in _items(text):
            yield from _open(item, line)
        return
    line, members, untyped = text.line, dict[str, Any](), list[Document]()
    for key in _keys(text):
        if key == "items" and text.peek() == "[":
            yield from _listed(text, members, untyped)
        else:
            members[key] = text.value()
    for each in untyped:
        yield from _open(_typed(each.data, members), each.line)
    if not _is_list(members):
        yield from _whole(members, line)


def _listed(text: _Text, members: Mapping[str, Any], untyped: list[Document]) -> Iterator[Document]:
    """The items of a list; `untyped` gets those of a typed list that says its kind at the end."""
    for item, line in _items(text):
        if isinstance(item, dict) and "kind" not in item and "kind" not in members:
            untyped.append(Document(item, line))
        else:
            yield from _open(_typed(item, members), line)


def _whole(value: Any, line: int) -> Iterator[Document]:
    """What a document holds that is no list; raises _Fault where that is no object."""
    if not isinstance(value, dict) or not ("kind" in value or "object" in value):
        raise _Fault("no object of Kubernetes")
    yield from _open(value, line)


def _keys(text: _Text) -> Iterator[str]:
    """The keys of the map that comes next; whoever asks for another one has taken the value of the last."""
    text.take("{")
    while text.peek() != "}":
        key = text.value()
        if not isinstance(key, str):
            raise _Fault("not JSON")
        text.take(":")
        yield key
        text.separate("}")
    text.take("}")


def _items(text: _Text) -> Iterator[tuple[Any, int]]:
    """The items of the list that comes next, with their lines."""
    text.take("[")
    while text.peek() != "]":
        line = text.line
        yield text.value(), line
        text.separate("]")
    text.take("]")


def _is_list(value: Mapping[str, Any]) -> bool:
    return str(value.get("kind", "")).endswith("List")


def _typed(item: Any, members: Mapping[str, Any]) -> Any:
    """An item of a typed list, which leaves its kind to the list."""
    kind = members.get("kind")
    if not isinstance(item, dict) or "kind" in item or not isinstance(kind, str) or kind == "List":
        return item
    return {"kind": kind.removesuffix("List"), **item}


def _open(value: Any, line: int) -> Iterator[Document]:
    """What a value holds: the object of an event, the items of a list (a bookmark's and an error's are none of ours),
    or the object that it is."""
    if not isinstance(value, dict):
        return
    inner, event = value.get("object"), value.get("type")
    if isinstance(inner, dict) and isinstance(event, str) and "kind" not in value:
        if event in EVENTS:
            yield Document(inner, line, event)
    elif _is_list(value):
        items = value.get("items")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, dict):
                yield Document(_typed(item, value), line)
    else:
        yield Document(value, line)


def _read_yaml(source: Source, text: _Text) -> Iterator[Document | Finding]:
    whole = text.rest(MOST_OF_YAML)
    if whole is None:
        yield unread(source.name, 1, f"YAML of more than {MOST_OF_YAML >> 20} MiB (use `-o json`)")
        return
    try:
        documents = yamlio.load_all(whole)
    except yamlio.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        yield unread(source.name, mark.line + 1 if mark else 1, "neither JSON nor YAML")
        return
    for document in documents:
        try:
            yield from _whole(document, 1)
        except _Fault as fault:
            yield unread(source.name, 1, str(fault))
            return


def _number(text: str) -> float | str:
    """A number with a point or an exponent; its text, where no float holds it."""
    value = float(text)
    return value if isfinite(value) else text


def _refuse_constant(name: str) -> Any:
    raise _Fault("a number that JSON has not")


_DECODER = json.JSONDecoder(parse_float=_number, parse_constant=_refuse_constant)


CUT_OFF = "the file ends in the middle of an object"


def _is_cut_off(error: ValueError, text: str) -> bool:
    """Whether it is the end of the text that is wrong with it."""
    if not isinstance(error, json.JSONDecodeError):
        return False
    return error.msg.startswith("Unterminated") or error.pos >= len(text.rstrip()) - 1


class _Text:
    """Text that is read as it is needed: no more of it is held than one object and what follows in its chunk."""

    def __init__(self, read: Callable[[int], str]) -> None:
        self._read = read
        self._held = ""
        self._at = 0
        self._lines = 1
        self._counted = 0
        self._ended = False

    @property
    def line(self) -> int:
        """The line of what comes next, from 1."""
        self._lines += self._held.count("\n", self._counted, self._at)
        self._counted = self._at
        return self._lines

    def peek(self) -> str:
        """The next character that is no space; empty at the end."""
        while True:
            match = _SPACE.match(self._held, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._held):
                return self._held[self._at]
            if not self._more():
                return ""

    def take(self, expected: str) -> None:
        """Pass over a character; raises _Fault where another one comes."""
        found = self.peek()
        if found != expected:
            raise _Fault("not JSON" if found else CUT_OFF)
        self._at += 1

    def separate(self, end: str) -> None:
        """Pass over the comma between two members; raises _Fault where neither that nor the end comes."""
        if self.peek() == ",":
            self._at += 1
        elif self.peek() != end:
            raise _Fault("not JSON" if self.peek() else CUT_OFF)

    def value(self) -> Any:
        """The JSON value that comes next; raises _Fault."""
        self.peek()
        while True:
            try:
                value, end = _DECODER.raw_decode(self._held, self._at)
            except RecursionError:
                raise _Fault("nested too deep") from None
            except ValueError as error:
                if len(self._held) - self._at > MOST_OF_ONE:
                    raise _Fault(f"one object of more than {MOST_OF_ONE >> 20} MiB, or not JSON") from None
                if not self._more():
                    raise _Fault(CUT_OFF if _is_cut_off(error, self._held) else "not JSON") from None
                continue
            if end == len(self._held) and self._more():
                continue  # a number may go on
            self._at = end
            return value

    def rest(self, most: int) -> str | None:
        """All that is left; None where that is more than `most` characters."""
        while len(self._held) - self._at <= most:
            if not self._more():
                return self._held[self._at :]
        return None

    def skip_to_next_object(self) -> bool:
        """Go on at the next line that begins with `{`, as kubectl writes each object; False where there is none."""
        self._at = min(self._at + 1, len(self._held))
        while True:
            found = self._held.find("\n{", max(self._at - 1, 0))
            if found >= 0:
                self._at = found + 1
                return True
            self._at = max(self._at, len(self._held) - 1)
            if not self._more():
                return False

    def _more(self) -> bool:
        """Read on, twice as much as is held; False at the end."""
        if self._ended:
            return False
        more = self._read(max(CHUNK, len(self._held) - self._at))
        self._ended = not more
        if more:
            self._lines, kept = self.line, self._held[self._at :]
            self._held, self._at, self._counted = kept + more, 0, 0
        return bool(more)
