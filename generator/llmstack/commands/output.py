"""What the commands share: the options before them, the repository they are about, and how they report."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import typer

from llmstack.commands.exits import Exit
from llmstack.commands.streams import wants_colour, write_commands

if TYPE_CHECKING:
    from llmstack.finding import Finding
    from llmstack.repository.project import Project


class Options:
    """Options before the command."""

    directory: Path | None = None


def find_project(names: list[str] | None) -> Project:
    """The repository a command is about."""
    from llmstack.repository import project

    return project.find_project(names or [], Options.directory)


def report(findings: list[Finding], *, format: str = "text", result: bool = False) -> None:
    """Print findings: on stdout where they are the result, else on stderr."""
    from llmstack.report.formats import render_findings
    from llmstack.report.pages import all_pages

    stream = sys.stdout if result else sys.stderr
    pages = all_pages() if format == "sarif" else {}
    write(stream, render_findings(findings, format, colour=wants_colour(stream), pages=pages), format)


def write(stream: TextIO, text: str, format: str) -> None:
    """Write a report: the commands of `--format github` as they are."""
    write_commands(stream, text) if format == "github" else stream.write(text)


def exit_for(findings: list[Finding], *, strict: bool = False) -> None:
    """End the run when there is an error among the findings; with `strict`, or a warning."""
    from llmstack.finding import Severity, tally

    counts = tally(findings)
    if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]):
        raise typer.Exit(Exit.ERRORS)


def report_beside(findings: list[Finding], *, notes: frozenset[str] = frozenset()) -> None:
    """Print findings beside a result, all notes but those of some ids left out; an error among them ends the run."""
    report(beside(findings, notes))
    exit_for(findings)


def beside(findings: list[Finding], notes: frozenset[str]) -> list[Finding]:
    """Findings without notes, but for those of some ids."""
    from llmstack.finding import Severity

    return [finding for finding in findings if finding.severity is not Severity.NOTE or finding.id in notes]


def words_beside(findings: list[Finding], *, colour: bool) -> str:
    """What `report_beside` says of findings."""
    from llmstack.report.formats import render_findings

    return render_findings(beside(findings, frozenset()), "text", colour=colour)


def repeat(plain: str, coloured: str) -> None:
    """Print on stderr what an earlier run said of its findings."""
    sys.stderr.write(coloured if wants_colour(sys.stderr) else plain)


def say(words: str) -> None:
    """Say on stderr that all is well, in a line: what stdout holds stays the result alone."""
    sys.stderr.write(f"{words}\n")


def tool_folder() -> Path | None:
    """Where external programs are looked for before PATH: $LLMSTACK_TOOLS, else what `tools install` built. Raises
    UsageError for a relative path, which leads into whatever repository is looked at."""
    tools = os.environ.get("LLMSTACK_TOOLS")
    if tools and not os.path.isabs(tools):
        from llmstack.errors import UsageError

        raise UsageError(f"$LLMSTACK_TOOLS is `{tools}`: give an absolute path, as no program of a repository is run")
    if tools:
        return Path(tools)
    return cache_folder("tools") if cache_folder("tools").is_dir() else None


def cache_folder(name: str) -> Path:
    """A folder of ours below the user's cache (XDG Base Directory Specification): `tools` is where `llmstack tools
    install` builds."""
    cache = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(cache) if os.path.isabs(cache) else Path.home() / ".cache") / "llmstack" / name
