"""Whether a value is one that a field of vLLM's classes takes: its type, its bounds, its choices."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

TYPES = {
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "an object",
}
TRUTHS = frozenset(("true", "false", "t", "f", "yes", "no", "y", "n", "on", "off"))
"""Words that pydantic takes for true or false, beside 0 and 1."""
BOUNDS = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}


def unlike(value: Any, facts: Mapping[str, Any]) -> str | None:
    """What a field wants, or one of the items that it holds, where a value is not that; None where it is."""
    held: Sequence[tuple[str, str, Any]] = ()
    if isinstance(value, list):
        held = [("items", "each", item) for item in value]
    elif isinstance(value, Mapping):
        held = [pair for key, item in value.items() for pair in (("keys", "each key", key), ("values", "each", item))]
    inner = ((word, unlike(item, facts[part])) for part, word, item in held if part in facts)
    wrong = next((f"{word}: {wanted}" for word, wanted in inner if wanted), None)
    return _mistyped(value, facts.get("type")) or unfit(value, facts) or wrong


def _mistyped(value: Any, kind: str | None) -> str | None:
    """What a field of a plain type wants, where pydantic makes no such value of what is given."""
    if value is None or kind is None:
        return None
    number = read_float(value)
    fits = {
        "int": number is not None and number.is_integer(),
        "float": number is not None,
        "bool": number in (0, 1) or str(value).lower() in TRUTHS,
        "list": isinstance(value, list),
        "dict": isinstance(value, Mapping),
    }
    return None if fits[kind] else TYPES[kind]


def read_float(value: Any) -> float | None:
    """A number, or a text of one, as pydantic reads it; None for anything else."""
    try:
        return float(value) if isinstance(value, (bool, int, float, str)) else None
    except (ValueError, OverflowError):
        return None


def unfit(value: Any, facts: Mapping[str, Any]) -> str | None:
    """What a field wants, where a value is not that; None where it is, or nobody can say."""
    choices = facts.get("choices")
    word = isinstance(value, str) or (type(value) is int and any(type(each) is int for each in choices or ()))
    spelt = str if facts.get("exact") else _plain
    if choices is not None and word and spelt(str(value)) not in {spelt(str(each)) for each in choices}:
        return f"one of {', '.join(str(each) for each in choices if each is not None)}"
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    tests = {"ge": value >= facts.get("ge", value), "gt": "gt" not in facts or value > facts["gt"]}
    tests |= {"le": value <= facts.get("le", value), "lt": "lt" not in facts or value < facts["lt"]}
    return next((f"{BOUNDS[name]} {facts[name]}" for name, holds in tests.items() if not holds), None)


def _plain(text: str) -> str:
    """As vLLM's validators compare names: in lower case, and `-` as `_`."""
    return text.lower().replace("-", "_")
