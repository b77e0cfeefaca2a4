"""What base64 holds, compressed or not: the form in which files stand in Secrets, and in `binaryData` of ConfigMaps."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Iterator
from functools import lru_cache

_WHOLE = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\s*\n\s*[A-Za-z0-9+/_-]+)*={0,2}\s*\Z")
_PART = re.compile(r"(?<![\w+/.:-])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/.:-])")
LONGEST = 1 << 20
"""Characters that are decoded, and bytes that what is compressed may become: more is not looked into."""
LAYERS = 2
"""How often base64 of base64 is looked into."""
_GZIP, _EITHER = b"\x1f\x8b", 32 + zlib.MAX_WBITS
_URL_SAFE = str.maketrans("-_", "+/")


@lru_cache(maxsize=1 << 10)
def decode(text: str) -> str | None:
    """The text that a value encodes, as a whole and over however many lines; None for what is no base64 of a text."""
    if not 16 <= len(text) <= LONGEST or not _WHOLE.match(text):
        return None
    return _decode("".join(text.split()))


def decode_parts(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield what parts of a text encode, each with its begin and end: `echo aGZf… | base64 -d`."""
    for found in _PART.finditer(text) if len(text) <= LONGEST else ():
        inner = _decode(found[0])
        if inner is not None:
            yield *found.span(), inner


def _decode(word: str) -> str | None:
    try:
        content = base64.b64decode(word.rstrip("=").translate(_URL_SAFE) + "===", validate=False)
        if content.startswith(_GZIP):
            content = zlib.decompressobj(_EITHER).decompress(content, LONGEST)
        inner = content.decode()
    except (ValueError, zlib.error):
        return None
    return inner if inner.isprintable() or inner.translate(_BREAKS).isprintable() else None


_BREAKS = dict.fromkeys(map(ord, "\t\r\n"), " ")
