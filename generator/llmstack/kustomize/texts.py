"""Files of a build as texts: within bounds, as what they name, and why one is not read."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from llmstack import yamlio
from llmstack.errors import IrregularFileError
from llmstack.finding import Finding, Place, Severity
from llmstack.kustomize.sources import Reference, find_references, find_tags

_LARGE = 1024 * 1024
"""Characters of a kustomization, or of a plugin's configuration: eight hundred models take some twenty thousand."""


def irregular_file(path: str, error: IrregularFileError) -> Finding:
    """The finding on a path at which something else stands than a file that is read."""
    help = "put a regular file in its place, or remove it"
    return Finding("irregular-file", Severity.ERROR, f"this is {error}: it is not read", place=Place(path), help=help)


@lru_cache(maxsize=1 << 12)
def sound_references(content: bytes) -> tuple[Reference, ...] | None:
    """What a kustomization of this text names, None where something is to be said of the text itself.

    Units of models often have the same text, and so have both sides of a comparison.
    """
    try:
        documents = compose_bounded(decode(content))
    except (IrregularFileError, yamlio.YAMLError, UnicodeDecodeError):
        return None
    return None if any(find_tags(documents)) else tuple(find_references(documents))


def compose_bounded(text: str) -> list[Any]:
    """The documents of a text as nodes; raises IrregularFileError where it is too large, YAMLError where it is none."""
    if len(text) > _LARGE:
        raise IrregularFileError(f"{len(text)} characters long, and {_LARGE} are the most")
    return yamlio.compose_all(text)


def decode(content: bytes) -> str:
    """The text of a file, without a byte order mark; raises UnicodeDecodeError."""
    return content.removeprefix(b"\xef\xbb\xbf").decode()


def unreadable(path: str, error: yamlio.YAMLError | UnicodeDecodeError) -> Finding:
    """Why a file of the tree is not read, as the finding that a values file would have."""
    ids = {
        yamlio.TooDeepError: "too-deep",
        yamlio.AliasBombError: "alias-bomb",
        UnicodeDecodeError: "bad-encoding",
        yamlio.ConflictError: "merge-conflict",
    }
    mark = getattr(error, "problem_mark", None)
    place = Place(path, mark.line + 1, mark.column + 1) if mark is not None else Place(path)
    problem = getattr(error, "problem", None) or getattr(error, "reason", None) or "the text is not YAML"
    problem = "the file is not UTF-8" if isinstance(error, UnicodeDecodeError) else problem
    help = "write it in plain YAML, as UTF-8: this file is not read before"
    help = yamlio.CHOOSE if isinstance(error, yamlio.ConflictError) else help
    return Finding(ids.get(type(error), "yaml-syntax"), Severity.ERROR, problem, place=place, help=help)
