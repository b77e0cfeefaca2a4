"""The models that the package knows: facts read from configurations that other packages carry.

The data is `schemas/models/catalogue.json`, described in the README there; its weights are counted from the sizes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from msgspec.structs import replace

from llmstack.engine.facts import Groups, ModelFacts
from llmstack.engine.facts_file import facts_of
from llmstack.engine.quantized import assumed_of, base_of

AT_LEAST = "atLeast"
"""Bytes that a model's weights have at least, by the size of its files."""
DATA = files("llmstack") / "schemas" / "models" / "catalogue.json"


@cache
def _entries() -> Mapping[str, dict[str, Any]]:
    return {entry["model"].lower(): entry for entry in json.loads(DATA.read_bytes())}


def known_models() -> tuple[str, ...]:
    """The names of all models of the catalogue, in order."""
    return tuple(sorted(entry["model"] for entry in _entries().values()))


def source_of(model: str) -> str | None:
    """The package and release that a model's facts are from; None where the catalogue has no such model."""
    entry = _entries().get(model.lower())
    return str(entry["source"]) if entry else None


@cache
def catalogued(model: str) -> ModelFacts | None:
    """The facts of a model of the hub, by its name (case aside, as the hub has it), or those that can be assumed of a
    quantized copy of one; None for one that is not known."""
    entry = _entries().get(model.lower())
    if entry:
        facts = facts_of({key: value for key, value in entry.items() if key not in ("source", AT_LEAST)})
        return replace(facts, least=Groups(embeddings=entry[AT_LEAST])) if AT_LEAST in entry else facts
    made = base_of(model, known_models())
    base = catalogued(made[0]) if made else None
    return assumed_of(base, model, made[1]) if made and base else None
