"""`llmstack explain --max-model-len`: what is known of a flag of vLLM, from the catalogues of its releases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from llmstack.flags.catalogue import Change, Flag, changes, load_catalogue, newest, versions
from llmstack.model.flag import flag_keys
from llmstack.model.models import Model

MANY = 12
"""Values of a flag beyond which only their number is told."""


def explain_flag(word: str) -> str | None:
    """The releases that have a flag, its type and default in the last of them, and how the values say it.

    None for what is no long option of any release that is known; a value behind `=` does not count.
    """
    name = word.partition("=")[0]
    negated = newest().spellings.get(name)
    name = negated.flag.name if negated is not None else name
    change = changes().get(name)
    if change is None:
        return None
    last = change.until or versions()[-1]
    spelling = load_catalogue(last).spellings.get(name)
    lines = [
        *_history(change),
        *(_facts(spelling.flag, last) if spelling else ()),
        _in_values(name, spelling.flag if spelling else None),
    ]
    return f"{name}: a flag of vLLM\n" + "".join(f"  {line}\n" for line in lines)


def _history(change: Change) -> Iterator[str]:
    first, last = versions()[0], versions()[-1]
    since = f"{first} or earlier" if change.since == first else change.since
    yield f"releases: {since} to {change.until or last}"
    if change.replaced_by:
        yield f"replaced by: {change.replaced_by} (according to vLLM {change.replaced_by_source})"


def _facts(flag: Flag, release: str) -> Iterator[str]:
    """What the last release that has a flag says of it."""
    shown = {"int": "integer", "float": "number", "str": "text", "bool": "switch", "json": "JSON", None: "no value"}
    yield f"type: {shown[flag.type]}{', several' if flag.nargs == '+' or flag.repeatable else ''}"
    if flag.default is not None:
        yield f"default: {json.dumps(flag.default)} (in {release})"
    if flag.choices or flag.known_values:
        yield f"values: {_few(flag.choices or flag.known_values)}"
    if others := [*flag.aliases, *flag.negations]:
        yield f"also spelled: {', '.join(others)}"
    if flag.deprecated:
        yield f"deprecated in {release}"


def _few(values: Iterable[object]) -> str:
    words = [str(value) for value in values]
    more = f", and {len(words) - MANY} more" if len(words) > MANY else ""
    return ", ".join(words[:MANY]) + more


def _in_values(name: str, flag: Flag | None) -> str:
    """How a values file of ours says a flag: by its key, else among the arguments."""
    if key := flag_keys(Model).get(name):
        return f"key: servingEngineSpec.modelSpec[].{key}"
    value = ", …" if flag is None or flag.takes_value else ""
    return f"in the values: servingEngineSpec.modelSpec[].vllmConfig.extraArgs: [{name}{value}]"
