"""The comment on a pull request: bounded whatever the change, inert whatever the names."""

import re
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from msgspec.structs import replace

from llmstack.report.budget import Part, fit
from llmstack.report.gantt import BARS, draw_gantt, plain
from llmstack.report.markdown import code, fenced, fold_title, prose
from llmstack.report.options import Options
from llmstack.report.review_markdown import render
from llmstack.report.review_text import render as render_text
from llmstack.review.change import Change
from llmstack.review.result import EnvironmentReview, Review
from tests.report import samples

GFM = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
OUR_HTML = re.compile(
    r"</?details>|<summary>[^<>&]*</summary>|<summary><code>(?:[^<>&]|&(?:lt|gt|amp|quot|#x27);)*</code>[^<>&]*</summary>|\s"
)
LINKED = re.compile(r"@\w|#\d|\w@\w|(?i:gh)-\d|https?:|www\.|\b[0-9a-f]{7,}\b|:\w+:|<[a-z/!]|[`*_~\[\]|]")
"""What GitHub makes more of than text: mentions, references, addresses, commit ids, emoji, HTML, Markdown."""
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
TEXTS = st.one_of(
    st.text(),
    st.lists(st.sampled_from([*samples.HOSTILE, "`", "``", "|", "\\", "\n", "@a", "#1", "<b>", "x", " "])).map("".join),
)


def tokens(text: str) -> Iterator[Token]:
    for block in GFM.parse(text):
        yield block
        yield from block.children or []


def assert_inert(comment: str) -> None:
    """No text of others is anything but code, a fenced block or escaped inside our own HTML."""
    assert not UNSEEN.search(comment)
    for token in tokens(comment):
        assert token.type not in ("image", "link_open", "blockquote_open", "s_open", "hr", "code_block")
        assert token.type != "heading_open" or token.tag == "h4"
        if token.type in ("html_block", "html_inline"):
            assert not OUR_HTML.sub("", token.content), token.content
        if token.type == "text":
            assert not LINKED.search(token.content), token.content


def test_hostile_names_are_inert() -> None:
    comment = render(samples.hostile(), Options(limit=2_000_000))
    assert_inert(comment)
    assert "Left out" not in comment
    assert "evil.example" in comment


def test_an_ordinary_comment_is_inert_too_and_structured() -> None:
    comment = render(samples.small(), Options())
    assert_inert(comment)
    kinds = [token.type for token in tokens(comment)]
    assert kinds.count("table_open") == 2
    assert kinds.count("heading_open") == 7
    headings = [token.content for token in tokens(comment) if token.type == "inline" and token.content.istitle()]
    assert headings == ["Risks", "Rollouts", "Engines", "Findings", "Images", "Changes"]


def test_a_table_has_as_many_cells_in_each_row_as_in_its_head() -> None:
    for review in (samples.small(), samples.hostile()):
        comment = render(review, Options(limit=2_000_000))
        for table in re.findall(r"(?:^\|.*\n)+", comment, re.MULTILINE):
            assert len({row.count("|") for row in table.splitlines()}) == 1


@given(TEXTS)
def test_code_is_one_code_span(text: str) -> None:
    for line in (f"{code(text)}", f"a {code(text)} b", f"- {code(text)}: {code(text)}"):
        inline = [token for token in tokens(line) if token.type == "inline"]
        kinds = [child.type for token in inline for child in token.children or []]
        assert kinds.count("code_inline") == line.count(code(text)) or len(text) == 0
        assert set(kinds) <= {"code_inline", "text"}


@given(TEXTS, TEXTS)
def test_prose_holds_text_and_code_alone(text: str, other: str) -> None:
    for shown in (prose(f"{text} word `{other}`"), prose(text), f"x {prose(text)} y"):
        item = f"- a\n  - {shown}\n"
        assert_inert(item)
        kinds = [token.type for token in tokens(item)]
        assert kinds.count("list_item_open") == kinds.count("paragraph_open") == 2
        assert {kind.removesuffix("_open").removesuffix("_close") for kind in kinds} <= {
            "bullet_list", "list_item", "paragraph", "inline", "text", "code_inline"
        }  # fmt: skip


@given(st.lists(TEXTS.map(lambda text: text.replace("\n", " ").replace("\r", " ")), min_size=1))
def test_a_fence_ends_where_it_should(lines: list[str]) -> None:
    blocks = GFM.parse(f"{fenced([f' {line}' for line in lines], 'diff')}\n\nafter")
    assert [block.type for block in blocks] == ["fence", "paragraph_open", "inline", "paragraph_close"]


@given(TEXTS)
def test_a_fold_has_one_title(text: str) -> None:
    assert re.fullmatch(r"<summary><code>[^<>\n]*</code> — note</summary>", fold_title(text, "note"))


def test_plain_words_stay_plain() -> None:
    text = "the goal needs 24 GPUs of pool `h100`, which has 16 (2 free)"
    assert prose(text) == text


@pytest.mark.parametrize(
    "word", ["@me", "#12", "GH-12", "ABC-12", "deadbeef", "a@b.c", "www.x.y", "*x*", "<b>", ":x:", "a_b_"]
)
def test_words_that_github_reads_become_code(word: str) -> None:
    assert prose(f"say {word} now") == f"say `{word}` now"


def many(count: int) -> Review:
    """Much of everything, in many environments, with long values."""
    review = samples.large(count)
    environment = review.environments["prod"]
    objects = tuple(
        replace(change, changes=(*change.changes, Change(f"spec.field-{index}", "x" * 9000, "ü" * 9000)))
        for index, change in enumerate(environment.objects)
    )
    environments = {f"env-{index:03d}-{'é' * 50}": replace(environment, objects=objects) for index in range(count)}
    return Review("a" * 40, "b" * 40, environments)


