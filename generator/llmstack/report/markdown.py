"""Text of others inside Markdown: shown as it is, never read as Markdown, HTML, a mention, a reference or a
link.

Names and values go into code spans and fenced blocks, in which GitHub reads nothing: no emphasis, HTML,
`@mention`, `#123`, commit id, link or emoji (GitHub Flavored Markdown,
https://github.github.com/gfm/#code-spans). Sentences keep the words that cannot be anything else, and every
other word becomes a code span too.
"""

from __future__ import annotations

import html
import re

from llmstack.report.visible import shorten, visible

_TICKS = re.compile(r"`+")
_WORD = re.compile(
    r"[(„“«]?[^\W_]+(?:['’][^\W_]+|-[^\W_]+)*%?[.,:;!?)”»]*|[0-9]+[.,:;)]*|[—–→×·…+=-]|\(?[0-9]+/[0-9]+\)?[.,:;]?"
    r"|[().,:;!?]+"
)
"""What is left as it is: words of letters and digits with hyphens inside, plain punctuation, signs that stand
alone."""
_REFERENCE = re.compile(r"[(„“«]?(?:(?i:gh|[A-Z]+)-\d+|(?i:[0-9a-f]{7,64}|https?|www))\b.*")
"""Words that GitHub may link: `GH-12`, `JIRA-12`, commit ids, addresses."""
_STARTER = re.compile(r"[-+=]|\d+[.)]+")
"""What would begin a list, or underline a heading, at the start of a line."""
_PIECES = re.compile(r"(`[^`\n]+`| )")
_STOP = re.compile(r"([^:(][^(]*\w)([)]?[.,:;]*)")
"""A word, and what stands behind it that is the sentence's: a stop, the end of what was in brackets."""


def code(text: str, limit: int = 200) -> str:
    """`text` as a code span, at most `limit` characters of it; line breaks and unseen characters as escapes.

    A `|` is written as an escape too: inside a table's row it would end the cell, and renderers differ on
    `\\|`.
    """
    shown = shorten(visible(text), limit).replace("|", "\\x7c") or " "
    longest = max((len(run) for run in _TICKS.findall(shown)), default=0)
    fence = "`" * (longest + 1)
    edge = " " if shown[0] in "` " or shown[-1] in "` " else ""
    return f"{fence}{edge}{shown}{edge}{fence}"


def prose(text: str, limit: int = 1000) -> str:
    """A sentence: plain words as they are, what is in backticks and any other word as code spans."""
    shown = ""
    for piece in _PIECES.split(shorten(visible(text), limit)):
        quoted = len(piece) > 2 and piece[0] == piece[-1] == "`"
        if not piece or piece == " " or (not quoted and _WORD.fullmatch(piece) and not _REFERENCE.fullmatch(piece)):
            shown += piece
        else:
            # Two code spans that touch would be read as one: a space keeps them apart.
            stopped = None if quoted else _STOP.fullmatch(piece)
            word, stop = stopped.groups() if stopped else (piece[1:-1] if quoted else piece, "")
            shown += (" " if shown.endswith("`") else "") + code(word) + stop
    words = shown.split()
    if words and _STARTER.fullmatch(words[0]):
        words[0] = code(words[0])
    return " ".join(words) or "—"


def fenced(lines: list[str], language: str = "") -> str:
    """Lines as a fenced block that none of them can end."""
    longest = max((len(run) for line in lines for run in _TICKS.findall(line)), default=0)
    fence = "`" * max(3, longest + 1)
    return "\n".join([f"{fence}{language}", *lines, fence])


def fold_title(title: str, note: str = "") -> str:
    """The `<summary>` of a folded part: `title` as code, `note` as our own plain words."""
    tail = f" — {html.escape(note)}" if note else ""
    return f"<summary><code>{html.escape(visible(title))}</code>{tail}</summary>"
