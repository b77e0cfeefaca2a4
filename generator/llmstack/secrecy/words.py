"""What names a secret, and what looks like one."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

_NAME = re.compile(
    r"(?:^|[_.-])(?:API_?KEY|PASSWORD|PASSWD|PASSPHRASE|SECRET|TOKEN|(?:SECRET_)?ACCESS_KEY|SECRET_KEY|PRIVATE_KEY|ACCOUNT_KEY)$",
    re.IGNORECASE,
)
_NO_SECRET = re.compile(
    r"(?:^|_)(?:EOS|BOS|PAD|UNK|SEP|CLS|MASK|STOP|START|END|SPECIAL|IMAGE|MAX|MIN|NUM|PER|IMPLICIT)_TOKEN$|^(?:PUBLIC|KEY)_",
    re.IGNORECASE,
)
"""Tokens of a text, and switches: `PAD_TOKEN`, `HF_HUB_DISABLE_IMPLICIT_TOKEN`."""

_PLAIN = re.compile(
    r"(?:true|false|yes|no|on|off|none|null|\d{1,4})\Z|/[\w.-]+(?:/[\w.-]+)+\Z|\$\([A-Za-z_][\w.-]*\)\Z",
    re.IGNORECASE,
)
"""Values that are none: switches, paths of files, references to another variable (`$(HF_TOKEN)`)."""

_TOKEN = re.compile(
    r"\bhf_[A-Za-z0-9]{20,}|\bsk-[A-Za-z0-9_-]{20,}|\bgh[oprsu]_[A-Za-z0-9]{30,}|\bglpat-[A-Za-z0-9_-]{20,}"
    r"|\bAKIA[0-9A-Z]{16}\b|\bxox[abprs]-[A-Za-z0-9-]{10,}|-----BEGIN [A-Z ]*PRIVATE KEY-----"
)
"""Tokens of Hugging Face, OpenAI, GitHub, GitLab, AWS and Slack, by the forms that they document."""

_URL = re.compile(r"://[^/\s:@]*:(?!\$\()[^/\s@]+@")
_SECRET_KEYS = frozenset(("hf_token", "vllmApiKey", "credentials"))
_PAIR = re.compile(r"[\"']?([\w.-]+)[\"']?\s*:\s*[\"']?([^\s,{}\[\]\"'#][^\s,}\]\"']*)")
"""A key and its plain value in one line of YAML."""

_FLAGS = frozenset(("--api-key", "--hf-token", "--vllm-api-key"))
_FLAG_IN_TEXT = re.compile(r"(?:^|\s)(--(?:api|vllm-api|hf)[-_](?:key|token))(?:=|\s+)[\"']?(?![\"'$\s-])\S")


def is_secret_value(name: str, value: object) -> bool:
    """Whether a variable is a secret in plain text, by its name or by the form of its value."""
    if not isinstance(value, str) or not value:
        return False
    named = _NAME.search(name) is not None and _NO_SECRET.search(name) is None
    return (named and _PLAIN.match(value) is None) or holds_token(value)


def holds_token(text: str) -> bool:
    """Whether a text has a token of a known form in it, or a URL with a password."""
    return _TOKEN.search(text) is not None or ("@" in text and _URL.search(text) is not None)


@lru_cache(maxsize=1 << 12)
def line_holds_secret(line: str) -> bool:
    """Whether a line of a values file has a secret in plain text, as far as the line alone tells."""
    if holds_token(line) or _FLAG_IN_TEXT.search(line.replace("[", " ").replace(",", " ")):
        return True
    pairs = [(key, value) for key, value in _PAIR.findall(line)]
    named = [value for key, value in pairs if key == "name"]
    stated = [value for key, value in pairs if key == "value"]
    if named and stated and is_secret_value(named[0], stated[0]):
        return True
    return any(key in _SECRET_KEYS or is_secret_value(key, value) for key, value in pairs)


def argument_secrets(arguments: Sequence[str]) -> Iterator[tuple[int, str]]:
    """Yield index and flag of each argument that holds a secret: `--api-key X`, `--api-key=X`, a token of
    a known form."""
    for index, text in enumerate(arguments):
        name, equals, value = text.partition("=")
        flag = name.replace("_", "-").lower()
        if flag in _FLAGS:
            at, value = (
                (index, value) if equals else (index + 1, arguments[index + 1] if index + 1 < len(arguments) else "")
            )
            if value and not value.startswith("-") and not _PLAIN.match(value) and not value.startswith("$"):
                yield at, flag
        elif "--" in text and (found := _FLAG_IN_TEXT.search(text)):
            yield index, found[1]
        elif holds_token(text) and not (index and arguments[index - 1].replace("_", "-").lower() in _FLAGS):
            yield index, name if name.startswith("--") and equals else "an argument"