@pytest.mark.parametrize(
    "review",
    [samples.large(3), samples.large(500), samples.hostile(), many(25)],
    ids=["3", "500", "hostile", "many"],
)
def test_the_comment_is_never_longer_than_it_may_be(review: Review) -> None:
    for limit in (65_000, 8_000):
        comment = render(review, Options(limit=limit))
        assert len(comment.encode()) <= limit
        html = "".join(token.content for token in tokens(comment) if token.type == "html_block")
        assert html.count("<details>") == html.count("</details>")


def test_what_is_left_out_is_said() -> None:
    comment = render(samples.small(), Options(limit=5000))
    assert re.search(r"\*\*Left out for size:\*\* .*\d+ rendered differences", comment)
    assert "The full report is the artifact `review`." in comment
    assert "Left out" not in render(samples.small(), Options())


def test_300_rollouts_that_do_the_same_are_no_300_rows() -> None:
    for review in (samples.large(300), samples.fleet(300)):
        comment = render(review, Options())
        assert len(comment.splitlines()) < 200
        assert len(comment) < 12_000
        assert "Left out" not in comment
        assert "and 294 more | restart, 2 × 1 GPU, 25 min to 1 h 30 min |" in comment.replace("| — ", "")
    text = render_text(samples.fleet(300))
    assert len(text.splitlines()) < 100
    assert "model-000, model-001, model-002 and 297 more  restart  2 × 1 GPU" in text


def test_what_goes_comes_before_all_else() -> None:
    comment = render(samples.fleet(30), Options())
    assert comment.startswith("⚠️ **1 model goes · 33 warnings** · ")
    assert comment.index("#### Removed") < comment.index("#### Risks")
    assert "| `prod` | `qwen-72b` | 2 × 4 GPUs |" in comment


def test_the_page_is_linked_where_it_is_known() -> None:
    assert "[page](https://example.com/a/b#c)" in render(samples.small(), Options(page="https://example.com/a/b#c"))
    assert "[page]" not in render(samples.small(), Options())


BAR = re.compile(r"    › [A-Za-z0-9 ._/()×,?…-]* :(crit, )?2000-01-\d\d \d\d:\d\d:\d\d, [1-9]\d*s")
SECTION = re.compile(r"    section › [A-Za-z0-9 ._/()×,?…-]*")


@pytest.mark.parametrize("review", [samples.small(), samples.fleet(), samples.hostile(), samples.large(30)])
def test_the_gantt_holds_bars_and_sections_alone(review: Review) -> None:
    first, *lines, last = draw_gantt(review).rstrip("\n").split("\n")
    assert (first, last) == ("```mermaid", "```")
    assert lines[:4] == ["gantt", "    dateFormat YYYY-MM-DD HH:mm:ss", lines[2], "    todayMarker off"]
    assert all(BAR.fullmatch(line) or SECTION.fullmatch(line) for line in lines[4:])
    assert 1 <= sum(bool(BAR.fullmatch(line)) for line in lines) <= BARS
    assert len("\n".join(lines)) < 50_000  # beyond that Mermaid draws nothing (its `maxTextSize`)


@given(TEXTS)
def test_a_name_in_a_gantt_is_no_statement(name: str) -> None:
    assert re.fullmatch(r"› [A-Za-z0-9 ._/()×,?…-]*", plain(name))


def test_a_rollout_that_never_ends_is_first_in_the_gantt_and_lasts_to_its_end() -> None:
    lines = draw_gantt(samples.small()).splitlines()
    assert lines[6] == "    › qwen, never ends :crit, 2000-01-01 00:00:40, 1577s"
    assert draw_gantt(samples.nothing()) == ""


def test_the_worst_comes_first_and_survives() -> None:
    review = samples.large(500)
    environment = review.environments["prod"]
    worst = samples.small().environments["prod"].risks[0]
    last = replace(environment, risks=(*environment.risks, worst))
    comment = render(Review("a", "b", {"prod": last}), Options(limit=8000))
    assert comment.index("gpu-deadlock") < comment.index("deadline-too-short")


def test_a_change_of_many_models_is_told_once() -> None:
    comment = render(samples.large(500), Options())
    assert comment.count("vllm/vllm-openai:v0.11.0` → ") == 2, "as an image, and as a change"
    assert "(the same in 500 models)" in comment
    assert "(the same in 13 models)" in comment


def test_no_change_is_a_line() -> None:
    assert render(samples.nothing(), Options()).count("\n") == 2
    assert "Nothing changes in the cluster" in render(
        Review("a", "b", {"x": EnvironmentReview((), (), (), ())}), Options()
    )


@given(st.lists(st.text(max_size=300), max_size=60), st.integers(900, 5000), st.floats(0.1, 1))
def test_a_budget_is_kept(items: list[str], limit: int, share: float) -> None:
    text = fit(
        "first",
        [Part("head", items, len(items), "item", share, "foot"), Part("", items, len(items), "thing")],
        limit,
        "there",
    )
    assert len(text.encode()) <= limit
    assert ("Left out" in text) == any(item not in text for item in items) or "Left out" in text


def test_a_risk_leads_to_its_page_where_the_project_has_an_address() -> None:
    linked = render(samples.small(), Options(home="https://example.com/x"))
    assert "[`llmstack explain gpu-deadlock`](https://example.com/x/blob/HEAD/docs/risks.md#gpu-deadlock)" in linked
    assert "docs/risks.md" not in render(samples.small(), Options(home=None))
