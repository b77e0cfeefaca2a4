"""What llmstack says of starts that were published after its constants were taken: `fresh.tsv`."""

from __future__ import annotations

import pytest

from llmstack.engine.defaults import batch_of
from llmstack.engine.memory import COMPILING, GIB, longest_request
from llmstack.engine.start import foresee
from llmstack.engine.support import PAIR, Support, support_of
from tests.engine.starts import Row, engine_of, held_rows, layout_of_row, rows
from tests.engine.test_starts import TOKEN_RULE, named

ROWS = rows("fresh.tsv")
OF_ANOTHER_RANK = "rank with least memory"
"""In the note of a row whose tokens and memory are of two ranks."""
TOKENS = [
    row
    for row in ROWS
    if row.number("kv_gib") and row.number("kv_tokens") and engine_of(row).facts.sizes.layers
    if OF_ANOTHER_RANK not in row.text["note"] and "draft" not in row.text["note"]
]  # fmt: skip


def test_there_are_many_and_none_is_known_from_before() -> None:
    assert len(ROWS) >= 40
    assert not {row.text["source"] for row in ROWS} & {row.text["source"] for row in rows()} - {"a public log"}


@pytest.mark.parametrize("row", ROWS, ids=named)
def test_no_verdict_is_wrong(row: Row) -> None:
    start = foresee(engine_of(row))
    assert not (row.failed and start.verdict == "starts"), start.why
    assert row.failed or start.verdict != "does-not-start", start.why
    if not isinstance(support_of(engine_of(row)), Support):
        assert start.verdict in ("unknown", "does-not-start")
        assert start.why


@pytest.mark.parametrize("row", TOKENS, ids=named)
def test_tokens_follow_from_the_logged_memory(row: Row) -> None:
    engine = engine_of(row)
    length = longest_request(engine.facts, engine.settings) or 0
    step = batch_of(engine.card, engine.release, engine.settings.sequences, engine.settings.tokens, length).tokens
    computed = layout_of_row(row).tokens((row.number("kv_gib") or 0) * GIB, length, step)
    assert computed == pytest.approx(row.number("kv_tokens"), rel=TOKEN_RULE)


def test_measured_memory_is_inside_the_band() -> None:
    held = [each for each in held_rows("fresh.tsv") if each.support is not None]
    assert len(held) >= 5
    assert [each.row for each in held if not each.inside] == []
    assert not {each.row for each in held} & {*PAIR}, "what a constant was taken from proves nothing"


def test_what_compiling_takes_is_the_difference_of_two_starts() -> None:
    """The engine that finds its graph compiled has more tokens than the one that compiles, by what the constant says."""
    first, second = (next(row for row in ROWS if row.id == id) for id in PAIR)
    more = (second.number("kv_tokens") or 0) - (first.number("kv_tokens") or 0)
    layout = layout_of_row(first)
    assert more / 16 * layout.block_bytes / GIB == pytest.approx(COMPILING, abs=0.01)
