"""Secrets in comments: prose stands beside them, so what only reads like a pair is held to more."""

from __future__ import annotations

import re

from llmstack.secrecy.credentials import find_secrets, takes_turns
from llmstack.secrecy.forms import has_form

_WORD = re.compile(r"[\"']?[^\s\"'<>{}\[\]()]{6,}[\"']?[ \t,;)\]}]*(?:#.*)?\Z")
_SECRET_ITSELF = re.compile(r"(?i)(?<![\w-])secret[\"']?\s*[:=]\s*[\"']?\Z")
_OBJECT_NAME = re.compile(r"(?:[a-z]+-)+(?:[a-z]+|v?\d{1,4})\Z")
_MADE_UP = re.compile(r"(?i)your|example|change|placeholder|dummy|\.\.\.|…|x{4,}|\*{3,}")
_SAID = re.compile(
    r"(?i)\b(?:password|passwd|passphrase|token|secret|api[ _-]?key)(?: (?:is|was))? "
    r"[\"'`]?([a-z0-9]{10,200})(?![\w./-])"
)
"""What prose says of a secret without a sign: `the password was aB3dE5fG7h`."""


def comment_holds_secret(text: str) -> bool:
    """Whether a comment holds a secret: a known form, or a value under a secret's name that is no word of a sentence.

    Such a value is one word of six characters or more with a digit in it, or with letters of both cases; without a sign
    between them, it is one in which letters and digits take turns.
    """
    if has_form(text) or any(map(takes_turns, _SAID.findall(text))):
        return True
    return any(
        _is_opaque(text[start:end]) and not _names_object(text[:start], text[start:end])
        for start, end in find_secrets(text)
    )


def _names_object(before: str, value: str) -> bool:
    """Whether it is a Secret that is named, `secret: hf-token-v2`, in words and a version."""
    return bool(_SECRET_ITSELF.search(before) and _OBJECT_NAME.match(value.strip("\"',; ")))


def _is_opaque(value: str) -> bool:
    if not _WORD.match(value) or _MADE_UP.search(value):
        return False
    body = value.strip("\"',;)]} ")
    mixed = body[1:] != body[1:].lower() and body != body.upper()
    return any(character.isdigit() for character in body) or mixed
