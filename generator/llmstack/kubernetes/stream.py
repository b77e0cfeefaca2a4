"""Streams of Kubernetes objects as programs print them: `helm template`, `kustomize build`, `kubectl get -o yaml`.

Documents are read one by one, so that one that is broken hides none of the others, and each object knows its line.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from msgspec import Struct, field

from llmstack import yamlio
from llmstack.finding import Finding, Place, Route, Severity
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.schema import Problem
from llmstack.kubernetes.sound import left_out, sound

MOST_OBJECTS = 50_000
"""Objects of a stream that are read."""
MOST_FINDINGS = 100
"""Findings on a stream, at most."""
_LARGE = 1 << 20
"""Characters of a document in which no line of a field is looked up: that of the document is said."""
_MARKER = re.compile(r"^---(?=[ \t\r\n]|\Z)", re.MULTILINE)
_BLANK = re.compile(r"(?:[ \t]*(?:#.*)?(?:\r?\n|\Z))*\Z")
_LEAD = re.compile(r"(?:(?:---[ \t]*|[%#].*|[ \t]*(?:#.*)?)\r?\n)*")
"""What stands before the first line of a document's content."""
_SERVERS = frozenset((
    "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation", "managedFields",
    "resourceVersion", "selfLink", "uid",
))  # fmt: skip
"""Fields of metadata that the API server writes (ObjectMeta, k8s.io/apimachinery pkg/apis/meta/v1/types.go)."""
_CONTROLLERS = ("kubectl.kubernetes.io/last-applied-configuration", "deployment.kubernetes.io/revision")
"""Annotations that kubectl and the Deployment controller write beside what people state."""


class Document(Struct, frozen=True):
    """The text of one document, and the line of its stream on which it begins."""

    path: str
    text: str
    line: int


class Item(Struct, frozen=True):
    """An object, and where it stands: a document and the route in it, or only a path where it was built."""

    object: Object
    document: Document
    route: Route = ()
    is_live: bool = False
    """Whether it is an object of a cluster as its API server returns it, with defaults written out."""
    unread: tuple[Problem, ...] = ()
    """What the API server cannot read of it, and it is without."""

    def place(self, route: Route = ()) -> Place:
        """The line of a field of the object, else of what encloses it."""
        document, whole = self.document, (*self.route, *route)
        if not whole or len(document.text) > _LARGE:
            return Place(document.path, document.line + _LEAD.match(document.text)[0].count("\n"))  # type: ignore[index]
        return Place(document.path, document.line + _line_in(document.text, whole))


class Stream(Struct, frozen=True):
    """What a stream holds, in its order, and what is wrong with it."""

    items: tuple[Item, ...] = ()
    findings: tuple[Finding, ...] = field(default=())


def read_stream(text: str, path: str) -> Stream:
    """Return the objects of a stream, those of lists one by one, without status and what else only a server writes.

    `path` names it in places. What cannot be read is a finding, and the rest is read.
    """
    items: list[Item] = []
    findings: list[Finding] = []
    for document in split_documents(text, path):
        try:
            values = _load(document.text)
        except (yamlio.YAMLError, RecursionError, ValueError) as error:
            findings.append(_broken(document, error))
            continue
        for value in values:
            for route, each in _objects(value):
                _read(each, document, route, items, findings)
        if len(items) >= MOST_OBJECTS:
            message = f"{path} holds more than {MOST_OBJECTS} objects: the rest is not read"
            findings.append(Finding("too-many-objects", Severity.ERROR, message, place=Place(path)))
            break
    return Stream(tuple(items[:MOST_OBJECTS]), tuple(bounded(findings, path)))


def _load(text: str) -> list[Any]:
    """The values of a document: JSON by its own parser, which is ten times as fast, within the bounds of YAML."""
    if text.lstrip()[:1] == "{" and "\\ud" not in text:
        try:
            value = json.loads(text, parse_float=yamlio.read_number, parse_int=yamlio.read_number, parse_constant=str)
        except (ValueError, RecursionError):
            return yamlio.load_all(text)
        if not _is_deep(value):
            return [value]
    return yamlio.load_all(text)


def _is_deep(value: Any) -> bool:
    """Whether a value nests deeper than YAML that is read may."""
    level = [value]
    for _ in range(yamlio.MAX_DEPTH):
        nested = [each for each in level if isinstance(each, (dict, list))]
        if not nested:
            return False
        level = [item for each in nested for item in (each.values() if isinstance(each, dict) else each)]
    return True


