"""Reading one values file.

It is one pass over the parser's events, with limits, so that a file that is hostile (alias bombs, depth, size)
or ambiguous (several documents, tags, duplicate keys, keys that are not strings) ends in findings with a place, soon.
A file that cannot be parsed is a `Source` without data: it hides none of the findings in other files.
"""

from __future__ import annotations

import re
from functools import lru_cache

from llmstack import yamlio
from llmstack.finding import Finding, Place, Severity
from llmstack.values.encoding import decode
from llmstack.values.holding import CHART_KEYS, Wrapped
from llmstack.values.nodes import Source
from llmstack.values.reader import SHALLOW, TEMPLATE, TOO_DEEP, Reader, Stop
from llmstack.values.wrapped import unwrap, wrapped_finding

_TEMPLATED = re.compile(r"^[ \t]*(?:[\w.-]+:[ \t]+|- +)*\{\{", re.MULTILINE)
"""A line that begins with a template, or has one bare for its value."""
_ERROR = Severity.ERROR


@lru_cache(maxsize=4)
def read_source(path: str, content: bytes) -> Source:
    """Read a values file; what is wrong with its text is in `findings`, never an exception.

    A file that wraps values in something else is one finding, and no data. The last few are remembered:
    values/base.yaml lies under every environment, on both sides of a comparison.
    """
    source = read_document(path, content)
    wrapped = find_wrapped(source)
    return source if wrapped is None else Source(path, source.text, None, (wrapped_finding(source, wrapped),))


def find_wrapped(source: Source) -> Wrapped | None:
    """What a file is that is no values file; None where it is one, or cannot be read."""
    several = any(finding.id == "several-documents" for finding in source.findings)
    if source.root is None and not several:
        return None
    if source.root is not None and CHART_KEYS & source.root.keys.keys():
        return None
    return unwrap(source.text, lambda text: read_document(source.path, text.encode()))


def read_document(path: str, content: bytes) -> Source:
    """Read a file of one document, whatever it is."""
    text, problem = decode(path, content)
    if problem is not None:
        return Source(path, text, None, (problem,))
    source = Source(path, text, None)
    reader = Reader(source)
    try:
        root = reader.read()
    except Stop:
        root = None
    except yamlio.MarkedYAMLError as error:
        reader.findings.append(_syntax_finding(source, error))
        root = None
    except yamlio.YAMLError as error:  # a reader error: bytes no YAML may have
        reader.findings.append(Finding("yaml-syntax", _ERROR, str(error).split("\n")[0], place=Place(path)))
        root = None
    return Source(path, text, root, tuple(reader.findings))


def _indentation(source: Source, line: int, column: int) -> str:
    """What a line begins with up to a place in it, and the character there where the rest is blank."""
    before = source.lines[line][: column + 1] if line < len(source.lines) else ""
    return before if not before.strip() else before[: len(before) - len(before.lstrip())]


def _syntax_finding(source: Source, error: yamlio.MarkedYAMLError) -> Finding:
    mark = error.problem_mark or error.context_mark
    place = source.at(mark.line, mark.column) if mark is not None else Place(source.path)
    if isinstance(error, yamlio.TooDeepError):
        return Finding("too-deep", _ERROR, TOO_DEEP, place=place, help=SHALLOW)
    message = " ".join(part for part in (error.context, error.problem) if part)
    help = "strings with `: `, `#` or a leading `{`, `*`, `&`, `@` need quotes"
    if mark is not None and "\t" in _indentation(source, mark.line, mark.column):
        help = "a tab is no indentation in YAML: put spaces in its place"
    elif _TEMPLATED.search(source.text):
        help = TEMPLATE
    return Finding("yaml-syntax", _ERROR, message, place=place, help=help)
