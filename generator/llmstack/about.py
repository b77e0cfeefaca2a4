"""What llmstack is called, and where it is to be had: the one place that says so."""

from __future__ import annotations

DISTRIBUTION = "llmstack-gitops"
"""The name of the package; the command and the import are `llmstack`, a name that on PyPI is another project's."""

IS_PUBLISHED = False
"""Whether a package index has it under that name. Until then nothing of ours asks an index for it: whoever took the
name first would be what runs."""

HOME: str | None = None
"""The address of the project's repository, without a slash at its end; None while it has none for everybody."""


def address(document: str, heading: str, home: str | None = HOME) -> str | None:
    """Where a heading of a page such as `docs/risks.md` is to be read; None while the project has no address."""
    return f"{home}/blob/HEAD/{document}#{heading}" if home else None
