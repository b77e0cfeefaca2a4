"""A parser that only writes down what is added to it, and the entries of a catalogue made from that."""

from __future__ import annotations

import argparse
import json
import re
import types
from collections.abc import Callable, Mapping
from typing import Any

from vllm_source.stub import Stub

SUFFIXES = "kKmMgGtT"
WORDS = ("auto", "-1")
FAILED = object()
DEPRECATED = re.compile(r"[(\[]deprecated|\bis deprecated|^deprecated", re.IGNORECASE)
"""How help texts say it; `serve` wants the model as its argument, so `--model` counts as deprecated too."""


class Recorder:
    """Stands for a parser, its groups and its subparsers; everything but `add_argument` does nothing."""

    def __init__(self) -> None:
        self.arguments: list[tuple[tuple[str, ...], dict[str, Any]]] = []

    def add_argument(self, *names: str, **facts: Any) -> None:
        """Write one argument down."""
        self.arguments.append((names, facts))

    def add_argument_group(self, *title: Any, **facts: Any) -> Recorder:
        """A group writes into the same list."""
        return self

    add_parser = add_mutually_exclusive_group = add_argument_group

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Stub(f"parser.{name}")


def read_flags(recorder: Recorder, boolean_action: type[argparse.Action] | None) -> dict[str, dict[str, Any]]:
    """The recorded options as entries of a catalogue, in alphabetical order, without positional arguments.

    `boolean_action` is what the release puts in the place of argparse's BooleanOptionalAction.
    """
    flags = {}
    for names, facts in recorder.arguments:
        if names[0].startswith("-"):
            name = next(name for name in names if name.startswith("--"))
            flags[name] = describe(name, [other for other in names if other != name], facts, boolean_action)
    return dict(sorted(flags.items()))


def describe(
    name: str, aliases: list[str], facts: Mapping[str, Any], boolean_action: type[argparse.Action] | None
) -> dict[str, Any]:
    """One entry; what is as usual is left out."""
    action = facts.get("action")
    entry = read_boolean(name, facts, boolean_action) if is_boolean(action) else read_value(facts)
    if facts.get("default", argparse.SUPPRESS) is not argparse.SUPPRESS:
        entry["default"] = plain(facts["default"])
    deprecated = facts.get("deprecated") or DEPRECATED.search(str(facts.get("help"))) or name == "--model"
    entry |= {"aliases": aliases, "deprecated": bool(deprecated)}
    order = ("type", "default", "choices", "negatable", "aliases", "deprecated", "nargs")
    rest = [key for key in entry if key not in order]
    usual: tuple[Any, ...] = (None, False, [])
    return {
        key: entry[key]
        for key in (*order, *rest)
        if key in entry and (key == "type" or entry[key] not in usual or (key == "default" and entry[key] is not None))
    }


def is_boolean(action: Any) -> bool:
    """Whether an action sets true or false without needing a value."""
    return action in ("store_true", "store_false", argparse.BooleanOptionalAction) or named(action) == "StoreBoolean"


def named(action: Any) -> str:
    return getattr(action, "__name__", "")


def read_boolean(name: str, facts: Mapping[str, Any], boolean_action: type[argparse.Action] | None) -> dict[str, Any]:
    """Type and negations of a switch."""
    entry: dict[str, Any] = {"type": "bool"}
    if facts["action"] in ("store_true", "store_false"):
        return entry | {"default": facts["action"] == "store_false"}
    if named(facts["action"]) == "StoreBoolean":
        return entry | {"nargs": facts.get("nargs")}
    negations = [f"--no-{name[2:]}"]
    if boolean_action is not None:
        made = boolean_action(option_strings=[name], dest="made")
        negations = sorted(
            vars(made).get("negative_option_strings", negations),
            key=lambda option: not option.startswith("--no-"),
        )
    entry["negatable"] = True
    return entry if negations == [f"--no-{name[2:]}"] else entry | {"negations": negations}


def read_value(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Type, choices and number of values of a flag that takes some."""
    entry = read_type(facts.get("type"))
    choices = facts.get("choices")
    if choices is not None and not isinstance(choices, Stub):
        kept = [choice for choice in choices if choice is not None]
        resolved = [choice for choice in kept if plain(choice) is not None]
        entry["choices" if resolved == kept else "known_values"] = resolved
    if isinstance(facts.get("metavar"), list | tuple):
        entry["known_values"] = [plain(value) for value in facts["metavar"] if value is not None]
    if facts.get("nargs") in ("+", "*", "?"):
        entry["nargs"] = facts["nargs"]
    if facts.get("action") == "append":
        entry["repeatable"] = True
    return entry


def read_type(convert: Callable[[str], Any] | None) -> dict[str, Any]:
    """The type that a converter reads, told from what it makes of words, numbers and JSON; null for none."""
    if convert is bool:
        return {"type": "bool", "value_required": True}
    if isinstance(convert, types.MethodType):
        return {"type": "json"}
    if convert is None or attempt(convert, "word") is not FAILED:
        normalised = convert is not None and attempt(convert, "A-B") == "a_b"
        return {"type": "str", "normalised": normalised}
    if isinstance(attempt(convert, "7"), int) and attempt(convert, "0.5") is FAILED:
        suffixes = "".join(letter for letter in SUFFIXES if attempt(convert, f"1{letter}") is not FAILED)
        also = list(WORDS) if attempt(convert, WORDS[0]) is not FAILED else []
        return {"type": "int", "suffixes": suffixes or None, "also": also}
    if isinstance(attempt(convert, "0.5"), float) and attempt(convert, "{}") is FAILED:
        return {"type": "float"}
    return {"type": "json" if attempt(convert, '{"a": 1}') is not FAILED else None}


def attempt(convert: Callable[[str], Any], text: str) -> Any:
    """What a converter makes of a text; FAILED when it raises."""
    try:
        return convert(text)
    except Exception:
        return FAILED


def plain(value: Any) -> Any:
    """A value as JSON can hold it, sets as lists; None for anything else."""
    if isinstance(value, set | frozenset):
        value = sorted(value)
    try:
        return json.loads(json.dumps(value))
    except (TypeError, ValueError):
        return None
