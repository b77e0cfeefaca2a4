"""A container's command line as flags, so that a change of one is seen as that."""

from __future__ import annotations

import re
from collections.abc import Sequence

from llmstack.flags import newest, split_flags

_NUMBER = re.compile(r"-(?:\d|\.\d)")


def is_command_line(items: Sequence[object]) -> bool:
    """Whether the items are text and one of them a long flag."""
    return all(isinstance(item, str) for item in items) and any(str(item).startswith("--") for item in items)


def parse_flags(items: Sequence[str]) -> dict[str, str]:
    """The values of each flag, by the flag as it is written: `{"--max-model-len": "32768"}`.

    What follows a flag up to the next one is its value, as argparse takes it (`--lora-modules a=1 b=2`);
    without one the value is `true`. The same flag again adds its value after a comma. What stands before the
    first flag is `model` when it is one text, else `[0]`, `[1]` and so on; a leading `vllm serve` keeps its
    place there.
    """
    return {flag: ", ".join(given) for flag, given in _grouped(items).items()}


def last_flags(items: Sequence[str]) -> dict[str, str]:
    """The same, where the last of equal flags counts, as argparse has it."""
    return {flag: given[-1] for flag, given in _grouped(items).items()}


def engine_flags(arguments: Sequence[str]) -> dict[str, str]:
    """The flags of `vllm serve` by vLLM's own names, the last of each, as its parser reads them: underscores,
    abbreviations and `--no-` (the value `false`) included. What is given as a word of its own first is `model`."""
    given: dict[str, str] = {}
    for flag in split_flags(arguments, newest()):
        if flag.name:
            given[flag.name] = flag.value or "true"
        else:
            given.setdefault("model", flag.value or "")
    return given


def _grouped(items: Sequence[str]) -> dict[str, list[str]]:
    values: dict[str, list[str]] = {}
    words: list[str] = []
    flag: str | None = None
    for item in [*items, "--"]:
        if not _is_flag(item):
            words.append(item)
            continue
        if flag is not None:
            values.setdefault(flag, []).append(" ".join(words) if words else "true")
        else:
            values |= _positional(words)
        flag, equals, value = item.partition("=")
        words = [value] if equals else []
    return values


def _is_flag(item: str) -> bool:
    return len(item) > 1 and item.startswith("-") and not _NUMBER.match(item)


def _positional(words: list[str]) -> dict[str, list[str]]:
    rest = words[2:] if words[:2] == ["vllm", "serve"] else words
    if len(rest) == 1:
        return {"model": rest}
    return {str(index): [word] for index, word in enumerate(words)}
