"""The one place that reads and writes YAML.

Reading: values files come through `scan` (events with places, `values/source.py` builds on it), generated files
and the output of kustomize through `load_all`. Writing: `dump`, which is not PyYAML's: that one writes `'12e4567'`,
`'1e3'` and `'0o17'` without quotes, which Kubernetes' parsers read as numbers, and it wraps long strings.

`dump` writes block style with two spaces, keys in the order of `KEY_ORDER` and then by name, lists not indented under
their key, strings plain only where every YAML 1.1 and 1.2 parser reads them as the same string, and text of several
lines as a literal block where that is exact.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar

import yaml

KEY_ORDER = {
    key: rank
    for rank, key in enumerate(
        (
            "apiVersion",
            "kind",
            "metadata",
            "$patch",
            "name",
            "namespace",
            "image",
            "command",
            "args",
            "labels",
            "annotations",
            "path",
            "resources",
            "components",
        )
    )
}
"""Keys that come first in any map, in this order; all others follow by name."""

_PLAIN = re.compile(
    r"(?:--?(?!_)|(?:\.\./)+)?[A-Za-z_/$][A-Za-z0-9_./@+=$(),-]*(?::[A-Za-z0-9_./@+=$,-]+)*\Z|\d+(?:Ki|Mi|Gi|Ti|Pi|Ei)\Z"
)
_PLAIN_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_./@+=-]*(?: [A-Za-z0-9][A-Za-z0-9_./@+=-]*)*\Z")
_SINGLE = re.compile(r"[\x20-\x7e]+\Z")
_AMBIGUOUS = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))
_LITERAL = re.compile(r"[^\s#][\x20-\x7e\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\n]*\Z")
_NOT_LITERAL = re.compile(r"[ \t]\n|[\u0085\u2028\u2029]| \Z")


def dump(value: Any) -> str:
    """Return `value` (maps, lists, strings, numbers, booleans, null) as one YAML document, ending in a line break."""
    lines: list[str] = []
    if isinstance(value, dict) and value:
        _write_map(value, "", "", lines)
    elif isinstance(value, list) and value:
        _write_list(value, "", lines)
    else:
        lines.append(_scalar(value))
    lines.append("")
    return "\n".join(lines)


def load_all(text: str) -> list[Any]:
    """Return the documents of a tree's YAML, empty ones left out. Raises `yaml.YAMLError` on broken text, and on text
    that is out of bounds (`check_bounds`).

    Scalars are what kustomize reads: `yes` is a string, `0o10` and `1_0` are numbers, merge keys are merged.
    """
    check_bounds(text)
    try:
        return [document for document in yaml.load_all(text, Loader=_KubernetesLoader) if document is not None]
    except ValueError as error:  # an integer of more digits than Python converts
        raise YAMLError(str(error).partition(";")[0]) from error


def load_objects(text: str) -> list[Any]:
    """The same; UnclearError too for what kustomize refuses or reads in a way of its own: keys that come twice or are
    no text, `.inf`, a quoted `<<`."""
    check_bounds(text)
    return [document for document in yaml.load_all(text, Loader=_ObjectLoader) if document is not None]


def compose_all(text: str) -> list[Any]:
    """Return PyYAML's nodes of the documents of `text`, each with its tag and place; raises as `load_all` does."""
    check_bounds(text)
    return list(yaml.compose_all(text, Loader=_KubernetesLoader))


def check_bounds(text: str) -> None:
    """Raise OutOfBoundsError where a text nests deeper than MAX_DEPTH, or its aliases stand for more than MAX_ALIASED
    values.

    libyaml's events come without recursion; what composes them recurses, until the process ends with a segmentation
    fault. Most texts show by their characters that they can be neither: a level takes a bracket, or a column of
    indentation, and nothing grows without an alias.
    """
    brackets = text.count("[") + text.count("{")
    if brackets >= _MANY or ("*" in text and "&" in text) or _has_deep_line(f"\n{text}"):
        _measure(scan(text))


def _has_deep_line(text: str) -> bool:
    return any(pattern.search(text) is not None for pattern in _DEEP_LINES)


