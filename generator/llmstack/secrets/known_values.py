"""What tells `secret set` that a value is the one that is encrypted already, though nothing here can decrypt it.

Kept beside the record of what was written, never committed: for each key of a Secret a scrypt hash of the value with a
salt of its own, and a digest of the ciphertext that it became. The hash is as hard to guess from as a password's in
/etc/shadow (RFC 7914; 32 MiB a guess).
"""

from __future__ import annotations

import hashlib
import hmac
from secrets import token_hex
from typing import TYPE_CHECKING

from llmstack.disk.notes import read_notes, write_notes

if TYPE_CHECKING:
    from pathlib import Path

_FILE = "seals"
_COST = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 1 << 26}


def is_known_value(root: Path, name: str, value: str, *, context: str, ciphertext: str) -> bool:
    """Whether `ciphertext` is what this value became here, in this context (for whom it was encrypted)."""
    entry = read_notes(root, _FILE).get(name, "")
    salt, _, rest = entry.partition(":")
    hashed, _, digest = rest.partition(":")
    if not digest or not hmac.compare_digest(digest, _digest(ciphertext)):
        return False
    return hmac.compare_digest(hashed, _hash(salt, context, value))


def remember_value(root: Path, name: str, value: str, *, context: str, ciphertext: str) -> None:
    """Keep that this value became `ciphertext`. Raises DiskError."""
    salt = token_hex(16)
    write_notes(
        root, _FILE, read_notes(root, _FILE) | {name: f"{salt}:{_hash(salt, context, value)}:{_digest(ciphertext)}"}
    )


def _hash(salt: str, context: str, value: str) -> str:
    salted = f"{salt}:{context}".encode()
    return hashlib.scrypt(value.encode(), salt=salted, dklen=32, **_COST).hex()


def _digest(ciphertext: str) -> str:
    return hashlib.blake2b(ciphertext.encode(), digest_size=16).hexdigest()
