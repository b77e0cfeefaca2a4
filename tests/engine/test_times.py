"""The band around how long a start takes: taken from some published starts, and held against those of other sources."""

from __future__ import annotations

import pytest

from llmstack.engine.cards import Card, card_named
from llmstack.engine.facts import ModelFacts, Quantization, Sizes
from llmstack.engine.settings import Settings
from llmstack.engine.start_time import BESIDE, EAGER, MARGIN, PER_LAYER, SINCE, UNTIL, Span, preparing
from llmstack.engine.support import Engine
from tests.engine.times import (
    ALONE,
    EXPERTS,
    GRAPHS,
    QUANTIZED,
    ROWS,
    SERVED,
    Row,
    compiled,
    counted,
    is_fitted,
    per_layer,
)  # fmt: skip

CASES = {
    "graphs": (PER_LAYER, GRAPHS, 2),
    "eager": (EAGER, ALONE, 2),
    "beside": (BESIDE, SERVED, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_a_band_is_what_the_rule_makes_of_the_fitted_rows(name: str) -> None:
    band, found, digits = CASES[name]
    fitted = [amount for row, amount in found if is_fitted(row)]
    assert (band.low, band.high) == (
        pytest.approx(min(fitted) / MARGIN, abs=0.6 * 10**-digits),
        pytest.approx(max(fitted) * MARGIN, abs=0.6 * 10**-digits),
    )


@pytest.mark.parametrize("name", CASES)
def test_rows_of_other_sources_are_inside(name: str) -> None:
    """Nine of ten at least, of two sources at least."""
    band, found, _ = CASES[name]
    inside, held = counted(band, found)
    assert inside >= 0.9 * held
    assert len({row["source"] for row, _ in found if not is_fitted(row)}) >= 2


def test_experts_take_the_band_of_dense_models_which_none_of_their_rows_was_fitted_to() -> None:
    assert not any(is_fitted(row) for row, _ in EXPERTS)
    inside, held = counted(PER_LAYER, EXPERTS)
    assert inside == held >= 4


def test_both_halves_of_the_releases_are_held_against_it() -> None:
    old = [row for row in compiled("dense") if not is_fitted(row) and minor(row) < 20]
    new = [row for row in compiled("dense") if not is_fitted(row) and minor(row) >= 20]
    assert len({row["source"] for row in old}) >= 3
    assert len({row["source"] for row in new}) >= 3


def minor(row: Row) -> int:
    return int(row["vllm"].split(".")[1].rstrip("x?") or 0) if row["vllm"] != "0.2x" else 20


def test_forms_without_a_band_are_those_that_the_rows_do_not_bear_out() -> None:
    """Quantized checkpoints are outside too often; starts that find what they compiled are below."""
    inside, held = counted(PER_LAYER, QUANTIZED)
    assert inside < 0.9 * held
    warm = [row for row in ROWS if row["form"] == "dense" and row["cache"] == "warm" and not is_fitted(row)]
    assert sum(per_layer(row) < PER_LAYER.low for row in warm) > 0.1 * len(warm)


def engine(release: tuple[int, int] = (0, 19), card: Card | None = None, **changes: object) -> Engine:
    facts = ModelFacts("org/name", "LlamaForCausalLM", Sizes(layers=32))
    settings = Settings(**changes)  # type: ignore[arg-type]
    return Engine(facts, card or card_named("H100-80GB") or Card("?", None), release, settings)


def test_what_was_not_timed_has_no_band() -> None:
    unknown = Card("MI300X", 191.69, maker="amd")
    for each in (
        engine((0, 7)),
        engine((0, 34)),
        engine(card=unknown),
        engine(data=2),
        engine(pipeline=2),
        engine(quantization="fp8"),
        engine(unread=("--compilation-config",)),
    ):
        assert isinstance(preparing(each), tuple), each
    quantized = ModelFacts("org/name", "LlamaForCausalLM", Sizes(layers=32), quantization=Quantization("awq"))
    experts = ModelFacts("org/name", "MixtralForCausalLM", Sizes(layers=32, experts=8))
    without = ModelFacts("org/name", "LlamaForCausalLM", Sizes())
    plain = engine()
    for facts in (quantized, without):
        assert isinstance(preparing(Engine(facts, plain.card, plain.release, plain.settings)), tuple)
    assert isinstance(preparing(Engine(experts, plain.card, plain.release, Settings(eager=True))), tuple)
    assert isinstance(preparing(Engine(experts, plain.card, plain.release, plain.settings)), Span)


def test_a_band_grows_with_the_layers_and_reaches_lower_where_the_graph_is_kept() -> None:
    assert preparing(engine()) == BESIDE + PER_LAYER.times(32)
    assert preparing(engine(), kept=True) == Span(BESIDE.low, BESIDE.high + 32 * PER_LAYER.high)
    assert preparing(engine(eager=True)) == BESIDE + EAGER
    assert isinstance(preparing(engine(SINCE)), Span)
    assert isinstance(preparing(engine(UNTIL)), Span)
