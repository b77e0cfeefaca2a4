"""How to write a value that was written otherwise."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence

MISSING: Mapping[str, str] = {
    "name": "lower-case letters, digits and `-`, such as `chat`",
    "repository": "the image without its tag, such as `vllm/vllm-openai`",
    "tag": "the image's tag, such as `v0.15.1`",
    "modelURL": "org/name, as on the hub, or the path of a folder in the container",
    "image": "an image with its tag, such as `busybox:1.37`",
}
"""What a key that must be there takes."""

BOUNDS = {
    "greater_than_equal": "at least", "less_than_equal": "at most",
    "greater_than": "more than", "less_than": "less than",
}  # fmt: skip
"""How pydantic refuses a number, and how it is told."""
BOUND_KEYS = {"greater_than_equal": "ge", "less_than_equal": "le", "greater_than": "gt", "less_than": "lt"}

SHAPES: Mapping[tuple[str, type], str] = {
    ("list_type", dict): "write an item for each: `- …` in a line of its own",
    (
        "list_type",
        str,
    ): "write a list: `[a, b]`, or an item `- …` in each line; an argument and its value are two items",
    ("dict_type", list): "write keys: `key: value` in each line, without dashes",
    ("model_type", list): "write keys: `key: value` in each line, without dashes",
    ("dict_type", str): "write keys: `key: value`, as the section's page has them (docs/values.md)",
    ("model_type", str): "write keys: `key: value`, as the section's page has them (docs/values.md)",
    ("model_type", bool): "write keys: its switch is one of them (docs/values.md)",
}
"""How to write a value of another shape, by what is wanted and what was given."""

_SHORT = {"RWO": "ReadWriteOnce", "ROX": "ReadOnlyMany", "RWX": "ReadWriteMany", "RWOP": "ReadWriteOncePod"}
"""What kubectl calls access modes."""
_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kmgt])(i?)b?", re.IGNORECASE)


def type_help(kind: str, value: object, text: str | None) -> str | None:
    """How to write a value of another type: a scalar that was quoted and should not be, or the other way round, a
    template that nothing fills in, a map in a list's place."""
    if kind == "string_type" and isinstance(value, (int, float)):
        return f'quote it: "{text}"'
    if isinstance(value, str) and re.search(r"\$\{\w|\{\{", value):
        return "nothing fills it in: write what it stands for"
    number = kind == "int_type" and isinstance(value, str) and re.fullmatch(r"\d+", value) is not None
    if number or (kind == "bool_type" and value in ("true", "false")):
        return f"write it without quotes: {value}"
    return SHAPES.get((kind, type(value)))


def quantity_help(text: str) -> str | None:
    """How Kubernetes writes an amount that people write as `16GB`, `16 Gi` or `16gi`."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        return None
    number, unit, binary = found[1], found[2].upper(), found[3]
    decimal = f"{number}{'k' if unit == 'K' else unit}"
    return f"write `{number}{unit}i`" + ("" if binary else f", powers of 1024, or `{decimal}`, of 1000")


def choice_help(word: str, known: Sequence[str]) -> str | None:
    """The one of several words that was meant."""
    lowered = {name.lower(): name for name in known}
    if (whole := _SHORT.get(word.upper(), "").lower()) in lowered:
        return f"write `{lowered[whole]}`"
    found = difflib.get_close_matches(word.lower(), lowered, n=1, cutoff=0.6)
    return f"did you mean `{lowered[found[0]]}`?" if found else None
