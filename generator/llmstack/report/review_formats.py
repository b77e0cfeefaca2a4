"""Every format of a review by its name, for `diff`; a format's module is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmstack.report.options import Options
    from llmstack.review.result import Review


def _text(review: Review, options: Options) -> str:
    from llmstack.report import review_text

    return review_text.render(review, options)


def _markdown(review: Review, options: Options) -> str:
    from llmstack.report import review_markdown

    return review_markdown.render(review, options)


def _json(review: Review, options: Options) -> str:
    from llmstack.report import review_json

    return review_json.render(review, options)


def _html(review: Review, options: Options) -> str:
    from llmstack.report import review_html

    return review_html.render(review, options)


def _github(review: Review, options: Options) -> str:
    from llmstack.report import review_github

    return review_github.render(review, options)


def _sarif(review: Review, options: Options) -> str:
    from llmstack.report import review_sarif

    return review_sarif.render(review, options)


REVIEW_FORMATS: Mapping[str, Callable[[Review, Options], str]] = {
    "text": _text,
    "markdown": _markdown,
    "json": _json,
    "html": _html,
    "github": _github,
    "sarif": _sarif,
}


def render_review(review: Review, format: str, *, colour: bool = False, page: str | None = None) -> str:
    """Return a review in a format of `REVIEW_FORMATS`; no secret is in it. `page` is where its page will be."""
    from llmstack.report.options import Options
    from llmstack.report.pages import all_pages

    pages = all_pages() if format == "sarif" else {}
    return REVIEW_FORMATS[format](review, Options(colour=colour, pages=pages, page=page))
