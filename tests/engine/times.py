"""Published starts of vLLM with their seconds (`times.tsv`), and which of them a band may be taken from."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from llmstack.engine.start_time import BESIDE, EAGER, PER_LAYER, Span

Row = Mapping[str, str]


def rows() -> tuple[Row, ...]:
    lines = (Path(__file__).parent / "times.tsv").read_text().splitlines()
    reader = csv.DictReader(
        [line for line in lines if not line.startswith("#")], delimiter="\t", quoting=csv.QUOTE_NONE
    )
    return tuple(reader)


ROWS = rows()


def is_fitted(row: Row) -> bool:
    return int(hashlib.sha256(row["source"].encode()).hexdigest()[0], 16) % 2 == 0


def per_layer(row: Row) -> float:
    return float(row["init"]) / int(row["layers"])


def compiled(*forms: str) -> Iterator[Row]:
    """Rows whose graph was compiled, as far as is known."""
    return (row for row in ROWS if row["form"] in forms and row["eager"] == "0" and row["cache"] != "warm")


def eager() -> Iterator[Row]:
    return (row for row in ROWS if row["form"] == "dense" and row["eager"] == "1")


def beside(row: Row) -> float:
    """Seconds of a whole start beside reading weights and `init engine`."""
    return float(row["total"]) - float(row["read"] or 0) - float(row["init"])


def served() -> Iterator[Row]:
    return (row for row in ROWS if row["total"] and row["runner"] != "llm")


GRAPHS = [(row, per_layer(row)) for row in compiled("dense")]
EXPERTS = [(row, per_layer(row)) for row in compiled("experts")]
QUANTIZED = [(row, per_layer(row)) for row in compiled("quantized")]
ALONE = [(row, float(row["init"])) for row in eager()]
SERVED = [(row, beside(row)) for row in served()]


def timed() -> dict[str, tuple[int, int]]:
    """By kind of band, how many rows that were held out are inside it, and of how many."""
    return {
        "compiled": counted(PER_LAYER, [*GRAPHS, *EXPERTS]),
        "experts": counted(PER_LAYER, EXPERTS),
        "eager_rows": counted(EAGER, ALONE),
        "served": counted(BESIDE, SERVED),
        "quantized": counted(PER_LAYER, QUANTIZED),
    }


def counted(band: Span, found: Sequence[tuple[Row, float]]) -> tuple[int, int]:
    """How many of the rows that were held out are inside a band, and of how many."""
    held = [amount for row, amount in found if not is_fitted(row)]
    return sum(band.low <= amount <= band.high for amount in held), len(held)
