"""The page of every check and risk by its id, for reports that carry them."""

from __future__ import annotations

import inspect
from collections.abc import Mapping

from msgspec import Struct


class Page(Struct, frozen=True):
    """What an id means."""

    text: str
    """Its first paragraph says what is wrong."""
    document: str
    """The file that has it, under a heading of its id: `docs/risks.md`."""


def all_pages() -> Mapping[str, Page]:
    """Return the pages of checks, of findings of reading and of risks."""
    from llmstack.checks.reading import READING
    from llmstack.checks.table import CHECKS
    from llmstack.review.risks.table import RISKS

    reading = {id: Page(f"{page.meaning}\n\nFix: {page.fix}", "docs/checks.md") for id, page in READING.items()}
    checks = {id: Page(inspect.cleandoc(rule.__doc__ or ""), "docs/checks.md") for id, rule in CHECKS.items()}
    risks = {id: Page(inspect.cleandoc(kind.__doc__ or ""), "docs/risks.md") for id, kind in RISKS.items()}
    return reading | checks | risks
