"""Every format of findings by its name, for `lint` and `validate`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from llmstack.finding import Finding
from llmstack.report import github, json, sarif, text
from llmstack.report.options import PLAIN, Options

FORMATS: Mapping[str, Callable[[Sequence[Finding], Options], str]] = {
    "text": text.render,
    "json": json.render,
    "sarif": sarif.render,
    "github": github.render,
}


def render_findings(
    findings: Sequence[Finding], format: str, *, colour: bool = False, pages: Mapping[str, str] = PLAIN.pages
) -> str:
    """Return findings in a format of `FORMATS`; `pages` are the checks' docstrings by id, for SARIF."""
    return FORMATS[format](findings, Options(colour=colour, pages=pages))
