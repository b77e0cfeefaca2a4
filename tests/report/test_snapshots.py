"""Whole outputs of the reports, as people and programs get them. `pytest --update` rewrites expected/."""

from collections.abc import Callable
from pathlib import Path

import pytest

from llmstack.report.formats import FORMATS
from llmstack.report.options import Options
from llmstack.report.pages import Page
from llmstack.report.review_formats import REVIEW_FORMATS
from tests.report import samples

EXPECTED = Path(__file__).parent / "expected"
ENDINGS = {
    "text": "txt",
    "json": "json",
    "sarif": "sarif",
    "github": "github.txt",
    "gitlab": "gitlab.json",
    "markdown": "md",
}
PAGES = {
    "mutable-tag": Page("An image tag can move.\n\nPin a version or a digest: `tag: v0.11.0`.", "docs/checks.md"),
    "gpu-deadlock": Page("A rollout waits.\n\nWhy it matters: for ever.", "docs/risks.md"),
}
REVIEWS = {"small": samples.small, "nothing": samples.nothing}

Expect = Callable[[Path, str], None]


@pytest.mark.parametrize("format", FORMATS)
def test_findings(format: str, expect: Expect) -> None:
    text = FORMATS[format](samples.findings(), Options(pages=PAGES, version="1.2.3"))
    expect(EXPECTED / f"findings.{ENDINGS[format]}", text)


def test_findings_in_colour(expect: Expect) -> None:
    text = FORMATS["text"](samples.findings(), Options(colour=True))
    expect(EXPECTED / "findings.colour.txt", text.replace("\x1b", "ESC"))


@pytest.mark.parametrize("review", REVIEWS)
@pytest.mark.parametrize("format", [format for format in REVIEW_FORMATS if format != "html"])
def test_reviews(format: str, review: str, expect: Expect) -> None:
    options = Options(pages=PAGES, version="1.2.3", home="https://example.com/llmstack")
    expect(EXPECTED / f"{review}.{ENDINGS[format]}", REVIEW_FORMATS[format](REVIEWS[review](), options))


def test_a_large_review_in_colour_begins_with_the_verdict(expect: Expect) -> None:
    text = REVIEW_FORMATS["text"](samples.large(40), Options(colour=True))
    expect(EXPECTED / "large.colour.txt", text.replace("\x1b", "ESC"))


def test_every_expected_file_is_compared() -> None:
    compared = {f"findings.{ENDINGS[format]}" for format in FORMATS} | {
        "findings.colour.txt",
        "large.colour.txt",
    }
    compared |= {f"{review}.{ENDINGS[format]}" for review in REVIEWS for format in REVIEW_FORMATS if format != "html"}
    assert {path.name for path in EXPECTED.iterdir()} == compared
