"""Laws of the computed memory, on random engines of the classes that have a band."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from llmstack.checks.rules.engine_memory import hardest
from llmstack.engine.bound import least_need, most_left
from llmstack.engine.cards import CARDS, card_of_memory
from llmstack.engine.defaults import default_batch, utilization
from llmstack.engine.facts import Groups, ModelFacts, Sizes, Weights
from llmstack.engine.memory import longest_request, stage_layers
from llmstack.engine.settings import Settings
from llmstack.engine.start import Start, foresee
from llmstack.engine.support import Engine, Support, support_of

RANK = {"does-not-start": 0, "too-close": 1, "starts": 2}


@st.composite
def models(draw: st.DrawFn) -> ModelFacts:
    """A dense model whose heads four GPUs can share."""
    layers, hidden = draw(st.integers(2, 96)), 128 * draw(st.integers(4, 64))
    sizes = Sizes(
        vocabulary=64 * draw(st.integers(200, 4000)),
        hidden=hidden,
        intermediate=64 * draw(st.integers(8, 450)),
        layers=layers,
        heads=32,
        kv_heads=draw(st.sampled_from([4, 8, 16, 32])),
        head_dim=draw(st.sampled_from([64, 128, 256])),
    )
    table = sizes.vocabulary * hidden * 2
    groups = Groups(
        embeddings=table, head=table, rest=layers * 2 * (4 * hidden * hidden + 3 * hidden * sizes.intermediate)
    )
    return ModelFacts("a/b", "LlamaForCausalLM", sizes, 131072, Weights(groups.total, "bfloat16", groups))


@st.composite
def engines(draw: st.DrawFn) -> Engine:
    name = draw(st.sampled_from(["H100-80GB", "A100-80GB", "A100-40GB", "L4", "L40S", "H200"]))
    release = (0, draw(st.integers(9, 33)))
    flags = Settings(
        length=draw(st.integers(1, 131072)),
        sequences=draw(st.none() | st.integers(1, 1024)),
        tokens=draw(st.none() | st.integers(256, 16384)),
        utilization=draw(st.none() | st.floats(0.3, 0.95)),
    )
    return Engine(draw(models()), CARDS[name], release, flags)


def barely_loaded() -> Engine:
    """An engine whose weights leave less than a block of keys and values, and whose band is wider than that."""
    sizes = Sizes(vocabulary=12800, hidden=7808, intermediate=4800, layers=31, heads=32, kv_heads=4, head_dim=64)
    groups = Groups(embeddings=199884800, head=199884800, rest=22090268672)
    facts = ModelFacts("a/b", "LlamaForCausalLM", sizes, 131072, Weights(groups.total, "bfloat16", groups))
    return Engine(facts, CARDS["A100-40GB"], (0, 9), Settings(length=1, utilization=0.53125))


def rank(start: Start) -> int:
    return RANK[start.verdict]


@given(engines(), st.integers(1, 131072))
@settings(deadline=None)
def test_a_longer_request_never_helps(engine: Engine, more: int) -> None:
    longer = replace(engine, settings=replace(engine.settings, length=(engine.settings.length or 0) + more))
    short, long = foresee(engine), foresee(longer)
    assert rank(long) <= rank(short)
    assert short.cache
    assert long.cache
    assert (long.cache.requests or 0) <= (short.cache.requests or 0)


@given(engines(), st.data())
@settings(deadline=None)
def test_the_hardest_of_a_family_starts_only_where_each_of_it_may(engine: Engine, data: st.DataObject) -> None:
    given = engine.settings
    more = replace(
        given,
        length=data.draw(st.integers(1, 131072)),
        sequences=given.sequences and data.draw(st.integers(1, 1024)),
        tokens=given.tokens and data.draw(st.integers(256, 16384)),
        utilization=given.utilization and data.draw(st.floats(0.3, 1.0)),
    )
    if all(rank(foresee(each)) for each in hardest(engine, [given, more])):
        assert all(rank(foresee(each)) for each in (engine, replace(engine, settings=more)))


@given(engines())
@settings(deadline=None)
def test_more_gpus_never_give_less_cache(engine: Engine) -> None:
    """Per GPU of a tensor parallel engine against fewer: less weights, and what each keeps is a smaller part."""
    engine = replace(engine, release=(0, 19), card=CARDS["H100-80GB"])
    two, four = (replace(engine, settings=replace(engine.settings, tensor=size)) for size in (2, 4))
    found = [foresee(each) for each in (two, four)]
    assert found[0].cache
    assert found[1].cache
    weights = engine.facts.weights
    assert weights is not None
    if weights.bytes > 1 << 30:  # below, what NCCL takes on four is more than a quarter of the weights
        assert (found[1].cache.high or 0) >= (found[0].cache.high or 0)
        assert (found[1].cache.tokens or 0) >= (found[0].cache.tokens or 0)
        assert rank(found[1]) >= rank(found[0])


@given(engines(), st.floats(1, 60))
@settings(deadline=None)
def test_a_larger_card_of_the_same_batch_never_has_less(engine: Engine, more: float) -> None:
    memory = engine.card.memory or 0
    batch = default_batch(engine.card, engine.release)
    flags = replace(engine.settings, sequences=engine.settings.sequences or batch.sequences, tokens=batch.tokens)
    small = foresee(replace(engine, card=replace(card_of_memory(memory), capability=(8, 0)), settings=flags))
    large = foresee(replace(engine, card=replace(card_of_memory(memory + more), capability=(8, 0)), settings=flags))
    assert rank(large) >= rank(small)


@given(engines())
@settings(deadline=None)
def test_terms_add_up_and_the_bound_holds(engine: Engine) -> None:
    start, most = foresee(engine), most_left(engine)
    assert start.terms
    assert start.cache
    assert most is not None
    terms = start.terms
    assert terms.weights + terms.activation + terms.other + terms.graphs + terms.kv == pytest.approx(terms.budget)
    assert terms.budget == pytest.approx(
        (engine.card.memory or 0) * (engine.settings.utilization or utilization(engine.release))
    )
    assert terms.kv <= most, "what the weights leave is a bound"
    assert (start.cache.low or 0) <= (start.cache.high or 0) <= max(0.0, most)


@given(engines())
@example(barely_loaded())
@settings(deadline=None)
def test_where_even_the_bound_is_too_small_nothing_starts(engine: Engine) -> None:
    most, need = most_left(engine), least_need(engine, longest_request(engine.facts, engine.settings))
    assert most is not None
    assert need is not None
    if need > most * (1 << 30):
        assert foresee(engine).verdict == "does-not-start"


@given(engines(), st.sampled_from(["--speculative-config", "--enable-lora", "--cpu-offload-gb", "VLLM_ANYTHING"]))
@settings(deadline=None)
def test_one_flag_that_nobody_computes_makes_it_unknown(engine: Engine, name: str) -> None:
    start = foresee(replace(engine, settings=replace(engine.settings, unread=(name,))))
    assert start.verdict in ("unknown", "does-not-start")
    assert start.terms is None
    assert name in start.why or start.verdict == "does-not-start"


@given(st.integers(1, 200), st.integers(1, 16))
def test_stages_hold_all_layers(layers: int, pipeline: int) -> None:
    if layers >= pipeline:
        counts = stage_layers(layers, pipeline)
        assert sum(counts) == layers
        assert max(counts) - min(counts) <= 1
        assert counts[-1] == min(counts)


@pytest.mark.parametrize("card", ["B200", "RTX5090", "GB10", "MI300X", "T4", "GH200"])
def test_cards_without_a_measured_start_are_unknown(card: str) -> None:
    facts = ModelFacts(
        "a/b", "LlamaForCausalLM", Sizes(32000, 4096, 11008, 32, 32, 8, 128), 4096, Weights(10**9, "bfloat16")
    )
    found = support_of(Engine(facts, CARDS[card], (0, 19), Settings(length=4096)))
    assert not isinstance(found, Support)
