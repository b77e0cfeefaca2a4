"""From the bytes of a values file to its text: what no file may hold is a finding with its place."""

from __future__ import annotations

import re

from llmstack.errors import MAX_BYTES
from llmstack.finding import Finding, Place, Severity
from llmstack.yamlio import CHOOSE, UNRESOLVED, find_conflict

FORBIDDEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff\ufffe\uffff]"
)
"""Control and direction characters."""
_ERROR = Severity.ERROR


def decode(path: str, content: bytes) -> tuple[str, Finding | None]:
    """The text of a file, without the mark of its encoding, and what is wrong with it."""
    if len(content) > MAX_BYTES:
        message = f"{len(content)} bytes; a values file may have {MAX_BYTES}"
        return "", Finding("too-large", _ERROR, message, place=Place(path), help="split it into environments")
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "", Finding("bad-encoding", _ERROR, "the file is UTF-16", place=Place(path), help="save it as UTF-8")
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        message = f"byte 0x{content[error.start]:02x} is not UTF-8"
        return "", Finding("bad-encoding", _ERROR, message, place=Place(path, line, column), help="save it as UTF-8")
    if (conflict := unresolved(path, text)) is not None:
        return text, conflict
    if found := FORBIDDEN.search(text):
        line = text.count("\n", 0, found.start())
        column = found.start() - (text.rfind("\n", 0, found.start()) + 1)
        message = f"the character U+{ord(found.group()):04X} (a control or direction character) is not allowed"
        return text, Finding(
            "bad-character", _ERROR, message, place=Place(path, line + 1, column + 1), help="remove it"
        )
    return text, None


def unresolved(path: str, text: str) -> Finding | None:
    """The finding on a merge conflict that a file holds, at its line."""
    line = find_conflict(text)
    if line is None:
        return None
    return Finding("merge-conflict", _ERROR, UNRESOLVED, place=Place(path, line + 1, 1), help=CHOOSE)
