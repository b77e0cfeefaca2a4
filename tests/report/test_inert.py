"""Whatever names are made of: no output steers a terminal or commands a CI system, and data stay what they are."""

from __future__ import annotations

import json

import pytest

from llmstack import yamlio
from llmstack.report.inert import inert, inert_json, inert_yaml
from llmstack.report.options import Options
from llmstack.report.paint import paint_with
from llmstack.report.review_formats import REVIEW_FORMATS
from tests.report import samples

HOSTILE = (
    "\x1b[2J\x1b]0;t\x07\n::error title=x::pwned\n  ::add-mask::e\n##[add-mask]e ##vso[x] ##teamcity[x]\r::notice::"
    "\u202e\x9b"
)


def holds_command(text: str) -> bool:
    """Whether GitHub Actions, Azure Pipelines or TeamCity would act on a log with this text in it."""
    lines = [line.lstrip() for line in text.replace("\r", "\n").split("\n")]
    return any(line.startswith("::") or "##[" in line or "##vso[" in line or "##teamcity[" in line for line in lines)


def test_text() -> None:
    assert holds_command(HOSTILE)
    shown = inert(HOSTILE)
    assert not holds_command(shown)
    assert not {"\x1b", "\x07", "\r", "\u202e", "\x9b"} & set(shown)
    assert "pwned" in shown
    assert inert("a\r\n\tb ## [c] d::e é 日本\n") == "a\r\n\tb ## [c] d::e é 日本\n"
    assert inert("::x", inside_line=True) == "::x"


def test_our_own_colours_stay_on_a_terminal_alone() -> None:
    red = paint_with(colour=True)("x", "1;31")
    assert inert(red + "\x1b[8m", terminal=True) == red + "\\x1b[8m"
    assert "\x1b" not in inert(red)


def test_json_and_yaml_say_the_same() -> None:
    data = {"metadata": {"name": [HOSTILE, "\U000e0041"]}}
    for text, read in ((inert_json(json.dumps(data, ensure_ascii=False)), json.loads), (inert_yaml(data), yamlio.load)):
        assert read(text) == data
        assert inert(text) == text
        assert not holds_command(text)


@pytest.mark.parametrize("format", [format for format in REVIEW_FORMATS if format != "github"])
def test_an_honest_report_is_inert_already(format: str) -> None:
    text = REVIEW_FORMATS[format](samples.small(), Options())
    assert inert(text) == text
