"""What a kustomization, or the configuration of one of kustomize's own plugins, names to be read.

The fields are those of kustomize 5.8.1 (api/types/kustomization.go; the plugins in api/internal/builtins). kustomize
decodes a kustomization as Go decodes JSON, which takes a key in any case (`Resources`), and the last of a key that is
given twice: here every one counts, those of merge keys and of further documents too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from llmstack import yamlio

Want = Literal["file", "data", "keyed", "patch", "resource", "folder", "plugins", "helm", "unknown"]
"""What a reference is to: a file of YAML, one of any content (`data`; `keyed` may be `key=path`), a patch in a file or
written out, a file or a folder, a folder, plugins in a file or written out. `helm` and `unknown` are fields that lead
to a program, or nobody knows where."""

Route = tuple[str, ...]
"""Keys that lead to a value, in lower case; `*` is every item of a list."""

_GENERATOR: Mapping[Route, Want] = {("files", "*"): "keyed", ("envs", "*"): "data", ("env",): "data"}

FIELDS: Mapping[Route, Want] = {
    ("resources", "*"): "resource",
    ("bases", "*"): "resource",
    ("components", "*"): "folder",
    ("crds", "*"): "file",
    ("configurations", "*"): "file",
    ("openapi", "path"): "file",
    ("patches", "*", "path"): "file",
    ("patchesjson6902", "*", "path"): "file",
    ("patchesstrategicmerge", "*"): "patch",
    ("replacements", "*", "path"): "file",
    **{("configmapgenerator", "*", *route): want for route, want in _GENERATOR.items()},
    **{("secretgenerator", "*", *route): want for route, want in _GENERATOR.items()},
    ("generators", "*"): "plugins",
    ("transformers", "*"): "plugins",
    ("validators", "*"): "plugins",
    ("helmcharts",): "helm",
    ("helmchartinflationgenerator",): "helm",
    ("helmglobals",): "helm",
}
"""Where a kustomization names what is read."""

_BY_FIELD = {
    field: [(route, want) for route, want in FIELDS.items() if route[0] == field]
    for field in dict.fromkeys(route[0] for route in FIELDS)
}

PLAIN_FIELDS = frozenset(
    (
        "apiversion", "kind", "metadata", "nameprefix", "namesuffix", "namespace", "commonlabels", "labels",
        "commonannotations", "images", "imagetags", "replicas", "vars", "sortoptions", "generatoroptions",
        "buildmetadata",
    )
)  # fmt: skip
"""Fields that name nothing to be read."""

PLUGINS: Mapping[str, Mapping[Route, Want]] = {
    "AnnotationsTransformer": {},
    "ConfigMapGenerator": _GENERATOR,
    "HashTransformer": {},
    "IAMPolicyGenerator": {},
    "ImageTagTransformer": {},
    "LabelTransformer": {},
    "NamespaceTransformer": {},
    "PatchJson6902Transformer": {("path",): "file"},
    "PatchStrategicMergeTransformer": {("paths", "*"): "patch"},
    "PatchTransformer": {("path",): "file"},
    "PrefixTransformer": {},
    "ReplacementTransformer": {("replacements", "*", "path"): "file"},
    "ReplicaCountTransformer": {},
    "SecretGenerator": _GENERATOR,
    "SortOrderTransformer": {},
    "SuffixTransformer": {},
    "ValueAddTransformer": {("targetfilepath",): "file"},
}
"""kustomize's own plugins by kind, and where each names what is read. One that is not here runs a program."""

_PLAIN_TAGS = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("str", "map", "seq", "null", "bool", "int", "float", "timestamp", "value")
)
"""Those that a parser gives by itself too: to a date and to `=`, which stay the text that is written."""


class Reference(Struct, frozen=True):
    """One thing that is named: its text, the field as it is written, and where (line and column from 0)."""

    text: str
    field: str
    want: Want
    line: int
    column: int
    file: str = ""
    """The file of plugins that names it, where the kustomization itself does not."""


class Tag(Struct, frozen=True):
    """An explicit tag that may make something else of a text: `!!binary`."""

    name: str
    line: int
    column: int


def find_references(documents: Iterable[Any]) -> Iterator[Reference]:
    """Yield what a kustomization names, from its nodes as `yamlio.compose_all` gives them."""
    for document in documents:
        for key, value in _entries(document):
            name = key.value.casefold()
            for route, want in _BY_FIELD.get(name, ()):
                yield from _follow(value, route[1:], want, key.value)
            if name not in _BY_FIELD and name not in PLAIN_FIELDS:
                yield _reference(key, key.value, "unknown")


def find_plugin_references(documents: Iterable[Any], field: str) -> Iterator[Reference]:
    """Yield what configurations of plugins name; those of a kind that is not kustomize's own as `unknown`."""
    for document in documents:
        kinds = [value.value for key, value in _entries(document) if key.value == "kind" and _is_scalar(value)]
        versions = [value.value for key, value in _entries(document) if key.value == "apiVersion"]
        routes = PLUGINS.get(kinds[0]) if len(kinds) == 1 and versions == ["builtin"] else None
        if routes is None:
            yield Reference(kinds[0] if kinds else "", field, "unknown", *_start(document))
        for route, want in (routes or {}).items():
            yield from _follow(document, route, want)


def find_tags(documents: Iterable[Any]) -> Iterator[Tag]:
    """Yield the tags that a parser may act on."""
    waiting, seen = list(documents), set()
    while waiting:
        node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.tag not in _PLAIN_TAGS and not (node.tag == "!" or _is_merge(node)):
            yield Tag(node.tag, *_start(node))
        if isinstance(node, yamlio.MappingNode):
            waiting += [part for pair in node.value for part in pair]
        elif isinstance(node, yamlio.SequenceNode):
            waiting += node.value


def _follow(node: Any, route: Route, want: Want, field: str = "") -> Iterator[Reference]:
    if not route:
        text = node.value if _is_scalar(node) else ""
        if want == "helm" or (_is_scalar(node) and text):
            yield _reference(node, field, want, text)
    elif route[0] != "*":
        for key, value in _entries(node):
            if key.value.casefold() == route[0]:
                yield from _follow(value, route[1:], want, f"{field}.{key.value}" if field else key.value)
    elif isinstance(node, yamlio.SequenceNode):
        for item in node.value:
            yield from _follow(item, route[1:], want, field)
    else:
        yield from _follow(node, route[1:], want, field)


def _entries(node: Any) -> Iterator[tuple[Any, Any]]:
    """Keys (as nodes) and values of a map, those that merge keys bring among them; nothing for what is no map."""
    if not isinstance(node, yamlio.MappingNode):
        return
    for key, value in node.value:
        if _is_merge(key):
            for merged in value.value if isinstance(value, yamlio.SequenceNode) else [value]:
                yield from _entries(merged)
        elif _is_scalar(key):
            yield key, value


def _is_merge(node: Any) -> bool:
    return _is_scalar(node) and node.value == "<<"


def _is_scalar(node: Any) -> bool:
    return isinstance(node, yamlio.ScalarNode)


def _reference(node: Any, field: str, want: Want, text: str = "") -> Reference:
    return Reference(text, field, want, *_start(node))


def _start(node: Any) -> tuple[int, int]:
    return node.start_mark.line, node.start_mark.column
