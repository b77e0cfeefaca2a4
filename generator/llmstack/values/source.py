"""Reading one values file.

It is one pass over the parser's events, with limits, so that a file that is hostile (alias bombs, depth, size)
or ambiguous (several documents, tags, duplicate keys, keys that are not strings) ends in findings with a place, soon.
A file that cannot be parsed is a `Source` without data: it hides none of the findings in other files.
"""

from __future__ import annotations

from functools import lru_cache

from llmstack import yamlio
from llmstack.finding import Finding, Place, Severity
from llmstack.values.encoding import decode
from llmstack.values.holding import CHART_KEYS, Wrapped
from llmstack.values.nodes import Source
from llmstack.values.reader import Reader, Stop
from llmstack.values.unreadable import unreadable
from llmstack.values.wrapped import unwrap, wrapped_finding

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
        reader.findings.append(unreadable(source, error))
        root = None
    except yamlio.YAMLError as error:  # a reader error: bytes no YAML may have
        reader.findings.append(Finding("yaml-syntax", _ERROR, str(error).split("\n")[0], place=Place(path)))
        root = None
    return Source(path, text, root, tuple(reader.findings))
