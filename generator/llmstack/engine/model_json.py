"""JSON of a model's files, which anybody may have written."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any

from llmstack.engine.facts_file import LARGEST
from llmstack.facts.fields import FactsError

_DIGITS = len(str(LARGEST))


def read_json(content: bytes) -> Any:
    """JSON as data; a number that no size of a model is stays text, as do `Infinity` and `NaN`, which some
    configurations hold (`time_step_limit`). Raises FactsError for what is no JSON, or nests too deep."""
    try:
        return json.loads(content, parse_int=_whole, parse_float=_fraction, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise FactsError("is not JSON") from error


def _whole(text: str) -> int | str:
    number = int(text) if len(text) <= _DIGITS + 1 else LARGEST
    return number if abs(number) < LARGEST else text


def _fraction(text: str) -> float | str:
    number = float(text)
    return number if isfinite(number) else text
