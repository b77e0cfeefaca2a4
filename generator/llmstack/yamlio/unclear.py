"""Writings of a manifest that only kustomize can say how it reads them."""

from __future__ import annotations

import re
from typing import Any

import yaml

from llmstack.yamlio.bounds import CollectionEndEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent, scan

_WORTH_A_LOOK = re.compile(
    r"[!?]|>[-+\d]*[ \t]*(?:#[^\n]*)?\n|\\[0abefvxuUN_LP/]|\{\s*[^\s}]|:\s*[,\]]|^\ufeff?%", re.MULTILINE
)
"""What stands in every text that has such a writing, and in few others."""
_OTHER_LINES = re.compile(r"\r(?!\n)|[\x85\u2028\u2029\ufffd]|^---(?![ \t]*(?:#[^\n]*)?\r?$)|^\.\.\.", re.MULTILINE)
"""Line breaks of YAML 1.1 alone, bytes that are no UTF-8, and what ends a document in another way than `---` on a line
of its own: kustomize splits a file at these lines before it reads YAML."""
_INDENTED = re.compile(r"(?:\A|\n)[ \t]")
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


class UnclearError(yaml.MarkedYAMLError):
    """What only kustomize can say how it reads it."""


def refuse_unclear_writing(text: str) -> None:
    """Raise UnclearError for explicit tags, a `?` or nothing between brackets, escaped control characters and slashes,
    directives, other ends of lines and documents than a manifest has, and folded text that keeps line breaks at its end
    or has lines that are indented.

    Go's parser refuses the second or reads it otherwise; kustomize 5.8.1 makes an empty text of the third (`{a: }`),
    refuses control characters and directives, and writes one more line break than it read of such folded text; what a
    tag makes of a text that does not fit it differs.
    """
    if _OTHER_LINES.search(text):
        raise UnclearError(problem="a line or a document that ends in another way than those of a manifest")
    if not _WORTH_A_LOOK.search(text):
        return
    _scan_for_unclear(text)


def _scan_for_unclear(text: str) -> None:
    brackets: list[bool] = []
    for event in scan(text):
        problem = None
        if isinstance(event, CollectionEndEvent):
            brackets.pop()
        elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
            brackets.append(bool(event.flow_style))
            mark: Any = event.start_mark
            is_key = brackets[-1] and text.startswith("?", mark.index)
            problem = "an explicit tag" if event.tag is not None else "a `?` between brackets" if is_key else None
        elif isinstance(event, yaml.DocumentStartEvent) and (event.version or event.tags):
            problem = "a directive"
        elif isinstance(event, ScalarEvent):
            problem = _find_problem(text, event, in_brackets=bool(brackets) and brackets[-1])
        if problem is not None:
            raise UnclearError(problem=problem, problem_mark=event.start_mark)


def _find_problem(text: str, scalar: Any, *, in_brackets: bool) -> str | None:
    if scalar.tag is not None:
        return "an explicit tag"
    if in_brackets and scalar.style in (None, "") and (not scalar.value or "?" in scalar.value):
        return "a `?` between brackets" if scalar.value else "nothing between brackets"
    if scalar.style == '"' and "\\/" in text[scalar.start_mark.index : scalar.end_mark.index]:
        return "an escaped slash"
    if _CONTROLS.search(scalar.value):
        return "a control character"
    if scalar.style == ">" and (scalar.value.endswith("\n\n") or _INDENTED.search(scalar.value)):
        return "line breaks in folded text"
    return None
