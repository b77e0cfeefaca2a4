"""Writings of a manifest that only kustomize can say how it reads them."""

from __future__ import annotations

import re
from typing import Any

import yaml

from llmstack.yamlio.bounds import CollectionEndEvent, MappingStartEvent, ScalarEvent, SequenceStartEvent, scan

_WORTH_A_LOOK = re.compile(r"[!?]|>\d?\+|\\[0abefvxuUN_LP]")
"""What stands in every text that has such a writing, and in few others."""
_CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufffe\uffff]")


class UnclearError(yaml.MarkedYAMLError):
    """What only kustomize can say how it reads it."""


def refuse_unclear_writing(text: str) -> None:
    """Raise UnclearError for explicit tags, a `?` between brackets, escaped control characters, and folded text that
    keeps line breaks at its end.

    Go's parser refuses the second or reads it otherwise, kustomize 5.8.1 refuses the third, and writes one more line
    break than it read of the last; what a tag makes of a text that does not fit it differs.
    """
    if not _WORTH_A_LOOK.search(text):
        return
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
        elif isinstance(event, ScalarEvent):
            problem = _find_problem(event, in_brackets=bool(brackets) and brackets[-1])
        if problem is not None:
            raise UnclearError(problem=problem, problem_mark=event.start_mark)


def _find_problem(scalar: Any, *, in_brackets: bool) -> str | None:
    if scalar.tag is not None:
        return "an explicit tag"
    if in_brackets and scalar.style in (None, "") and "?" in scalar.value:
        return "a `?` between brackets"
    if _CONTROLS.search(scalar.value):
        return "a control character"
    return "line breaks after folded text" if scalar.style == ">" and scalar.value.endswith("\n\n") else None
