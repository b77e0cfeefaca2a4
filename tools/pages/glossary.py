"""docs/glossary.md: the words of a review."""

from __future__ import annotations

from llmstack.report.glossary import TERMS

_INTRO = """# Glossary

<!-- Generated from generator/llmstack/report/glossary.py by `make update`. -->

The words of `llmstack diff`. On the page that `--format html` writes they are explained in place;
`llmstack explain WORD` prints one. [Risks](risks.md) have a page of their own.
"""


def glossary_page() -> str:
    """The whole page."""
    return "\n".join((_INTRO, *(f"## {term}\n\n{meaning}\n" for term, meaning in TERMS.items())))
