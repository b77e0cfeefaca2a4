"""The JSON Schemas that `llmstack schema` prints, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial


def _values() -> str:
    from llmstack.schemas import values_schema

    return values_schema()


def _output(name: str) -> str:
    """The schema of what a command prints with `--format json`."""
    from importlib.resources import files

    return files("llmstack.report").joinpath("schema", f"{name}.schema.json").read_text(encoding="utf-8")


def _fit() -> str:
    """That of `fit`: engines as in a review, each with its environment."""
    import json

    definitions = json.loads(_output("diff"))["$defs"]
    number = {"type": ["integer", "null"]}
    own = {
        "env": {"type": "string"},
        "basis": {"description": "What the figures rest on.", "enum": ["measured", "assumed", "unknown"]},
        "rows": {
            "description": "The published starts that bear them out, by their row in tests/engine/starts.tsv.",
            "type": "array",
            "items": {"type": "string"},
        },
        "seconds": {
            "description": (
                "Of a load that was not measured: reading the weights, and from `low` to `high` all else as published "
                "starts took, null where that is unknown; null as a whole where a load time is stated."
            ),
            "type": ["object", "null"],
            "required": ["weights", "low", "high", "basis", "why"],
            "properties": {
                **{key: {"type": ["number", "null"], "minimum": 0} for key in ("weights", "low", "high")},
                "basis": {"enum": ["assumed", "bound", "unknown"]},
                "why": {"type": "string"},
            },
        },
        "proposals": {
            "description": "The longest request, and the fewest GPUs, with which it starts; null where none is known.",
            "type": "object",
            "required": ["maxModelLen", "tensorParallelSize"],
            "properties": {"maxModelLen": number, "tensorParallelSize": number},
        },
    }
    item = {"$ref": "#/$defs/engine", "required": list(own), "properties": own}
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Whether engines start: `llmstack fit --format json`",
        "description": "Engines as in a review, each with its environment. Keys may be added.",
        "type": "object",
        "required": ["engines"],
        "properties": {"engines": {"type": "array", "items": item}},
        "$defs": {name: definitions[name] for name in ("engine", "cache", "upgrade")},
    }
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


SCHEMAS: Mapping[str, Callable[[], str]] = {
    "values": _values,
    "diff": partial(_output, "diff"),
    "findings": partial(_output, "findings"),
    "affected": partial(_output, "affected"),
    "status": partial(_output, "status"),
    "fit": _fit,
    "verify": partial(_output, "verify"),
}
