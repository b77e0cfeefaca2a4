"""What a report may be told besides its content."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from llmstack import __version__


@dataclass(frozen=True, slots=True)
class Options:
    """How to write a report. No report reads the environment: whoever calls knows whether there is a
    terminal."""

    colour: bool = False
    """Escape codes of a terminal, in the text reports."""
    pages: Mapping[str, str] = field(default_factory=dict)
    """The page of each check, by id: a check's docstring. SARIF shows it beside the finding."""
    version: str = __version__
    limit: int = 65_000
    """Bytes that the Markdown report may have. A comment on GitHub holds 65,536; a marker needs some of
    them."""


PLAIN = Options()
