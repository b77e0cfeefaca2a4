"""What is said of a text that YAML's parser refuses: the place of the slip, and what to write instead.

The parser stops where the text makes no sense any more, which is often a line after the slip: behind a bracket that is
not closed, or behind a key without a space after its colon. `context_mark` of its error is where that began.
"""

from __future__ import annotations

import re

from llmstack import yamlio
from llmstack.finding import Finding, Place, Severity
from llmstack.secrecy.names import is_secret_name
from llmstack.values.nodes import Source
from llmstack.values.reader import SHALLOW, TEMPLATE, TOO_DEEP

_TEMPLATED = re.compile(r"^[ \t]*(?:[\w.-]+:[ \t]+|- +)*\{\{", re.MULTILINE)
"""A line that begins with a template, or has one bare for its value."""
_NO_SPACE = re.compile(r"[ ]*(?:- +)*([A-Za-z_][\w.-]*):[^\s:/][^\s:]*\s*$")
"""A line that is a key and its value, without the space between; an address, or `::`, is none."""
_QUOTES = "strings with `: `, `#` or a leading `{`, `*`, `&`, `@` need quotes"
_ERROR = Severity.ERROR


def unreadable(source: Source, error: yamlio.MarkedYAMLError) -> Finding:
    """The finding on what the parser refused, at its place."""
    mark = error.problem_mark or error.context_mark
    place = source.at(mark.line, mark.column) if mark is not None else Place(source.path)
    if isinstance(error, yamlio.TooDeepError):
        return Finding("too-deep", _ERROR, TOO_DEEP, place=place, help=SHALLOW)
    message = " ".join(part for part in (error.context, error.problem) if part)
    if mark is not None and "\t" in _indentation(source, mark.line, mark.column):
        help = "a tab is no indentation in YAML: put spaces in its place"
    elif _TEMPLATED.search(source.text):
        help = TEMPLATE
    elif mark is not None and (glued := _glued_key(source, error, mark.line)) is not None:
        return glued
    else:
        help = _unclosed(source, error) or _QUOTES
    return Finding("yaml-syntax", _ERROR, message, place=place, help=help)


def _indentation(source: Source, line: int, column: int) -> str:
    """What a line begins with up to a place in it, and the character there where the rest is blank."""
    before = _line(source, line)[: column + 1]
    return before if not before.strip() else before[: len(before) - len(before.lstrip())]


def _glued_key(source: Source, error: yamlio.MarkedYAMLError, stopped: int) -> Finding | None:
    """A key without a space after its colon, where the parser began, or in the line before it stopped."""
    key = error.context_mark if error.context == "while scanning a simple key" else None
    began = key.line if key is not None else stopped - 1
    found = _NO_SPACE.match(_line(source, began)) if 0 <= began < stopped else None
    if found is None:
        return None
    name = found[1]
    place = source.at(began, found.start(1), len(found[0].rstrip()) - found.start(1))
    message = f"`{name}:` and what follows are one text, no key with a value"
    help = "put a space behind the colon"
    return Finding("yaml-syntax", _ERROR, message, place=place, help=help, secret=is_secret_name(name))


def _unclosed(source: Source, error: yamlio.MarkedYAMLError) -> str | None:
    """What to close, where the parser was still inside a bracket or a quoted text that an earlier line opens."""
    began, stopped = error.context_mark, error.problem_mark
    if began is None or stopped is None or began.line >= stopped.line:
        return None
    opening = _line(source, began.line)[began.column : began.column + 1]
    if opening not in ("[", "{", '"', "'"):
        return None
    return f"close the {opening} of line {began.line + 1}" + (", or put a comma before this" if opening in "[{" else "")


def _line(source: Source, line: int) -> str:
    return source.lines[line] if line < len(source.lines) else ""
