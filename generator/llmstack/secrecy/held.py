"""What the Secrets among objects hold, wherever else in these it stands: `replacements` of kustomize copy it.

Only what no name, word, path or image could be is looked for: nobody shall hide one of those from a review by writing
it into a Secret.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from llmstack.secrecy.credentials import MASK, takes_turns
from llmstack.secrecy.places import is_secret_kind

_WORD = re.compile(r"[^\s\"'`,;(){}\[\]<>|]{8,}")
_SIGNS = re.compile(r"[!#$%^&*?~+=]")


def held_by(objects: Iterable[Mapping[str, Any]]) -> frozenset[str]:
    """The words that Secrets in plain text hold, as they are and in base64."""
    return frozenset(word for each in objects if is_secret_kind(each.get("kind")) for word in _words(each))


def mask_held(value: Any, held: Collection[str]) -> Any:
    """A copy of a value with a mask for each word that a Secret holds; keys of maps stay."""
    if not held:
        return value
    if isinstance(value, Mapping):
        return {key: mask_held(item, held) for key, item in value.items()}
    if isinstance(value, list):
        return [mask_held(item, held) for item in value]
    if not isinstance(value, str):
        return value
    return _WORD.sub(lambda found: _shown(found[0], held), value)


def _shown(word: str, held: Collection[str]) -> str:
    """A word, or what stands in it before the value of a pair: `--key=(masked)`."""
    if word in held:
        return MASK
    for sign in ("=", ":"):
        name, _, after = word.partition(sign)
        if after in held:
            return f"{name}{sign}{MASK}"
    return word


def _words(secret: Mapping[str, Any]) -> Iterator[str]:
    for value in (*_entries(secret.get("stringData")), *map(_decoded, _entries(secret.get("data")))):
        if _is_drawn(value):
            yield from (value, base64.b64encode(value.encode()).decode())


def _decoded(value: str) -> str:
    """What a value of `data` stands for; nothing where that is no text."""
    try:
        return base64.b64decode(value, validate=True).decode().strip()
    except ValueError:
        return ""


def _entries(data: Any) -> list[str]:
    return [each.strip() for each in data.values() if isinstance(each, str)] if isinstance(data, Mapping) else []


def _is_drawn(value: str) -> bool:
    """Whether a value is one word that was drawn, not named: letters and digits take turns, or a sign is in it."""
    if "/" in value or not _WORD.fullmatch(value):
        return False
    has_digit = any(map(str.isdigit, value))
    return takes_turns(value) or (has_digit and _SIGNS.search(value) is not None)
