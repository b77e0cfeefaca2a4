"""Secrets in comments: prose stands beside them, so what only reads like a pair is held to more."""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmstack.secrecy.credentials import find_secrets, takes_turns
from llmstack.secrecy.forms import has_form

_WORD = re.compile(r"[\"']?[^\s\"'<>{}\[\]()]{6,}[\"']?[ \t,;)\]}]*(?:#.*)?\Z")
_PHRASE = re.compile(
    r"([\"'])(?=[^\"']*(?<![\w.-])(?!v?[\d.]+[bkmg]?\b)\w*(?:[a-z]\d|\d[a-z]))"
    r"[^\s\"'<>{}\[\]()]+(?: [^\s\"'<>{}\[\]()]+){1,2}\1[ \t,;)\]}]*(?:#.*)?\Z",
    re.IGNORECASE,
)
"""Two or three words in quotes, in one of which letters and digits meet as in no version or size."""
_SECRET_ITSELF = re.compile(r"(?i)(?<![\w-])secret[\"']?\s*[:=]\s*[\"']?\Z")
_OBJECT_NAME = re.compile(r"(?:[a-z]+-)+(?:[a-z]+|v?\d{1,4})\Z")
_MADE_UP = re.compile(r"(?i)your|example|change|placeholder|dummy|\.\.\.|…|x{4,}|\*{3,}")
_SAID = re.compile(
    r"(?i)\b(?:password|passwd|passphrase|token|secret|api[ _-]?key)(?: (?:is|was))? "
    r"[\"'`]?([a-z0-9]{10,200})(?![\w./-])"
)
"""What prose says of a secret without a sign: `the password was aB3dE5fG7h`."""
_COMMENT = re.compile(r"(?m)(?:^|(?<=\s))#.*")
_SIGN = re.compile(r"#[#\s]*")
_ENTRY_VALUE = re.compile(r"[\"']?value[\"']?[ \t]*:")


def comment_holds_secret(text: str, above: str = "") -> bool:
    """Whether a comment holds a secret: a known form, or a value under a secret's name that is no word of a sentence.

    Such a value is one word of six characters or more with a digit in it, or with letters of both cases, or a few words
    in quotes; without a sign between them, it is one in which letters and digits take turns. `above` is the comment on
    the line before, where a `value` may have its name.
    """
    if has_form(text) or any(find_said(text)) or _holds_value(text):
        return True
    entry = _SIGN.sub("", text, count=1)
    return bool(above and _ENTRY_VALUE.match(entry)) and _holds_value(f"{_SIGN.sub('', above, count=1)}\n{entry}")


def find_said(text: str) -> Iterator[tuple[int, int]]:
    """Yield where comments say a secret in prose: begin and end."""
    for comment in _COMMENT.finditer(text) if "#" in text else ():
        for said in _SAID.finditer(text, *comment.span()):
            if takes_turns(said[1]):
                yield said.span(1)


def _holds_value(text: str) -> bool:
    return any(
        _is_opaque(text[start:end]) and not _names_object(text[:start], text[start:end])
        for start, end in find_secrets(text)
    )


def _names_object(before: str, value: str) -> bool:
    """Whether it is a Secret that is named, `secret: hf-token-v2`, in words and a version."""
    return bool(_SECRET_ITSELF.search(before) and _OBJECT_NAME.match(value.strip("\"',; ")))


def _is_opaque(value: str) -> bool:
    if _MADE_UP.search(value):
        return False
    if not _WORD.match(value):
        return bool(_PHRASE.match(value))
    body = value.strip("\"',;)]} ")
    mixed = body[1:] != body[1:].lower() and body != body.upper()
    return any(character.isdigit() for character in body) or mixed
