"""What a reference in a kustomization must be: a plain relative path, or a text that stands in its place."""

from __future__ import annotations

import posixpath
import re
from functools import lru_cache

_PLAIN = re.compile(r"[^/:?\\\x00-\x1f\x7f][^:?\\\x00-\x1f\x7f]*")


@lru_cache(maxsize=1 << 10)
def is_plain(text: str) -> bool:
    """Whether a reference is a relative path, and nothing else to kustomize."""
    first = text.split("/", 1)[0]
    plain = _PLAIN.fullmatch(text) is not None and "//" not in text
    return plain and "@" not in first and first.casefold() != "github.com"


def place_of(path: str, text: str) -> str:
    """The path from the root of what a plain relative path names in the file at `path`."""
    joined = f"{path.rpartition('/')[0]}/{text}"
    is_normal = "/." not in joined and not joined.startswith("/") and not joined.endswith("/")
    return joined if is_normal else posixpath.normpath(posixpath.join(posixpath.dirname(path), text))


def is_text(text: str) -> bool:
    """Whether an entry that may name a patch is the patch itself: kustomize tries one, then the other.

    No URL has a line break or begins with a brace (Go's net/url refuses both), so that what is taken for a patch here
    is never fetched.
    """
    return "\n" in text or text.startswith("{")


def is_plugin_text(text: str) -> bool:
    """The same for plugins. What is no object to kustomize is to it a file, a folder or a repository, whose name may
    have a line break, but begins with a letter and a scheme, a user or a host."""
    return is_text(text) and re.match(r"[^A-Za-z]|(?:apiVersion|kind|metadata):", text) is not None
