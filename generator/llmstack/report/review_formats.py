"""Every format of a review by its name, for `diff`."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from llmstack.report import review_html, review_json, review_markdown, review_text
from llmstack.report.options import Options
from llmstack.review.result import Review

REVIEW_FORMATS: Mapping[str, Callable[[Review, Options], str]] = {
    "text": review_text.render,
    "markdown": review_markdown.render,
    "json": review_json.render,
    "html": review_html.render,
}


def render_review(review: Review, format: str, *, colour: bool = False) -> str:
    """Return a review in a format of `REVIEW_FORMATS`; no secret is in it."""
    return REVIEW_FORMATS[format](review, Options(colour=colour))
