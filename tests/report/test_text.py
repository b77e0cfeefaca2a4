"""Findings as text: what stands under what, and what is never shown."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmstack.finding import Finding, Place, Severity
from llmstack.report.formats import render_findings
from llmstack.report.visible import width
from tests.report import samples


def finding(line: str, column: int, length: int, number: int = 5, **other: object) -> Finding:
    place = Place("values/prod.yaml", number, column, length, line)
    return Finding("some-id", Severity.ERROR, "a message", place=place, **other)  # type: ignore[arg-type]


def test_the_format_of_the_design() -> None:
    one = Finding(
        "unknown-key",
        Severity.ERROR,
        "`repositry` is not a key of modelSpec[0]",
        place=Place("values/prod.yaml", 5, 7, 9, "      repositry: vllm/vllm-openai"),
        help="did you mean `repository`?",
    )
    assert render_findings([one], "text") == (
        "error[unknown-key]: `repositry` is not a key of modelSpec[0]\n"
        "  --> values/prod.yaml:5:7\n"
        "   |\n"
        " 5 |       repositry: vllm/vllm-openai\n"
        "   |       ^^^^^^^^^\n"
        "   = help: did you mean `repository`?\n"
        "\n"
        "1 error\n"
    )


@pytest.mark.parametrize("number", [1, 42, 12345])
def test_the_gutter_is_as_wide_as_the_line_number(number: int) -> None:
    lines = render_findings([finding("key: x", 1, 3, number, help="do it")], "text").splitlines()
    bars = [line.index("|") for line in lines if "|" in line]
    assert len(bars) == 3
    assert set(bars) == {len(str(number)) + 2}
    assert lines[5].index("=") == bars[0]
    assert lines[1].index("-->") == bars[0] - 1


@pytest.mark.parametrize(
    ("line", "column", "length", "marked"),
    [
        ("key: value", 6, 5, "value"),
        ("\tkey: value", 2, 3, "key"),
        ("a\tb: c", 3, 1, "b"),
        ("日本語: latest", 6, 6, "latest"),
        ("日本語: latest", 1, 3, "日本語"),
        ("a\u0301e\u0301: x", 7, 1, "x"),
        ("a\u202eb: x", 6, 1, "x"),
        ("key:", 5, 1, ""),
        ("x" * 400 + "HERE" + "y" * 400, 401, 4, "HERE"),
    ],
)
def test_the_carets_stand_under_what_is_meant(line: str, column: int, length: int, marked: str) -> None:
    shown, carets = render_findings([finding(line, column, length)], "text").splitlines()[3:5]
    at = shown.index(marked) if marked else len(shown)
    under = max(1, width(marked))
    assert carets.endswith("^" * under)
    assert carets.count("^") == under
    assert len(carets) == width(shown[:at]) + under


def test_a_long_line_is_cut_around_its_place() -> None:
    shown = render_findings([finding("x" * 5000, 2500, 1)], "text").splitlines()[3]
    assert len(shown) < 180
    assert shown.count("…") == 2


def test_findings_come_by_file_and_line_with_a_tally() -> None:
    text = render_findings(samples.findings(), "text")
    places = re.findall(r"--> (\S+?):(\d+):", text)
    assert places == sorted(places, key=lambda place: (place[0], int(place[1])))
    assert text.endswith("\n3 errors, 1 warning, 1 note\n")


def test_nothing_to_say_is_nothing() -> None:
    assert render_findings([], "text") == ""


def test_colours_only_when_asked() -> None:
    plain = render_findings(samples.findings(), "text")
    coloured = render_findings(samples.findings(), "text", colour=True)
    assert "\x1b" not in plain
    assert re.sub(r"\x1b\[[0-9;]*m", "", coloured) == plain


@pytest.mark.parametrize(
    "line",
    [
        "hf_token: s3cret",
        "  vllmApiKey: 's3cret'",
        "- name: HF_TOKEN, value: s3cret",
        "- {name: OPENAI_API_KEY, value: s3cret}",
        "        value: s3cret",
        "PASSWORD: s3cret",
        '{"db_password":"s3cret"}',
        "extraArgs: [--api-key, s3cret]",
        'extraArgs: ["--api-key=s3cret"]',
        "- --hf-token=s3cret",
        "command: vllm serve --api-key s3cret",
        f"x: {samples.SECRET}",
        "url: https://user:s3cret@host/x",
    ],
)
def test_a_line_that_may_hold_a_secret_is_not_shown(line: str) -> None:
    text = render_findings([finding(line, 1, 1)], "text")
    assert "s3cret" not in text
    assert samples.SECRET not in text
    assert "-->" in text


def test_a_secret_finding_and_one_below_a_secret_key_show_no_line() -> None:
    below = finding("  s3cret", 3, 1, route=("servingEngineSpec", "vllmApiKey"))
    for one in (finding("plain: s3cret", 1, 1, secret=True), below):
        assert "s3cret" not in render_findings([one], "text")


@pytest.mark.parametrize(
    "line",
    [
        "hf_token: {secretName: hf, secretKey: token}",
        "hf_token:",
        "vllmApiKey: null",
        "  secretKey: token",
        "tokenizer: /models/x",
        "maxNumBatchedTokens: 4096",
        "automountServiceAccountToken: false",
        "passthrough: x",
    ],
)
def test_other_lines_are_shown(line: str) -> None:
    assert f"| {line}".rstrip() in render_findings([finding(line, 1, 1)], "text")


@given(st.text(), st.text(), st.text())
def test_no_text_steers_the_terminal(message: str, line: str, help: str) -> None:
    one = Finding("id", Severity.NOTE, message, place=Place(message, 1, 1, 1, line.replace("\n", "")), help=help)
    for format in ("text", "github"):
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", render_findings([one], format))


@pytest.mark.parametrize("format", ["text", "json", "github", "sarif"])
def test_a_message_repeats_no_more_of_a_file_than_can_be_read(format: str) -> None:
    long = Finding("bad-image", Severity.ERROR, f"`vllm:{'x' * 1_000_000}` is no image", help="y " * 100_000)
    shown = render_findings([long], format, pages={})
    assert len(shown) < 20_000
    assert "` is no image" in shown, "what is said of it stays"
    plain = "a word of " + "x" * 3000
    assert plain in render_findings([Finding("bad-image", Severity.ERROR, plain)], format, pages={})


def test_a_long_secret_is_masked_before_it_is_cut() -> None:
    token = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIx" * 400 + "." + "c2lnbmF0dXJl" * 4
    shown = render_findings([Finding("bad-image", Severity.ERROR, f"`{token}` is no image")], "text", pages={})
    assert "eyJ" not in shown
