"""Findings as workflow commands of GitHub Actions, which shows them on the lines of a pull request.

Form and escapes: https://docs.github.com/actions/reference/workflow-commands-for-github-actions and
`packages/core/src/command.ts` of github.com/actions/toolkit. GitHub shows ten of each severity per step.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from llmstack.finding import Finding, Severity, sort_findings
from llmstack.report.inert import escape_brackets
from llmstack.report.mask import mask_finding
from llmstack.report.options import PLAIN, Options
from llmstack.report.visible import visible

COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


def render(findings: Sequence[Finding], options: Options = PLAIN) -> str:
    """Return one command a line, `::error file=…,line=…,col=…,endColumn=…,title=…::message`, ordered by file
    and line."""
    return "".join(f"{_command(mask_finding(finding))}\n" for finding in sort_findings(findings))


def announce(title: str, message: str) -> str:
    """Return the command, as a line, that says something of the whole: a notice without a place."""
    return f"{_line(Severity.NOTE, {'title': title}, message)}\n"


def _command(finding: Finding) -> str:
    place = finding.place
    properties: dict[str, str] = {}
    if place is not None:
        properties = {"file": place.path, "line": str(place.line)}
        if place.column:
            properties |= {"col": str(place.column), "endColumn": str(place.column + max(1, place.width))}
    properties["title"] = finding.id
    message = f"{finding.message}\nhelp: {finding.help}" if finding.help else finding.message
    return _line(finding.severity, properties, message)


def _line(severity: Severity, properties: Mapping[str, str], message: str) -> str:
    shown = ",".join(f"{name}={_escape_property(value)}" for name, value in properties.items())
    return f"::{COMMANDS[severity]} {shown}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return escape_brackets(visible(text, keep="\r\n")).replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
