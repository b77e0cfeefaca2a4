"""Secrets are left out of whatever is shown: a text, a value, an object, the lines of a file.

What counts as secret: all that a Secret holds; and what the predicate (`credentials.py`) says is one, under a key, an
environment variable or a flag, or in a text. References (`secretKeyRef`, `$(HF_TOKEN)`) are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from llmstack.secrecy.credentials import AN_ARGUMENT, MASK, argument_secrets, find_secrets, is_secret
from llmstack.secrecy.forms import find_forms
from llmstack.secrecy.names import REMEMBERED, is_secret_name
from llmstack.secrecy.places import SECRET_DATA, is_secret_kind, sets_data, value_key

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@lru_cache(maxsize=REMEMBERED)
def mask_text(text: str) -> str:
    """`text` with a mask in the place of every secret in it. Remembered: objects share their keys."""
    return _replace(text, find_secrets(text))


@lru_cache(maxsize=REMEMBERED)
def mask_words(text: str) -> str:
    """A sentence, or what a program said, with a mask in the place of everything of a known form in it.

    Names beside values are not looked at here: `token: …` in a sentence is a sentence.
    """
    return _replace(text, find_forms(text))


def mask_lines(text: str) -> str:
    """`mask_text` with as many lines as the text has: a secret of several lines is a mask on each."""
    return _replace(text, find_secrets(text), by_line=True)


def mask_spans(text: str, spans: Iterable[tuple[int, int]]) -> str:
    """`text` with a mask for each line of the stretches that are given, and no line more or less."""
    return _replace(text, spans, by_line=True)


def mask_object(item: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a Kubernetes object without secrets; all that a Secret or a SealedSecret holds is masked."""
    masked: dict[str, Any] = mask(item)
    return masked


def mask(value: Any, key: str = "") -> Any:
    """A copy of a value under `key` without secrets; references like `$(HF_TOKEN)` stay."""
    if isinstance(value, Mapping):
        masked = {_mask_key(name): _mask_member(value, key, name, item) for name, item in value.items()}
        return _hide_held(masked)
    if isinstance(value, list):
        return _mask_list(value, key)
    if not is_secret(key, value):
        return value
    shown = mask_text(value) if isinstance(value, str) and not is_secret_name(key) else MASK
    return MASK if shown == value else shown


def _mask_key(name: Any) -> Any:
    return mask_text(name) if isinstance(name, str) else name


def _mask_member(holder: Mapping[str, Any], key: str, field: Any, item: Any) -> Any:
    """A field of a map that stands under `key`; the `value` of one without a name is that of its key."""
    if field == _LAST_APPLIED or (field == "patch" and sets_data(holder, item)):
        return MASK
    return mask(item, value_key(holder, str(field), key))


def _mask_list(items: list[Any], key: str) -> list[Any]:
    """Items one by one; the word after a flag such as `--api-key` is its value."""
    texts = [item if isinstance(item, (str, int, float)) else "" for item in items]
    named = dict(argument_secrets(texts))
    return [_mask_argument(item, named[at]) if at in named else mask(item, key) for at, item in enumerate(items)]


def _mask_argument(item: Any, flag: str) -> Any:
    """A word of a command line: the value after a flag wholly, a flag with its value behind the sign."""
    text = str(item)
    if text.startswith("--") or flag == AN_ARGUMENT or " " in text:
        name, equals, _ = text.partition("=")
        if equals and name.startswith("--") and " " not in name and is_secret_name(name):
            return f"{name}={MASK}"
        shown = mask_text(text)
        return shown if shown != text else MASK
    return MASK


def _hide_held(item: dict[str, Any]) -> dict[str, Any]:
    """An object, wherever it stands (an item of a List, a template), with a mask for all that it holds where it is a
    Secret or a SealedSecret."""
    kind = item.get("kind")
    if is_secret_kind(kind):
        _hide(item, *SECRET_DATA)
        for each in item["items"] if isinstance(item.get("items"), list) else ():
            _hide(each, *SECRET_DATA)
    elif kind == "SealedSecret":
        spec = item.get("spec")
        _hide(spec, "encryptedData")
        _hide(spec.get("template") if isinstance(spec, dict) else None, *SECRET_DATA)
    return item


def _hide(holder: Any, *fields: str) -> None:
    for field in fields:
        if isinstance(holder, dict) and isinstance(holder.get(field), dict):
            holder[field] = dict.fromkeys(holder[field], MASK)


def _replace(text: str, spans: Iterable[tuple[int, int]], *, by_line: bool = False) -> str:
    """`text` with masks for stretches of it; those that touch or overlap are one."""
    shown, done = [], 0
    for start, end in _join(spans):
        shown += [text[done:start], _mask_each_line(text[start:end]) if by_line else MASK]
        done = end
    return "".join([*shown, text[done:]]) if shown else text


def _join(spans: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    joined: list[tuple[int, int]] = []
    for start, end in sorted(spans):
        if joined and start < joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return joined


def _mask_each_line(text: str) -> str:
    """A mask for each line; what indents a line stays."""
    masked = []
    for number, line in enumerate(text.split("\n")):
        indent = line[: len(line) - len(line.lstrip())] if number else ""
        ending = "\r" if line.endswith("\r") else ""
        masked.append(f"{indent}{MASK}{ending}" if line.strip() else line)
    return "\n".join(masked)
