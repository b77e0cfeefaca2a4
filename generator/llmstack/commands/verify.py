"""`llmstack verify`: after the merge, what was foreseen beside what happened."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, TextIO

import typer
from typer import Argument, Option

from llmstack.commands import completion, output
from llmstack.commands import options as opt
from llmstack.commands.exits import Exit
from llmstack.report.verification_formats import VERIFICATION_FORMATS

VerifiedFrom = Annotated[
    str, Argument(metavar="FROM", help="The revision before the change.", autocompletion=completion.revisions)
]
VerifiedTo = Annotated[
    str, Argument(metavar="TO", help="The revision that was applied.", autocompletion=completion.revisions)
]
Observed = Annotated[
    list[str] | None,
    Option("--observed", metavar="FILE", help="A file of kubectl's output, several times for several; `-` for stdin."),
]
ObservedCluster = Annotated[
    str | None,
    Option("--cluster", metavar="NAME", help="The cluster that was observed, where the change touches several."),
]
HowVerified = Annotated[str, opt.one_of(VERIFICATION_FORMATS, "How it is printed.")]


def verify(
    before: VerifiedFrom,
    after: VerifiedTo = "HEAD",
    observed: Observed = None,
    cluster: ObservedCluster = None,
    format: HowVerified = "text",
    exit_code: opt.ExitCode = False,
) -> None:
    """Say how a change went: what was foreseen beside what happened.

    Restarts, GPUs at the peak, fewest ready pods, time and KV cache, from files of kubectl's output: a recording
    begun before the merge (`kubectl get pods -A -w --output-watch-events -o json`), snapshots, and the history that
    Flux and Argo CD keep. What they cannot show is not observed, never agreement; what is off names the fact that
    was missing.
    """
    from datetime import UTC, datetime

    from llmstack.errors import UsageError
    from llmstack.observed.documents import Source
    from llmstack.repository.comparison import open_comparison
    from llmstack.repository.verified import verify as compare
    from llmstack.secrecy.told import mask_told

    if not observed:
        raise UsageError("nothing was observed: give files with --observed, `-` for stdin")
    project = output.find_project(None)
    comparison = open_comparison(project.root, before, after)
    with ExitStack() as stack:
        sources = [Source(name, stack.enter_context(open_text(name)).read) for name in observed]
        result, findings = compare(
            comparison,
            sources,
            project.disk,
            cluster=cluster,
            today=datetime.now(UTC).date(),
            tool_folder=output.tool_folder(),
        )
    output.report_beside(findings)
    sys.stdout.write(VERIFICATION_FORMATS[format](mask_told(result)))
    if exit_code and result.differs:
        raise typer.Exit(Exit.DIFFERS)


def open_text(name: str) -> TextIO:
    """A file of kubectl's output, or stdin; raises UsageError where it cannot be opened."""
    from llmstack.errors import UsageError

    try:
        return sys.stdin if name == "-" else Path(name).open(encoding="utf-8", errors="replace")
    except OSError as error:
        raise UsageError(f"{name} cannot be read: {error.strerror}") from error