def _measure(events: Iterator[Any]) -> None:
    sizes = [0]  # values in each collection that is open; `anchors` are the names of those collections
    anchors: list[str | None] = []
    known: dict[str | None, int] = {}
    aliased = 0
    for event in events:
        if isinstance(event, CollectionEndEvent):
            size = sizes.pop()
            sizes[-1] += size
            known[anchors.pop()] = size
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            sizes.append(1)
            anchors.append(event.anchor)
            known.pop(event.anchor, None)
        elif isinstance(event, ScalarEvent):
            sizes[-1] += 1
            known[event.anchor] = 1
        elif isinstance(event, AliasEvent):
            size = _size_of(event, known)
            sizes[-1] += size
            aliased += size
        if len(anchors) > MAX_DEPTH:
            raise TooDeepError(problem=f"more than {MAX_DEPTH} levels deep", problem_mark=event.start_mark)
        if aliased > MAX_ALIASED:
            problem = f"aliases stand for more than {MAX_ALIASED} values"
            raise AliasBombError(problem=problem, problem_mark=event.start_mark)


def _size_of(alias: Any, known: dict[str | None, int]) -> int:
    """How many values an alias stands for; one that stands within what it names would have no end."""
    if alias.anchor not in known:
        problem = f"no anchor `&{alias.anchor}` ends before this alias"
        raise AliasBombError(problem=problem, problem_mark=alias.start_mark)
    return known[alias.anchor]


def load(text: str) -> Any:
    """Return the single document of `text`; None when it is empty."""
    documents = load_all(text)
    return documents[0] if documents else None


def scan(text: str) -> Iterator[Any]:
    """Yield PyYAML's parser events (libyaml where it is built in); raises `yaml.MarkedYAMLError` with a place."""
    loader: Any = _EVENT_LOADER(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    finally:
        loader.dispose()


YAMLError = yaml.YAMLError
MarkedYAMLError = yaml.MarkedYAMLError


class OutOfBoundsError(yaml.MarkedYAMLError):
    """A text that is not read at all; its subclass says which bound it is out of."""


class TooDeepError(OutOfBoundsError):
    """It nests deeper than MAX_DEPTH."""


class UnclearError(yaml.MarkedYAMLError):
    """What only kustomize can say how it reads it."""


class AliasBombError(OutOfBoundsError):
    """Its aliases stand for more than MAX_ALIASED values."""


MAX_DEPTH = 100
"""Levels of the YAML of a tree: a custom resource's schema, the deepest honest kind, has some fifty."""
MAX_ALIASED = 50_000
"""How many values all aliases of a file may stand for together, as in a values file."""
_MANY = MAX_DEPTH // 2
_DEEP_LINES = tuple(re.compile(rf"{line_break}[ \-?:]{{{_MANY}}}") for line_break in "\n\r\x85\u2028\u2029")
"""A line that may open that many block collections, by each of the line breaks of YAML 1.1: a pattern that begins with
one character is looked for twenty times as fast as one that begins with several, and a review reads 30,000 files."""

AliasEvent = yaml.AliasEvent
ScalarEvent = yaml.ScalarEvent
SequenceStartEvent = yaml.SequenceStartEvent
MappingStartEvent = yaml.MappingStartEvent
CollectionEndEvent = yaml.CollectionEndEvent
DocumentStartEvent = yaml.DocumentStartEvent
ScalarNode = yaml.ScalarNode
SequenceNode = yaml.SequenceNode
MappingNode = yaml.MappingNode

_EVENT_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _KubernetesLoader(_SafeLoader):  # type: ignore[misc]
    """Scalars as kustomize reads a manifest (`read_number`), merge keys merged, keys as text."""

    yaml_implicit_resolvers: ClassVar[dict[str, list[tuple[str, re.Pattern[str]]]]] = {}
    is_strict = False
    """Whether what kustomize refuses, or reads in a way of its own, is an UnclearError."""

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0] and value[:1] in _FIRST_OF_NUMBERS and value:
            number = read_number(value)
            return _TEXT if number == value else _TAGS[type(number)]
        return super().resolve(kind, value, implicit)

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        if isinstance(node, MappingNode):
            if self.is_strict:
                _refuse_unclear(node)
            self.flatten_mapping(node)
            for key, _ in node.value:
                if isinstance(key, ScalarNode):
                    key.tag = _TEXT
        result: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return result


