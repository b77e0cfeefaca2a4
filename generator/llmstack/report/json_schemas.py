"""The JSON Schemas that `llmstack schema` prints, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from importlib.resources import files

from llmstack.schemas import values_schema


def _output(name: str) -> str:
    """The schema of what a command prints with `--format json`."""
    return files("llmstack.report").joinpath("schema", f"{name}.schema.json").read_text(encoding="utf-8")


SCHEMAS: Mapping[str, Callable[[], str]] = {
    "values": values_schema,
    "diff": partial(_output, "diff"),
    "findings": partial(_output, "findings"),
}
