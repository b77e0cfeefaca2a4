"""What an encoding hides: base64, compressed or not, as files stand in Secrets and in `binaryData` of ConfigMaps; what
is escaped by percent signs in URLs (RFC 3986, 2.1). And what is encrypted, which is none of it."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Callable, Iterator
from functools import lru_cache

Search = Callable[[str], Iterator[tuple[int, int]]]
_WHOLE = re.compile(r"[A-Za-z0-9+/_-]{16,}(?:\s*\n\s*[A-Za-z0-9+/_-]+)*={0,2}\s*\Z")
_PART = re.compile(r"(?<![\w+/.:-])[A-Za-z0-9+/]{24,}={0,2}(?![\w+/.:-])")
_BASE64 = "[A-Za-z0-9+/]"
CIPHERTEXT = re.compile(
    rf"ENC\[AES256_GCM,data:(?:{_BASE64}{{4}})*(?:{_BASE64}{{2,3}}={{1,2}})?,iv:{_BASE64}{{43}}=,tag:{_BASE64}{{22}}==,type:\w+\]"
)
"""What SOPS writes for a value: a nonce of 32 bytes and a tag of 16 (sops/aes/cipher.go)."""
SEALED = re.compile(rf"(?<![\w+/=-])(?:A[QYg]|BA)[A-D]{_BASE64}{{360,}}={{0,2}}")
"""What Sealed Secrets writes: two bytes that say how long the key that RSA encrypted is (256, 384, 512 or 1,024), that
key, and the ciphertext, in base64 (sealed-secrets/pkg/crypto/crypto.go)."""
_LOOKS_SEALED = re.compile(rf"(?:A[QYg]|BA)[A-D]{_BASE64}*=*\Z")
_URL_PART = re.compile(r"[^\s\"'`<>?&=,;#]+")
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_CHARACTER = re.compile(r"%[0-9A-Fa-f]{2}|.")
LONGEST = 1 << 20
"""Characters that are decoded, and bytes that what is compressed may become: more is not looked into."""
LAYERS = 2
"""How often what is encoded in what is encoded is looked into."""
_GZIP, _EITHER = b"\x1f\x8b", 32 + zlib.MAX_WBITS
_URL_SAFE = str.maketrans("-_", "+/")


def looks_sealed(text: str) -> bool:
    """Whether a text begins as what Sealed Secrets writes, and goes on as base64: one that was cut short, too."""
    return _LOOKS_SEALED.match("".join(map(str.strip, text.split("\n")))) is not None


@lru_cache(maxsize=1 << 10)
def decode(text: str) -> str | None:
    """The text that a value encodes, as a whole and over however many lines; None for what is no base64 of a text."""
    if not 16 <= len(text) <= LONGEST or not _WHOLE.match(text):
        return None
    return _decode("".join(text.split()))


def decode_parts(text: str) -> Iterator[tuple[int, int, str]]:
    """Yield what a text encodes, or else what parts of it do, each with its begin and end: `echo aGZf… | base64 -d`."""
    whole = decode(text)
    if whole is not None:
        yield 0, len(text), whole
        return
    for found in _PART.finditer(text) if len(text) <= LONGEST else ():
        inner = _decode(found[0])
        if inner is not None:
            yield *found.span(), inner


def decode_escapes(text: str, search: Search) -> Iterator[tuple[int, int]]:
    """Yield where in a text stands what `search` finds in parts of it, once their percent signs are read: it is asked
    for spans of `u:hunter2@host`, and those of `u%3Ahunter2%40host` come out.

    Bytes beyond ASCII are read as Latin-1, which leaves the signs that separate where they are.
    """
    for part in _URL_PART.finditer(text) if "%" in text else ():
        inner, count = _ESCAPE.subn(lambda escape: chr(int(escape[1], 16)), part[0])
        spans = list(search(inner)) if count else []
        if spans:
            begins = [character.start() for character in _CHARACTER.finditer(text, *part.span())] + [part.end()]
            yield from ((begins[start], begins[end]) for start, end in spans)


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