class _ObjectLoader(_KubernetesLoader):
    """The same, for what an in-process build reads."""

    is_strict = True

    def resolve(self, kind: Any, value: Any, implicit: Any) -> Any:
        if kind is ScalarNode and implicit[0] and _UNCLEAR.match(value):
            raise UnclearError(problem=f"{value} is neither a number nor plainly a text")
        return super().resolve(kind, value, implicit)


_TEXT, _MERGE = "tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"
for _tag, _pattern, _first in (
    ("bool", r"(?:true|True|TRUE|false|False|FALSE)\Z", "tTfF"),
    ("null", r"(?:~|null|Null|NULL|)\Z", ["~", "n", "N", ""]),
    ("merge", r"<<\Z", "<"),
):
    _KubernetesLoader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))

_FIRST_OF_NUMBERS = "+-.0123456789"
_INTEGER = re.compile(r"([-+]?)(?:0([xX])([0-9a-fA-F]+)|0([bB])([01]+)|0([oO]?)([0-7]+)|(0|[1-9][0-9]*))\Z", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z", re.ASCII)
_DATE = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})\Z", re.ASCII)
_UNCLEAR = re.compile(
    r"[-+]?\.(?:inf|Inf|INF)\Z|\.(?:nan|NaN|NAN)\Z|(?!\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\Z)\d{4}-\d\d?-\d\d?[Tt ]"
    r"|0_*[bo]_*[-+]"
)
"""Infinities, times that are not written as Go writes them, and a sign within a number, which kustomize takes as one
from us and as text from itself."""
_LARGEST = 1e21
"""Below it Go writes a whole float without an exponent (encoding/json), so that it comes out as an integer."""


@lru_cache(maxsize=1 << 14)
def read_number(text: str) -> int | float | str:
    """What kustomize makes of a plain scalar that begins like a number: a number, a date as the text of its first
    second, or the text itself.

    `0x10`, `0o10`, `010`, `0b10` and `1_0` are numbers, and so is `-_8`; a number out of range is text. As
    go.yaml.in/yaml/v3, `resolve` (resolve.go), and sigs.k8s.io/yaml, `JSONToYAML`; held against kustomize 5.8.1.
    """
    day = _DATE.match(text)
    if day is not None:
        return _read_date(text, *map(int, day.groups()))
    plain = text if text[0] == "." else text.replace("_", "")
    number = _read_integer(plain)
    if number is not None:
        return number
    if _FLOAT.match(plain):
        value = float(plain)
        return text if math.isinf(value) else _as_json(value)
    return text


def _read_date(text: str, year: int, month: int, day: int) -> str:
    try:
        return f"{date(year, month, day).isoformat()}T00:00:00Z"
    except ValueError:
        return text


def _read_integer(plain: str) -> int | None:
    """As `strconv.ParseInt`, else `ParseUint`, with base 0."""
    match = _INTEGER.match(plain)
    if match is None or len(plain) > _LONGEST:
        return None
    sign, is_hex, hexadecimal, is_binary, binary, _, octal, decimal = match.groups()
    size = int(hexadecimal, 16) if is_hex else int(binary, 2) if is_binary else int(octal, 8) if octal else int(decimal)
    if sign == "-":
        return -size if size <= 1 << 63 else None
    return size if size < 1 << (63 if sign else 64) else None


_LONGEST = 4096
"""Characters of an integer: 64 bits, with zeros before them."""


def _as_json(value: float) -> int | float:
    """A float as it comes back from JSON: a whole one as an integer, where 64 bits hold it."""
    if not value.is_integer() or abs(value) >= _LARGEST:
        return value
    whole = int(Decimal(repr(value)))
    return whole if -(1 << 63) <= whole < 1 << 64 else value


