"""Secrets are left out of everything that a review prints, whatever object they stand in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

MASK = "(masked)"

_SECRET = re.compile(
    r"\b(?:passwo?r?d|pwd|passphrase|secret|token|credentials?|bearer|auth|authorization)\b"
    r"|\b(?:api|access|private) ?key\b"
)
_KEY = re.compile(r"\b(?:api|access|private|secret|signing|encryption|master) ?key$")
_PLACE = re.compile(
    r"\b(?:name|names|ref|refs|key|keys|path|file|dir|class|store|count|length|len|type|mode|url|uri|policy|seconds"
    r"|backend|parser|mount|id|enabled)$"
)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_URL = re.compile(r"(?<=://)[^/\s:@]*:[^/\s@]+(?=@)")
_TEXT_TOKEN = re.compile(r"\b(?:audio|bos|cls|eos|image|mask|pad|per|sep|special|stop|unk) token\b")
"""Tokens of a tokenizer, as chat templates name them."""

_FORM = re.compile(
    r"\b(?:hf_[A-Za-z0-9]{16,}|sk-[\w-]{16,}|gh[pousr]_[A-Za-z0-9]{16,}|glpat-[\w-]{16,}|nvapi-[\w-]{16,}"
    r"|AKIA[A-Z0-9]{12,}|eyJ[\w-]{8,}\.[\w-]+\.[\w-]+|AGE-SECRET-KEY-1[A-Z0-9]+)"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[^-]*(?:-----END [A-Z ]*PRIVATE KEY-----)?"
)
_ASSIGNMENT = re.compile(r"(?<![\w.-])(--?[A-Za-z][\w-]*|[A-Za-z_][\w.-]*)(\s*[=:]\s*|\s+)([^\s\"'$][^\s\"']*)")
_SEALED = {"Secret": ("data", "stringData"), "SealedSecret": ("encryptedData",)}


def names_secret(name: str) -> bool:
    """Whether a key, a variable or a flag of this name holds a secret: HF_TOKEN, `--api-key`, dbPassword.

    The name of a place where a secret is does not hold one: `secretName`, `tokenRef`, `PASSWORD_FILE`, and
    `secretKey`, by which manifests mean a key inside a Secret.
    """
    if name == "secretKey":
        return False
    words = re.sub(r"[_.\-\s]+", " ", _CAMEL.sub(" ", name)).strip().lower()
    words = _TEXT_TOKEN.sub("", words)
    return bool(_KEY.search(words)) or (bool(_SECRET.search(words)) and not _PLACE.search(words))


def mask_object(item: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a Kubernetes object without secrets; all that a Secret holds is masked."""
    masked: dict[str, Any] = mask(item, "")
    for field in _SEALED.get(str(item.get("kind")), ()):
        for holder in (masked, masked.get("spec")):
            if isinstance(holder, dict) and isinstance(holder.get(field), dict):
                holder[field] = dict.fromkeys(holder[field], MASK)
    return masked


def mask(value: Any, key: str) -> Any:
    """A copy of a value under `key` without secrets; references like `$(HF_TOKEN)` stay."""
    if isinstance(value, Mapping):
        return {name: mask(item, value_key(value, name)) for name, item in value.items()}
    if isinstance(value, list):
        return _mask_list(value, key)
    if not isinstance(value, str) or not value or value.startswith("$"):
        return value
    return MASK if names_secret(key) else mask_text(value)


def value_key(holder: Mapping[str, Any], field: str) -> str:
    """The name that says what a field holds: for the `value` of an entry with a name, that name."""
    name = holder.get("name")
    return name if field == "value" and isinstance(name, str) else field


def _mask_list(items: list[Any], key: str) -> list[Any]:
    """Items one by one; the word after a flag such as `--api-key` is masked."""
    masked, flag = [], ""
    for item in items:
        masked.append(mask(item, flag or key))
        flag = item if isinstance(item, str) and item.startswith("--") and names_secret(item) else ""
    return masked


def mask_text(text: str) -> str:
    """A text without the passwords of URLs, tokens of known shapes, and values assigned to names of
    secrets."""
    if "://" in text:
        text = _URL.sub(MASK, text)
    text = _FORM.sub(MASK, text)
    if any(sign in text for sign in "=: "):
        text = _ASSIGNMENT.sub(_mask_assignment, text)
    return text


def _mask_assignment(match: re.Match[str]) -> str:
    name, sign, _ = match.groups()
    assigned = sign.strip() or name.startswith("-")
    return f"{name}{sign}{MASK}" if assigned and names_secret(name) else match[0]
