"""facts/engines/<env>--<model>.yaml: what an engine that ran was measured to take; reads its text, and writes it."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from msgspec import Struct
from msgspec.structs import fields

from llmstack import yamlio
from llmstack.engine.settings import Settings, read_settings
from llmstack.facts.fields import MARK, FactsError, map_of, read_text
from llmstack.flags import Catalogue
from llmstack.flags.split import split_flags

FOLDER = "facts/engines"
HEADER = MARK + "; `llmstack learn log {env} {model} FILE` writes it again.\n"
TOP = ("date", "image", "gpu", "arguments", "memory", "tokens", "seconds")
MEMORY = ("weights", "kv", "graphs")
SECONDS = ("load", "compile", "graphs")
DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")


class Measured(Struct, frozen=True):
    """One engine as it ran: GiB of one GPU, tokens of KV cache, seconds; None where its log did not say."""

    date: date
    image: str
    gpu: str
    arguments: str
    """Digest of the arguments that decide memory (`digest_arguments`)."""
    memory: Mapping[str, float]
    """`weights`, `kv`, `graphs`, those that are known."""
    tokens: int | None
    seconds: Mapping[str, int]
    """`load`, `compile`, `graphs`, those that are known."""


def file_name(environment: str, model: str) -> str:
    return f"{environment}--{model}.yaml"


def digest_arguments(model: str, arguments: Sequence[str], catalogue: Catalogue, variables: Mapping[str, str]) -> str:
    """Return the digest of what decides an engine's memory beside its image and card.

    That is the model that it loads, the settings that differ from their defaults as vLLM reads them (`32k` is 32000),
    and each flag and variable of which llmstack does not know that it leaves memory alone, as written. Their order,
    and flags without effect on memory, change nothing.
    """
    settings = read_settings(arguments, catalogue, tuple(variables))
    stated = {
        each.name: value
        for each in fields(Settings)
        if each.name != "unread" and (value := getattr(settings, each.name)) != each.default
    }
    unread = {each.split()[0] for each in settings.unread}
    flags = [[flag.name, *flag.values] for flag in split_flags(arguments, catalogue) if flag.name in unread]
    named = [[name, variables[name]] for name in variables if name in unread]
    content = {"model": model, "settings": stated, "flags": sorted(flags), "variables": sorted(named)}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"


def write_measured(environment: str, model: str, measured: Measured) -> str:
    """The text of the file; `read_measured` reads it back."""
    data: dict[str, Any] = {
        "date": measured.date.isoformat(),
        "image": measured.image,
        "gpu": measured.gpu,
        "arguments": measured.arguments,
        "memory": {key: round(measured.memory[key], 2) for key in MEMORY if key in measured.memory} or None,
        "tokens": measured.tokens,
        "seconds": {key: measured.seconds[key] for key in SECONDS if key in measured.seconds} or None,
    }
    data = {key: value for key, value in data.items() if value is not None}
    return HEADER.format(env=environment, model=model) + yamlio.dump(data)


def read_measured(text: str) -> Measured:
    """What one file says; raises FactsError, with the line, for anything that it cannot be."""
    return read_text(text, _measured)


def _measured(data: Any) -> Measured:
    top = map_of(data, "the file", TOP)
    try:
        learned = date.fromisoformat(str(top.get("date"))[:10])  # a plain date is read as a time of that day
    except ValueError as error:
        raise FactsError("`date` is not a date such as 2026-11-21") from error
    memory, seconds = (map_of(top.get(key), key, keys) for key, keys in (("memory", MEMORY), ("seconds", SECONDS)))
    return Measured(
        date=learned,
        image=_text(top, "image"),
        gpu=_text(top, "gpu"),
        arguments=_text(top, "arguments", DIGEST),
        memory={key: _number(value, f"memory.{key}") for key, value in memory.items()},
        tokens=None if top.get("tokens") is None else _whole(top["tokens"], "tokens"),
        seconds={key: _whole(value, f"seconds.{key}") for key, value in seconds.items()},
    )


def _text(data: Mapping[str, Any], key: str, pattern: re.Pattern[str] | None = None) -> str:
    value = data.get(key)
    if not isinstance(value, str) or not value or (pattern is not None and pattern.match(value) is None):
        raise FactsError(f"`{key}` is missing, or is not what `learn log` writes")
    return value


def _number(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1e6:
        raise FactsError(f"`{where}` is not a number of GiB")
    return float(value)


def _whole(value: Any, where: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 10**12:
        raise FactsError(f"`{where}` is not a whole number")
    return value
