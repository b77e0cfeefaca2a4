"""What a report may be told besides its content."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct, field

from llmstack import __version__, about
from llmstack.report.pages import Page


class Options(Struct, frozen=True):
    """How to write a report. No report reads the environment: whoever calls knows whether there is a
    terminal."""

    colour: bool = False
    """Escape codes of a terminal, in the text reports."""
    pages: Mapping[str, Page] = field(default_factory=dict)
    """The page of each check and risk, by id. SARIF shows it beside the finding."""
    home: str | None = about.HOME
    """Where llmstack's repository is to be had, for addresses of pages."""
    version: str = __version__
    page: str | None = None
    """Where the page of the same review is to be seen, for the Markdown report."""
    limit: int = 65_000
    """Bytes that the Markdown report may have. A comment on GitHub holds 65,536; a marker needs some of
    them."""


PLAIN = Options()
