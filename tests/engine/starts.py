"""Published starts of vLLM, each as an engine that llmstack is asked about, with the source of every row.

`starts.tsv` is what the constants, classes and bands rest on; `fresh.tsv` came later and is held against them. Columns are explained in the file's head. Models that the shipped catalogue lacks are in `models.yaml`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from llmstack import yamlio
from llmstack.engine.blocks import Layout, layout_of
from llmstack.engine.cards import Card, card_named
from llmstack.engine.catalogue import catalogued
from llmstack.engine.defaults import BLOCK_SIZE, Minor
from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import facts_of
from llmstack.engine.memory import GIB, longest_request, stage_layers, stages
from llmstack.engine.settings import Settings
from llmstack.engine.start import element_bytes, foresee
from llmstack.engine.support import Engine, Support, support_of
from llmstack.flags.release import find_release

FOLDER = Path(__file__).parent
UNKNOWN_CARD = Card("?", None)
BEFORE_V1: Minor = (0, 6)
UNREAD = frozenset(
    (
        "--enable-lora", "--max-cudagraph-capture-size", "--enable-expert-parallel", "--kv-transfer-config",
        "--language-model-only", "--speculative-config", "PYTORCH_CUDA_ALLOC_CONF", "VLLM_USE_FLASHINFER_SAMPLER",
    )
)  # fmt: skip
"""Flags and variables in the rows whose effect on memory is not computed."""


@dataclass(frozen=True)
class Row:
    """One row: its texts by column."""

    text: dict[str, str]

    @property
    def id(self) -> str:
        return self.text["id"]

    @property
    def failed(self) -> bool:
        return self.text["outcome"] == "fail"

    def number(self, column: str) -> float | None:
        """A number of the row, marks of inference left out; None where the cell is empty or a default.

        The class LLM has other defaults than `vllm serve`, so that of such a row a default is a number too.
        """
        cell = self.text[column].rstrip("?~")
        cell = cell.removesuffix("d") if self.text["runner"] == "llm" and column.startswith("max_num_") else cell
        return float(cell) if cell and not cell.endswith("d") else None

    def count(self, column: str) -> int | None:
        number = self.number(column)
        return None if number is None else int(number)


@cache
def rows(file: str = "starts.tsv") -> tuple[Row, ...]:
    lines = [line for line in (FOLDER / file).read_text().splitlines() if not line.startswith("#")]
    return tuple(Row(text) for text in csv.DictReader(lines, delimiter="\t", quoting=csv.QUOTE_NONE))


@cache
def extra_models() -> dict[str, ModelFacts]:
    entries = [facts_of(entry) for entry in yamlio.load((FOLDER / "models.yaml").read_text())]
    return {facts.model: facts for facts in entries}


def model_of(row: Row) -> ModelFacts:
    """The facts of a row's model: those of models.yaml, else of the catalogue."""
    facts = extra_models().get(row.text["model"]) or catalogued(row.text["model"])
    assert facts is not None, f"{row.id}: neither models.yaml nor the catalogue has {row.text['model']}"
    return facts


def engine_of(row: Row) -> Engine:
    """The engine of a row: its flags alone, none of what its log says."""
    release = find_release(row.text["vllm"].rstrip("?").replace(".x", ".0"))
    card = card_named(row.text["gpu"].rstrip("?")) or UNKNOWN_CARD
    named = row.text["other_flags"].replace(",", "").split()
    settings = Settings(
        length=row.count("max_model_len"),
        sequences=row.count("max_num_seqs"),
        tokens=row.count("max_num_batched_tokens"),
        tensor=int(row.text["tp"]),
        pipeline=int(row.text["pp"]),
        data=int(row.text["dp"]),
        block_size=128 if "--block-size 128" in row.text["other_flags"] else None,
        utilization=row.number("util"),
        dtype=row.text["dtype"],
        quantization=row.text["quantization"] or None,
        kv_dtype=row.text["kv_cache_dtype"],
        eager=row.text["eager"] == "1",
        unread=tuple(name for name in named if name in UNREAD),
    )
    return Engine(model_of(row), card, release.minor if release else BEFORE_V1, settings)


@dataclass(frozen=True)
class Held:
    """A row held against what is foreseen of it: the error in GiB per GPU (foreseen less measured), None where the row
    measures no memory, and whether it is inside the band. `unknown` are the reasons why it has no class."""

    row: str
    source: str
    support: Support | None
    error: float | None = None
    inside: bool = False
    unknown: tuple[str, ...] = ()


def held_rows(file: str = "starts.tsv") -> Iterator[Held]:
    """Every row that its log makes comparable, in the order of the file."""
    for row in rows(file):
        engine = engine_of(row)
        support, source = support_of(engine), row.text["source"].split("@")[0].split(" (")[0]
        if isinstance(support, tuple):
            yield Held(row.id, source, None, unknown=support)
        elif row.text["conf"] in "AB" and (kv := measured(row)) is not None:
            cache, length = foresee(engine).cache, longest_request(engine.facts, engine.settings)
            assert cache is not None
            assert length is not None
            assert cache.low is not None
            assert cache.high is not None
            first = stages(engine, length)[0].terms.kv  # a pipeline logs the memory of its first stage
            yield Held(row.id, source, support, first - kv, cache.low <= kv <= cache.high)


def measured(row: Row) -> float | None:
    """GiB of KV cache that the row's log gives, in words or by its tokens."""
    logged, tokens = row.number("kv_gib"), row.number("kv_tokens")
    if logged is not None or tokens is None:
        return logged
    layout = layout_of_row(row)
    return tokens / 16 * layout.block_bytes * layout.groups / GIB


def layout_of_row(row: Row) -> Layout:
    """The blocks of the first stage of a row's engine."""
    engine = engine_of(row)
    layers = stage_layers(engine.facts.sizes.layers, engine.settings.pipeline)[0]
    size = engine.settings.block_size or BLOCK_SIZE
    element = 4 if row.text["dtype"] == "float32" else element_bytes(engine)
    layout = layout_of(engine.facts.sizes, layers, engine.settings.tensor, element, size, engine.release)
    assert layout is not None
    return layout
