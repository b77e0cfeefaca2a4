"""What is read of a text at all, and the events it is read in: bounded in depth and in what its aliases stand for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import yaml

from llmstack.yamlio.conflict import refuse_conflict

MAX_DEPTH = 100
"""Levels of the YAML of a tree: a custom resource's schema, the deepest honest kind, has some fifty."""
MAX_ALIASED = 50_000
"""How many values all aliases of a file may stand for together, as in a values file."""
_TOO_DEEP = f"more than {MAX_DEPTH} levels deep"
_DEEPER = ("while increasing flow level", "while increasing block level")
"""What libyaml was at when a text is too deep for it (src/scanner.c)."""
_MANY = MAX_DEPTH // 2
_DEEP_LINES = tuple(re.compile(rf"{line_break}[ \-?:]{{{_MANY}}}") for line_break in "\n\r\x85\u2028\u2029")
"""A line that may open that many block collections, by each of the line breaks of YAML 1.1: a pattern that begins with
one character is looked for twenty times as fast as one that begins with several, and a review reads 30,000 files."""
_DOCUMENT = re.compile(r"\n---(?=[ \t\r\n])")
"""Where a document ends and another begins, whatever is open before it: within a collection or a text in quotes it is
an error (libyaml's src/scanner.c, yaml_parser_fetch_next_token)."""

AliasEvent = yaml.AliasEvent
ScalarEvent = yaml.ScalarEvent
SequenceStartEvent = yaml.SequenceStartEvent
MappingStartEvent = yaml.MappingStartEvent
CollectionEndEvent = yaml.CollectionEndEvent
DocumentStartEvent = yaml.DocumentStartEvent

_EVENT_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class OutOfBoundsError(yaml.MarkedYAMLError):
    """A text that is not read at all; its subclass says which bound it is out of."""


class TooDeepError(OutOfBoundsError):
    """It nests deeper than MAX_DEPTH."""


class AliasBombError(OutOfBoundsError):
    """Its aliases stand for more than MAX_ALIASED values."""


def scan(text: str) -> Iterator[Any]:
    """Yield PyYAML's parser events (libyaml where it is built in); raises `yaml.MarkedYAMLError` with a place.

    libyaml 0.2.6 ends at a depth of 1,000 by itself, and looks ahead for the end of a key: before the events of a
    lesser depth have come.
    """
    loader: Any = _EVENT_LOADER(text)
    try:
        while loader.check_event():
            yield loader.get_event()
    except yaml.MarkedYAMLError as error:
        if error.context not in _DEEPER:
            raise
        raise TooDeepError(problem=_TOO_DEEP, problem_mark=error.problem_mark) from error
    finally:
        loader.dispose()


def check_bounds(text: str) -> None:
    """Raise OutOfBoundsError where a text nests deeper than MAX_DEPTH, or its aliases stand for more than MAX_ALIASED
    values, and ConflictError where it is two texts.

    libyaml's events come without recursion; what composes them recurses, until the process ends with a segmentation
    fault. Most texts show by their characters that they can be neither: a level takes a bracket, or a column of
    indentation, none goes on into another document, and nothing grows without an alias.
    """
    refuse_conflict(text)
    if ("*" in text and "&" in text) or _has_many_brackets(text) or _has_deep_line(f"\n{text}"):
        _measure(text)


def _has_many_brackets(text: str) -> bool:
    """Whether one of its documents does."""
    if _count_brackets(text) < _MANY:
        return False
    return any(_count_brackets(document) >= _MANY for document in _DOCUMENT.split(text))


def _count_brackets(text: str) -> int:
    return text.count("[") + text.count("{")


def _has_deep_line(text: str) -> bool:
    return any(pattern.search(text) is not None for pattern in _DEEP_LINES)


@lru_cache(maxsize=8)
def _measure(text: str) -> None:
    """Raise as `check_bounds` does. Remembered: a file is looked through before it is built from, and on two sides."""
    sizes = [0]  # values in each collection that is open; `anchors` are the names of those collections
    anchors: list[str | None] = []
    known: dict[str | None, int] = {}
    aliased = 0
    for event in scan(text):
        if isinstance(event, ScalarEvent):
            sizes[-1] += 1
            known[event.anchor] = 1
            continue
        if isinstance(event, CollectionEndEvent):
            size = sizes.pop()
            sizes[-1] += size
            known[anchors.pop()] = size
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            sizes.append(1)
            anchors.append(event.anchor)
            known.pop(event.anchor, None)
        elif isinstance(event, AliasEvent):
            size = _size_of(event, known)
            sizes[-1] += size
            aliased += size
        if len(anchors) > MAX_DEPTH:
            raise TooDeepError(problem=_TOO_DEEP, problem_mark=event.start_mark)
        if aliased > MAX_ALIASED:
            problem = f"aliases stand for more than {MAX_ALIASED} values"
            raise AliasBombError(problem=problem, problem_mark=event.start_mark)


def _size_of(alias: Any, known: dict[str | None, int]) -> int:
    """How many values an alias stands for; one that stands within what it names would have no end."""
    if alias.anchor not in known:
        problem = "no anchor of its name ends before this alias"
        raise AliasBombError(problem=problem, problem_mark=alias.start_mark)
    return known[alias.anchor]
