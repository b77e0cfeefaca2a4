"""kubectl's output, document by document: JSON of any length, an item of a list at a time.

What is accepted: `kubectl get -o json` (a `List` of objects, a typed list such as `PodList`, one object), several of
them one after another, a plain array (`jq`), events of a watch (`--output-watch-events`), and YAML. What cannot be read
is a finding with its line (a warning of kubectl's, a table of the API server's); what stands before and after it
counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack import yamlio
from llmstack.finding import Finding, Place, Severity
from llmstack.observed.json_text import Fault, JsonText

MOST_OF_YAML = 4 << 20
"""Characters of a file in YAML, which is read whole, and slowly."""
EVENTS = frozenset(("ADDED", "MODIFIED", "DELETED"))
"""Events of a watch that tell of an object (k8s.io/apimachinery, pkg/watch)."""
MOST_FAULTS = 20
"""Places in one file that cannot be read, beyond which the rest of it is left."""


class Source(Struct, frozen=True):
    """A file, or stdin: its name as findings show it, and what reads so many characters more of it."""

    name: str
    read: Callable[[int], str]


class Document(Struct, frozen=True):
    """One object as the API server gave it, with the kind of its event where it is of a watch."""

    data: Mapping[str, Any]
    line: int
    event: str = ""


def read_documents(source: Source) -> Iterator[Document | Finding]:
    """Yield the objects of a source in its order, and a finding for each stretch of it that cannot be read."""
    text = JsonText(source.read)
    first = text.peek()
    faults = 0
    if first and first not in "{[":
        if not text.leads_to_json():
            yield from _read_yaml(source, text)
            return
        yield unread(source.name, text.line, "text before the first object")
        text.skip_to_next_object()
    while text.peek():
        try:
            yield from _documents(text)
        except Fault as fault:
            faults += 1
            yield unread(source.name, text.line, str(fault))
            if faults == MOST_FAULTS or not text.skip_to_next_object():
                return


def unread(name: str, line: int, what: str) -> Finding:
    """The finding for what cannot be read."""
    help = "the rest counts; save the output of the command that `llmstack learn cluster` prints, and nothing else"
    return Finding("bad-observation", Severity.WARNING, f"{what}: left out", place=Place(name, line), help=help)


def _documents(text: JsonText) -> Iterator[Document]:
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


def _listed(text: JsonText, members: Mapping[str, Any], untyped: list[Document]) -> Iterator[Document]:
    """The items of a list; `untyped` gets those of a typed list that says its kind at the end."""
    for item, line in _items(text):
        if isinstance(item, dict) and "kind" not in item and "kind" not in members:
            untyped.append(Document(item, line))
        else:
            yield from _open(_typed(item, members), line)


def _whole(value: Any, line: int) -> Iterator[Document]:
    """What a document holds that is no list; raises Fault where that is no object."""
    if not isinstance(value, dict) or not ("kind" in value or "object" in value):
        raise Fault("no object of Kubernetes")
    if value.get("kind") == "Table":
        raise Fault("a table, of names alone (`-o json` prints objects)")
    yield from _open(value, line)


def _keys(text: JsonText) -> Iterator[str]:
    """The keys of the map that comes next; whoever asks for another one has taken the value of the last."""
    text.take("{")
    while text.peek() != "}":
        key = text.value()
        if not isinstance(key, str):
            raise Fault("not JSON")
        text.take(":")
        yield key
        text.separate("}")
    text.take("}")


def _items(text: JsonText) -> Iterator[tuple[Any, int]]:
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


def _read_yaml(source: Source, text: JsonText) -> Iterator[Document | Finding]:
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
        except Fault as fault:
            yield unread(source.name, 1, str(fault))
            return
