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


SCHEMAS: Mapping[str, Callable[[], str]] = {
    "values": _values,
    "diff": partial(_output, "diff"),
    "findings": partial(_output, "findings"),
}
