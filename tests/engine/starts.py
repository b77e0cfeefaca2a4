"""Published starts of vLLM, each as an engine that llmstack is asked about: `starts.tsv`, with the source of every row.

Columns are explained in the file's head. Models that the shipped catalogue lacks are in `models.yaml`.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from llmstack import yamlio
from llmstack.engine.cards import Card, card_named
from llmstack.engine.catalogue import catalogued
from llmstack.engine.defaults import Minor
from llmstack.engine.facts import ModelFacts
from llmstack.engine.facts_file import facts_of
from llmstack.engine.settings import Settings
from llmstack.engine.support import Engine
from llmstack.flags.release import find_release

FOLDER = Path(__file__).parent
UNKNOWN_CARD = Card("?", None)
BEFORE_V1: Minor = (0, 6)


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
        """A number of the row, marks of inference left out; None where the cell is empty or a default."""
        cell = self.text[column].rstrip("?~")
        return float(cell) if cell and not cell.endswith("d") else None

    def count(self, column: str) -> int | None:
        number = self.number(column)
        return None if number is None else int(number)


@cache
def rows() -> tuple[Row, ...]:
    lines = [line for line in (FOLDER / "starts.tsv").read_text().splitlines() if not line.startswith("#")]
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
        unread=tuple(
            flag for flag in ("--enable-lora", "--max-cudagraph-capture-size") if flag in row.text["other_flags"]
        ),
    )
    if row.text["runner"] == "llm":  # the class LLM has other defaults than `vllm serve`
        settings = replace(settings, sequences=settings.sequences or 256, tokens=settings.tokens or 8192)
    return Engine(model_of(row), card, release.minor if release else BEFORE_V1, settings)
