"""vLLM's flags written as keys of the values: which flag a key means, and the arguments that say the same."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

from llmstack.flags.catalogue import Catalogue, Flag

_NO_FLAGS = frozenset(("--help", "--model", "--host", "--port", "--config", "--name"))
"""What the values say otherwise, or what a key of that name hardly means."""


def flag_of_key(key: str, catalogue: Catalogue) -> Flag | None:
    """The flag that a key spells, in camel case, with dashes or with underscores; None where there is none."""
    return _by_letters(catalogue).get(_letters(key))


def arguments_of(flag: Flag, value: Any) -> list[str] | None:
    """The arguments that give a flag a value from YAML; none for a switch that stays off, None for what cannot be
    said (a list for a flag that takes one value, text for a switch)."""
    if value is None:
        return []
    if flag.type == "bool" and not flag.takes_value:
        if not isinstance(value, bool):
            return None
        return [flag.name] if value else list(flag.negations[:1])
    if isinstance(value, dict):
        return [flag.name, json.dumps(value, separators=(",", ":"))] if flag.type in ("json", "str") else None
    if isinstance(value, list):
        plain = all(isinstance(item, (str, int, float)) and not isinstance(item, bool) for item in value)
        return [flag.name, *map(str, value)] if plain and value and flag.nargs == "+" else None
    return [flag.name, str(value).lower() if isinstance(value, bool) else str(value)]


@cache
def _by_letters(catalogue: Catalogue) -> dict[str, Flag]:
    return {_letters(flag.name): flag for flag in catalogue.flags.values() if flag.name not in _NO_FLAGS}


def _letters(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())
