"""`llmstack diff`: what a change does to the clusters."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import typer

from llmstack.commands import options as opt
from llmstack.commands import output
from llmstack.commands.exits import Exit
from llmstack.commands.streams import wants_colour

if TYPE_CHECKING:
    from llmstack.review.result import Review


def diff(
    before: opt.From = None,
    after: opt.To = None,
    old_objects: opt.Before = None,
    new_objects: opt.After = None,
    gitops: opt.GitopsFile = None,
    format: opt.HowReviewed = "text",
    exit_code: opt.ExitCode = False,
    fail_on: opt.Gate = opt.FailOn.NEVER,
) -> None:
    """Review a change: restarts, GPUs, time, risks.

    Compares the generated trees as they stand at two Git revisions; with `--before` and `--after` any two streams of
    objects, whoever made them. Exits with 0 whatever the risks are, unless `--fail-on` or `--exit-code` is given.
    """
    from llmstack.report.review_formats import render_review

    streams = (old_objects, new_objects, gitops)
    review = review_revisions(before, after) if streams == (None, None, None) else review_objects(before, *streams)
    sys.stdout.write(render_review(review, format, colour=wants_colour(sys.stdout)))
    if review.fails(fail_on):
        raise typer.Exit(Exit.ERRORS)
    if exit_code and any(each.objects or each.removed for each in review.environments.values()):
        raise typer.Exit(Exit.DIFFERS)


def review_revisions(before: str | None, after: str | None) -> Review:
    """The review of two revisions of the repository."""
    from datetime import UTC, datetime

    from llmstack.repository.comparison import open_comparison
    from llmstack.repository.reviewed import make_review

    comparison = open_comparison(output.find_project(None).root, before, after)
    return make_review(comparison, today=datetime.now(UTC).date(), tool_folder=output.tool_folder())


def review_objects(revision: str | None, before: str | None, after: str | None, gitops: str | None) -> Review:
    """The review of two streams; raises UsageError where the options do not go together."""
    from datetime import UTC, datetime

    from llmstack.errors import UsageError
    from llmstack.repository.stream_review import review_streams
    from llmstack.repository.stream_terms import Terms, read_terms
    from llmstack.repository.streams import STDIN, read_objects

    if revision is not None:
        raise UsageError("revisions and streams do not go together: give FROM and TO, or --before and --after")
    if before is None or after is None:
        raise UsageError("a review of streams has two sides: give --before and --after")
    if before == after == STDIN:
        raise UsageError("stdin is one stream: only one of --before and --after can be `-`")
    terms = read_terms(gitops) if gitops is not None else Terms()
    sides = [read_objects(source, output.tool_folder()) for source in (before, after)]
    return review_streams(sides[0], sides[1], terms, today=datetime.now(UTC).date())
