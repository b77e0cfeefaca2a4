"""The rendered difference of one object: its YAML before and after, line by line."""

from __future__ import annotations

from difflib import unified_diff

from llmstack import yamlio
from llmstack.report.visible import bounded, visible
from llmstack.review.change import ObjectChange

CONTEXT = 3


def render_difference(change: ObjectChange) -> list[str]:
    """Return the lines of a unified difference without its file header, unseen characters as escapes.

    Empty where the review holds neither side. The review is masked already (`mask_review`).
    """
    before = _lines(change.before)
    after = _lines(change.after)
    found = list(unified_diff(before, after, lineterm="", n=CONTEXT))[2:]
    return [bounded(visible(line, keep="\t")) for line in found]


def _lines(object: object) -> list[str]:
    return yamlio.dump(object).split("\n")[:-1] if object else []
