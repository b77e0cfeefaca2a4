"""Output that does nothing but be read: no escape steers a terminal, no line is a command to the CI system around it.

GitHub Actions takes a line that begins with `::name` (blanks before it skipped) for a command, and `##[name]` anywhere
in a line for one of the older form (`ActionCommand.TryParseV2` and `TryParse` of github.com/actions/runner); Azure
Pipelines takes `##vso[…]` and TeamCity `##teamcity[…]`. In text each is written with an escape, as an unseen character
is; formats with a syntax of their own say the same by the escapes of that syntax, so that their data stay as they are.
"""

from __future__ import annotations

import json
import re
from typing import Any

from llmstack.report.paint import CODES
from llmstack.report.visible import UNSEEN, visible

_COMMAND = re.compile(r"^([^\S\n]*):(?=:)", re.MULTILINE)
_BRACKET = re.compile(r"#(?=#\w{0,40}\[)")
_OURS = re.compile(rf"(\x1b\[(?:0|{'|'.join(map(re.escape, CODES))})m|\r\x1b\[K|\r(?=\n))")
_BREAKS = str.maketrans("", "", "\n\t")
_LINE_END = re.compile(r"(\r(?=\n))")


def inert(text: str, *, terminal: bool = False, inside_line: bool = False) -> str:
    """`text` with unseen characters and commands of CI systems as escapes; line breaks and tabs stay.

    On a terminal the colours and the progress line that llmstack itself writes stay too. `inside_line` says that
    something was written before it on its line.
    """
    if text.isascii() and text.translate(_BREAKS).isprintable() and "##" not in text and "::" not in text:
        return text  # as nearly all are, and the rest costs a hundred times as much
    kept = (_OURS if terminal else _LINE_END).split(text)
    shown = "".join(piece if number % 2 else visible(piece, keep="\n\t\ufe0f") for number, piece in enumerate(kept))
    shown = escape_brackets(shown)
    first, feed, rest = shown.partition("\n") if inside_line else ("", "", shown)
    return first + feed + _COMMAND.sub(r"\1\\x3a", rest)


def escape_brackets(text: str) -> str:
    """`text` with `##[name]` and its like written as escapes, wherever they stand in a line."""
    return _BRACKET.sub(r"\\x23", text)


def inert_json(text: str) -> str:
    """A text of JSON that says the same, with unseen characters and brackets of commands as JSON's escapes."""
    text = UNSEEN.sub(lambda found: found[0] if found[0] in "\n\t" else json.dumps(found[0])[1:-1], text)
    return _BRACKET.sub(r"\\u0023", text)


def inert_yaml(value: Any) -> str:
    """A YAML document of a value: as files are written, in JSON's form with escapes where that would not be inert."""
    from llmstack import yamlio  # not needed by every command's last write

    text = yamlio.dump(value)
    return text if inert(text) == text else inert(json.dumps(value, ensure_ascii=False)) + "\n"
