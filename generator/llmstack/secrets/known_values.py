"""What tells `secret set` that a value is the one that is encrypted already, though nothing here can decrypt it.

Kept beside the record of what was written, never committed: for each key of a Secret a scrypt hash of the value with a
salt of its own, and a digest of the ciphertext that it became. The hash is as hard to guess from as a password's in
/etc/shadow (RFC 7914; 32 MiB a guess).
"""

from __future__ import annotations

import contextlib
import hashlib
import hmac
import json
import os
from pathlib import Path

from llmstack.disk.error import DiskError, reason_of
from llmstack.disk.home import find_home

_FILE = "seals"
_COST = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 1 << 26}


def is_known_value(root: Path, name: str, value: str, *, context: str, ciphertext: str) -> bool:
    """Whether `ciphertext` is what this value became here, in this context (for whom it was encrypted)."""
    entry = _read(root).get(name, "")
    salt, _, rest = entry.partition(":")
    hashed, _, digest = rest.partition(":")
    if not digest or not hmac.compare_digest(digest, _digest(ciphertext)):
        return False
    return hmac.compare_digest(hashed, _hash(salt, context, value))


def remember_value(root: Path, name: str, value: str, *, context: str, ciphertext: str) -> None:
    """Keep that this value became `ciphertext`. Raises DiskError."""
    salt = os.urandom(16).hex()
    kept = _read(root) | {name: f"{salt}:{_hash(salt, context, value)}:{_digest(ciphertext)}"}
    folder = find_home(root).folder
    file = folder / _FILE
    staged = folder / f"{_FILE}.new"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            staged.unlink()
        descriptor = os.open(staged, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as stream:
            json.dump(kept, stream, indent=1, sort_keys=True)
        os.replace(staged, file)
    except OSError as error:
        raise DiskError(str(file), f"cannot be written: {reason_of(error)}") from error


def _read(root: Path) -> dict[str, str]:
    """What is kept; nothing when there is none, or it cannot be read: then values count as new."""
    try:
        kept = json.loads((find_home(root).folder / _FILE).read_text(encoding="ascii"))
    except (OSError, ValueError):
        return {}
    return {str(name): str(entry) for name, entry in kept.items()} if isinstance(kept, dict) else {}


def _hash(salt: str, context: str, value: str) -> str:
    salted = f"{salt}:{context}".encode()
    return hashlib.scrypt(value.encode(), salt=salted, dklen=32, **_COST).hex()


def _digest(ciphertext: str) -> str:
    return hashlib.blake2b(ciphertext.encode(), digest_size=16).hexdigest()