def _refuse_unclear(node: Any) -> None:
    """Raise UnclearError for a map that kustomize refuses, or reads in a way of its own."""
    seen: set[str] = set()
    for key, _ in node.value:
        if not isinstance(key, ScalarNode) or key.tag not in (_TEXT, _MERGE) or key.value in seen:
            raise UnclearError(problem="a key that is no text, or comes twice", problem_mark=key.start_mark)
        if key.value == "<<" and key.tag != _MERGE:
            raise UnclearError(problem="a key `<<` in quotes", problem_mark=key.start_mark)
        seen.add(key.value)


def _construct_number(loader: Any, node: Any) -> Any:
    value = read_number(loader.construct_scalar(node) or " ")
    if isinstance(value, str) and node.tag != _TIME:
        raise ValueError(f"{value} is no number")
    return value


_KubernetesLoader.add_constructor(_MERGE, _KubernetesLoader.construct_yaml_str)  # as a value it is text

_TIME = "tag:yaml.org,2002:timestamp"
_TAGS = {int: "tag:yaml.org,2002:int", float: "tag:yaml.org,2002:float", str: _TIME}
for _tag in _TAGS.values():
    _KubernetesLoader.add_constructor(_tag, _construct_number)


@lru_cache(maxsize=1 << 14)
def _in_order(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Keys of a map in the order they are written; maps with the same keys are many."""
    return tuple(sorted(keys, key=lambda key: (KEY_ORDER.get(key, 99), key)))


def _write_map(value: dict[str, Any], indent: str, first: str, lines: list[str]) -> None:
    """Append the lines of a non-empty map; `first` replaces the indent of its first line (after `- `)."""
    lead = first or indent
    for key in _in_order(tuple(value)):
        item = value[key]
        head = f"{lead}{_scalar(key)}:"
        lead = indent
        if item.__class__ is str:
            block = _literal(item, indent + "  ") if "\n" in item else None
            if block is None:
                lines.append(f"{head} {_string(item)}")
            else:
                lines.append(f"{head} {block[0]}")
                lines.extend(block[1])
        elif isinstance(item, dict) and item:
            lines.append(head)
            _write_map(item, indent + "  ", "", lines)
        elif isinstance(item, list) and item:
            lines.append(head)
            _write_list(item, indent, lines)
        else:
            lines.append(f"{head} {_scalar(item)}")


def _write_list(value: list[Any], indent: str, lines: list[str]) -> None:
    for item in value:
        if isinstance(item, dict) and item:
            _write_map(item, indent + "  ", f"{indent}- ", lines)
        elif isinstance(item, list) and item:
            lines.append(f"{indent}-")
            _write_list(item, indent + "  ", lines)
        elif item.__class__ is str:
            block = _literal(item, indent + "  ") if "\n" in item else None
            if block is None:
                lines.append(f"{indent}- {_string(item)}")
            else:
                lines.append(f"{indent}- {block[0]}")
                lines.extend(block[1])
        else:
            lines.append(f"{indent}- {_scalar(item)}")


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _string(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)) and not value:
        return "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, (int, float)):
        return json.dumps(value, allow_nan=False)
    raise TypeError(f"not a YAML value: {value!r}")


@lru_cache(maxsize=1 << 15)
def _string(text: str) -> str:
    plain = _PLAIN.match(text) or _PLAIN_WORDS.match(text)
    if plain and text.lower() not in _AMBIGUOUS:
        return text
    if _SINGLE.match(text) and ('"' in text or "\\" in text):
        return "'" + text.replace("'", "''") + "'"
    return json.dumps(text, ensure_ascii=False)


def _literal(text: str, indent: str) -> tuple[str, list[str]] | None:
    """`text` as a literal block: its header and lines, or None where a block would not be exact."""
    if not _LITERAL.match(text) or _NOT_LITERAL.search(text):
        return None
    body = text.rstrip("\n")
    breaks = len(text) - len(body)
    header = {0: "|-", 1: "|"}.get(breaks, "|+")
    lines = [f"{indent}{line}" if line else "" for line in body.split("\n")]
    return header, lines + [""] * max(0, breaks - 1)
