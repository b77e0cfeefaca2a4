"""What llmstack says of starts that somebody measured: never more than it can know, and inside its band."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from llmstack.engine.defaults import batch_of
from llmstack.engine.memory import GIB, longest_request
from llmstack.engine.start import foresee
from llmstack.engine.support import BAND, CLASSES, SEEN, TUNED_ON, Support, support_of
from tests.engine.starts import Row, engine_of, held_rows, layout_of_row, rows

ROWS = {row.id: row for row in rows()}
TOKEN_RULE = 0.004
"""The most that tokens computed from a logged memory may differ from the logged tokens."""
MEASURED = [row for row in rows() if row.number("kv_gib") is not None and row.text["conf"] in "AB"]


def named(row: Row) -> str:
    return row.id


def supported(row: Row) -> Support | None:
    found = support_of(engine_of(row))
    return found if isinstance(found, Support) else None


@pytest.mark.parametrize("row", rows(), ids=named)
def test_no_start_is_promised_that_failed(row: Row) -> None:
    start = foresee(engine_of(row))
    assert not (row.failed and start.verdict == "starts"), start.why
    assert row.failed or start.verdict != "does-not-start", start.why


@pytest.mark.parametrize("row", [row for row in rows() if supported(row) is None], ids=named)
def test_where_no_class_bears_out_the_answer_is_unknown(row: Row) -> None:
    start = foresee(engine_of(row))
    assert start.verdict == "unknown" or (row.failed and start.verdict == "does-not-start")
    assert start.why
    assert start.terms is None
    assert start.cache is None or (start.cache.low is None and start.cache.tokens is None)


@pytest.mark.parametrize("row", [row for row in MEASURED if supported(row)], ids=named)
def test_measured_memory_is_inside_the_band(row: Row) -> None:
    measured, cache = row.number("kv_gib"), foresee(engine_of(row)).cache
    assert measured is not None
    assert cache is not None
    assert cache.low is not None
    assert cache.high is not None
    assert cache.low <= measured <= cache.high


@pytest.mark.parametrize("support", CLASSES, ids=lambda support: f"{support.era} {support.form}")
def test_a_class_is_borne_out_by_rows_that_nothing_was_tuned_on(support: Support) -> None:
    assert support.rows
    assert not set(support.rows) & {*TUNED_ON, *SEEN}
    for id in support.rows:
        row = ROWS[id]
        assert row.text["conf"] in "AB"
        assert supported(row) == support
        inside = _inside(row)
        assert inside, f"{id} is not inside the band"


def _inside(row: Row) -> bool:
    """Whether what was logged, memory or else tokens, lies in the band."""
    return next(held.inside for held in held_rows() if held.row == row.id)


TOKENS = [
    row
    for row in rows()
    if row.number("kv_gib") is not None
    and row.number("kv_tokens") is not None
    # the logged memory of a pipeline is that of its first stage, the tokens are those of the tightest one; r129 says so of itself
    and int(row.text["pp"]) == 1
    and row.id != "r129"
    and engine_of(row).facts.sizes.layers
    and not engine_of(row).facts.sizes.state_layers
]


def test_most_rows_hold_the_token_rule_to_account() -> None:
    assert len(TOKENS) >= 30


@pytest.mark.parametrize("row", TOKENS, ids=named)
def test_tokens_follow_from_the_logged_memory(row: Row) -> None:
    engine, memory, tokens = engine_of(row), row.number("kv_gib"), row.number("kv_tokens")
    assert memory is not None
    assert tokens is not None
    length = longest_request(engine.facts, engine.settings) or 0
    settings = engine.settings
    step = batch_of(engine.card, engine.release, settings.sequences, settings.tokens, length).tokens
    computed = layout_of_row(row).tokens(memory * GIB, length, step)
    assert computed == pytest.approx(tokens, rel=TOKEN_RULE)


def test_pipelines_are_as_tight_as_their_tightest_stage() -> None:
    """The logged tokens of a pipeline are those of the stage with the least memory: within the band of tokens."""
    for id in ("r025", "r026"):
        cache = foresee(engine_of(ROWS[id])).cache
        assert cache is not None
        assert cache.tokens == pytest.approx(ROWS[id].number("kv_tokens"), rel=TOKEN_RULE)


@pytest.mark.parametrize("row", [row for row in MEASURED if supported(row)], ids=named)
def test_terms_add_up(row: Row) -> None:
    terms = foresee(engine_of(row)).terms
    assert terms is not None
    assert terms.weights + terms.activation + terms.other + terms.graphs + terms.kv == pytest.approx(terms.budget)


def test_a_cache_of_a_fixed_size_adds_up_too() -> None:
    engine = engine_of(ROWS["r018"])
    terms = foresee(replace(engine, settings=replace(engine.settings, kv_bytes=20 * GIB))).terms
    assert terms is not None
    assert terms.kv == 20
    assert terms.weights + terms.activation + terms.other + terms.graphs + terms.kv == pytest.approx(terms.budget)


def test_nine_of_ten_rows_are_inside_their_band() -> None:
    """Also of those alone whose source no constant of their era was taken from: what is left when a source is."""
    held = [each for each in held_rows() if each.support is not None and each.row not in (*TUNED_ON, *SEEN)]
    sources = {each.source for each in held_rows() if each.row in TUNED_ON}
    others = [each for each in held if each.source not in sources]
    for rows_ in (held, others):
        assert sum(each.inside for each in rows_) >= 0.9 * len(rows_)
    assert len(others) >= 6


def test_no_band_is_narrower_than_what_sources_differ_by() -> None:
    assert all(min(support.below, support.above) >= BAND for support in CLASSES)