def bounded(findings: Sequence[Finding], path: str) -> Iterator[Finding]:
    """The first findings, and how many more there are."""
    yield from findings[:MOST_FINDINGS]
    if len(findings) > MOST_FINDINGS:
        message = f"{len(findings) - MOST_FINDINGS} more findings are not told"
        yield Finding("too-many-findings", Severity.WARNING, message, place=Place(path))


def split_documents(text: str, path: str) -> Iterator[Document]:
    """Yield the documents of a stream, each with its `---`; what holds no more than comments is left out."""
    text = text.removeprefix("\ufeff")
    starts = [0, *(match.start() for match in _MARKER.finditer(text)), len(text)]
    line, directives = 1, ""
    for start, end in pairwise(starts):
        chunk = text[start:end]
        body = chunk[3:] if chunk.startswith("---") else chunk
        if not chunk.startswith("---") and chunk.lstrip().startswith("%"):
            directives = chunk
        elif not _BLANK.match(body):
            before = directives.count("\n")
            yield Document(path, f"{directives}{chunk}", line - before)
            directives = ""
        line += chunk.count("\n")


def _objects(value: Any, route: Route = (), depth: int = 0) -> Iterator[tuple[Route, Any]]:
    """A document's object, or those of a list, which may hold lists."""
    is_list = isinstance(value, dict) and str(value.get("kind")).endswith("List") and "items" in value
    if not is_list or depth > 2:
        yield route, value
        return
    for number, item in enumerate(value["items"] if isinstance(value["items"], list) else ()):
        if isinstance(item, dict) and "kind" not in item and value["kind"] != "List":
            item = {"apiVersion": value.get("apiVersion"), "kind": str(value["kind"]).removesuffix("List"), **item}
        yield from _objects(item, (*route, "items", number), depth + 1)


def _read(value: Any, document: Document, route: Route, items: list[Item], findings: list[Finding]) -> None:
    """Append an object, and what the API server could not read of it."""
    object, problems = sound(value)
    where = Item({}, document, route)
    if object is None:
        message = "this is no Kubernetes object: it has no apiVersion, kind and name"
        findings.append(Finding("not-an-object", Severity.WARNING, message, place=where.place()))
        return
    findings += [left_out(object, problem, where.place(problem.route)) for problem in problems[:MOST_FINDINGS]]
    is_live = bool({"uid", "resourceVersion"} & object["metadata"].keys())
    items.append(Item(without_servers(object), document, route, is_live, tuple(problems)))


def without_servers(object: Object) -> Object:
    """The object without its status and what else only the API server and its controllers write."""
    metadata = object["metadata"]
    annotations = metadata.get("annotations")
    kept = {key: value for key, value in metadata.items() if key not in _SERVERS}
    if annotations and any(name in annotations for name in _CONTROLLERS):
        rest = {name: value for name, value in annotations.items() if name not in _CONTROLLERS}
        kept = {key: value for key, value in kept.items() if key != "annotations"}
        kept |= {"annotations": rest} if rest else {}
    if len(kept) == len(metadata) and kept.get("annotations") is annotations and "status" not in object:
        return object
    return {key: value for key, value in object.items() if key != "status"} | {"metadata": kept}


def _broken(document: Document, error: Exception) -> Finding:
    mark = getattr(error, "problem_mark", None)
    line = document.line + (mark.line if mark is not None else 0)
    problem = getattr(error, "problem", None) or str(error).partition("\n")[0] or "it cannot be read"
    message = f"this document is not YAML: {problem}"
    help = "its objects are missing from the review"
    return Finding("yaml-syntax", Severity.ERROR, message, place=Place(document.path, line), help=help)


def _line_in(text: str, route: Route) -> int:
    """The line, from 0, of what stands at a route in a document; of the nearest that encloses it."""
    node = _compose(text)
    line = node.start_mark.line if node is not None else 0
    for step in route:
        node = _child(node, step)
        if node is None:
            break
        line = node.start_mark.line
    return int(line)


@lru_cache(maxsize=4)
def _compose(text: str) -> Any:
    """The first document of a text as nodes; None where it cannot be read."""
    try:
        return next(iter(yamlio.compose_all(text)), None)
    except (yamlio.YAMLError, RecursionError, ValueError):
        return None


def _child(node: Any, step: str | int) -> Any:
    if isinstance(node, yamlio.MappingNode):
        return next((value for key, value in node.value if getattr(key, "value", None) == step), None)
    if isinstance(node, yamlio.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step]
    return None
