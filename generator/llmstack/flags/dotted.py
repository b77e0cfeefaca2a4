"""Keys of a flag's JSON that are given as flags: `--speculative-config.method ngram`.

vLLM's parser puts them together and reads them as if they had been given as JSON, after all other arguments
(`FlexibleArgumentParser.parse_args`, vllm/utils/argparse_utils.py; vllm/utils/__init__.py in 0.9 and 0.10).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

from llmstack.flags.catalogue import Catalogue
from llmstack.flags.split import Given

DEEPEST = 32
"""Keys below one another that are read; no class of vLLM's has so many."""
SUFFIXES_SINCE = (0, 20)
"""From here `1k` after a dot is a number."""
_SUFFIXED = re.compile(r"(\d{1,18})([kKmMgGtT])")
_POWERS = "kmgt"


def join_keys(given: Iterable[Given], catalogue: Catalogue) -> Mapping[str, str | None]:
    """Each flag with the text of its last value; keys after a dot as one JSON object, which replaces the flag's own.

    What is nested too deep to be read is left out.
    """
    flags: dict[str, str | None] = {}
    objects: dict[str, dict[str, Any]] = {}
    for flag in given:
        head, dot, path = flag.name.partition(".")
        if dot and path.count(".") < DEEPEST:
            text = flag.values[0] if flag.values else ""
            _put(objects.setdefault(head, {}), path.removesuffix("+").split("."), _value(path, text, catalogue))
        elif head and not dot:
            flags[head] = flag.value
    return flags | {name: whole for name, each in objects.items() if (whole := _text(each)) is not None}


def _put(into: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set what is nested under `keys`, as `recursive_dict_update` does: lists grow, everything else is replaced."""
    for key in keys[:-1]:
        below = into.get(key)
        into[key] = into = below if isinstance(below, dict) else {}
    before = into.get(keys[-1])
    if isinstance(before, dict) and isinstance(value, dict):
        for key, each in value.items():
            _put(before, [key], each)
    else:
        into[keys[-1]] = before + value if isinstance(before, list) and isinstance(value, list) else value


def _value(path: str, text: str, catalogue: Catalogue) -> Any:
    """A value as the parser reads it: JSON where it is, a number with a suffix, else the text."""
    if path.endswith("+"):
        return text.split(",")
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        suffixed = _SUFFIXED.fullmatch(text.strip()) if catalogue.release.minor >= SUFFIXES_SINCE else None
    if suffixed is None:
        return text
    power = _POWERS.index(suffixed[2].lower()) + 1
    return int(suffixed[1]) * (1000 if suffixed[2].islower() else 1024) ** power


def _text(config: dict[str, Any]) -> str | None:
    try:
        return json.dumps(config)
    except RecursionError:
        return None
