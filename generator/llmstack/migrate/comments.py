"""What was a key, as a comment in its place: nothing is lost, and no secret is kept."""

from __future__ import annotations

from bisect import bisect_left

from llmstack.migrate.step import File
from llmstack.secrecy.credentials import MASK
from llmstack.secrecy.masking import mask_text
from llmstack.values.syntax import Document, Spot

REMOVED = "(removed)"


def as_comment(file: File, spot: Spot, why: str) -> list[str]:
    """The lines of an entry as comments, secrets in them removed: the first says why it is one."""
    text = without_secrets(file, *_stretch(file.document, spot))
    indent = spot.holder.column
    lines = [line.rstrip() for line in text.split("\n")]
    rest = [line[indent:] if not line[:indent].strip() else line for line in lines[1:]]
    return [f"# {why}: {lines[0]}", *(f"# {line}".rstrip() for line in rest)]


def comments_of(file: File, spot: Spot) -> list[str]:
    """The comments in an entry and at the end of its last line, which go into the new ones; those in brackets stay."""
    return [] if spot.holder.flow else file.document.comments_in(*_stretch(file.document, spot))


def _stretch(document: Document, spot: Spot) -> tuple[int, int]:
    """Where an entry begins, and where it ends: with its last line, or in brackets with its value."""
    end = max(spot.key.end, spot.value.end)
    return spot.key.start, end if spot.holder.flow else document.line_end(end)


def without_secrets(file: File, start: int, end: int) -> str:
    """A stretch of the text with every secret in it taken out, and the rest of a line that looks like one."""
    spans = file.secret_spans[bisect_left(file.secret_spans, (start, 0)) : bisect_left(file.secret_spans, (end, 0))]
    text, shown, at = file.source.text, "", start
    for first, last in spans:
        if first >= at and last <= end:
            shown += text[at:first] + REMOVED
            at = last
    shown += text[at:end]
    return "\n".join(mask_text(line).replace(MASK, REMOVED) for line in mask_text(shown).split("\n"))
