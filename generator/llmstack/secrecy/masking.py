"""Secrets are left out of whatever a review shows, in whatever object they stand.

What counts as secret: all that a Secret holds; a plain value under a key, an environment variable or a flag whose
name names a secret (`hf_token`, `VLLM_API_KEY`, `--api-key`); and text that has the form of a credential, wherever
it stands. References (`secretKeyRef`, `$(HF_TOKEN)`) are shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llmstack.secrecy.credentials import MASK, is_reference, is_secret_name, mask_text

_LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
_SECRET_DATA = ("data", "stringData")


def mask_object(item: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a Kubernetes object without secrets; all that a Secret or a SealedSecret holds is masked."""
    masked: dict[str, Any] = mask(item)
    kind = item.get("kind")
    if kind == "Secret":
        _hide(masked, *_SECRET_DATA)
    elif kind == "SealedSecret":
        spec = masked.get("spec")
        _hide(spec, "encryptedData")
        _hide(spec.get("template") if isinstance(spec, dict) else None, *_SECRET_DATA)
    return masked


def mask(value: Any, key: str = "") -> Any:
    """A copy of a value under `key` without secrets; references like `$(HF_TOKEN)` stay."""
    if isinstance(value, Mapping):
        return {name: _mask_member(value, key, name, item) for name, item in value.items()}
    if isinstance(value, list):
        return _mask_list(value, key)
    if is_secret_name(key) and _is_plain(value):
        return MASK
    return mask_text(value) if isinstance(value, str) else value


def value_key(holder: Mapping[str, Any], field: str) -> str:
    """The name that says what a field holds: for the `value` of an entry with a name, that name."""
    name = holder.get("name")
    return name if field == "value" and isinstance(name, str) else field


def _mask_member(holder: Mapping[str, Any], key: str, field: str, item: Any) -> Any:
    """A field of a map that stands under `key`; the `value` of one without a name is that of its key."""
    if field == _LAST_APPLIED:
        return MASK
    named = value_key(holder, field)
    return mask(item, key if named == "value" and is_secret_name(key) else named)


def _mask_list(items: list[Any], key: str) -> list[Any]:
    """Items one by one; the word after a flag such as `--api-key` is its value."""
    masked, flag = [], ""
    for item in items:
        follows = bool(flag) and not (isinstance(item, str) and item.startswith("--"))
        masked.append(mask(item, flag if follows else key))
        alone = isinstance(item, str) and item.startswith("--") and "=" not in item
        flag = item if alone and is_secret_name(item) else ""
    return masked


def _hide(holder: Any, *fields: str) -> None:
    for field in fields:
        if isinstance(holder, dict) and isinstance(holder.get(field), dict):
            holder[field] = dict.fromkeys(holder[field], MASK)


def _is_plain(value: Any) -> bool:
    """Whether a value under a secret's name may be the secret: text that is not empty, a number; no
    reference."""
    if isinstance(value, str):
        return bool(value) and not is_reference(value)
    return isinstance(value, (int, float)) and not isinstance(value, bool)
