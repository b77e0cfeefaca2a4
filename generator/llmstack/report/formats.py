"""Every format of findings by its name, for `lint` and `validate`; a format's module is imported when it is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from llmstack.finding import Finding
    from llmstack.report.options import Options
    from llmstack.report.pages import Page

NO_PAGES: Mapping[str, Page] = MappingProxyType({})


def _text(findings: Sequence[Finding], options: Options) -> str:
    from llmstack.report import text

    return text.render(findings, options)


def _json(findings: Sequence[Finding], options: Options) -> str:
    from llmstack.report import json

    return json.render(findings, options)


def _sarif(findings: Sequence[Finding], options: Options) -> str:
    from llmstack.report import sarif

    return sarif.render(findings, options)


def _github(findings: Sequence[Finding], options: Options) -> str:
    from llmstack.report import github

    return github.render(findings, options)


def _gitlab(findings: Sequence[Finding], options: Options) -> str:
    from llmstack.report import gitlab

    return gitlab.render(findings, options)


FORMATS: Mapping[str, Callable[[Sequence[Finding], Options], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
    "gitlab": _gitlab,
}


def render_findings(
    findings: Sequence[Finding], format: str, *, colour: bool = False, pages: Mapping[str, Page] = NO_PAGES
) -> str:
    """Return findings in a format of `FORMATS`; `pages` are those of the checks by id, for SARIF."""
    from llmstack.report.options import Options

    return FORMATS[format](findings, Options(colour=colour, pages=pages))
