"""`llmstack diff`: what a change does to the clusters."""

from __future__ import annotations

import sys

import typer

from llmstack.commands import options as opt
from llmstack.commands import output
from llmstack.commands.exits import Exit
from llmstack.commands.streams import wants_colour


def diff(
    before: opt.From = None,
    after: opt.To = None,
    format: opt.HowReviewed = "text",
    rules_from: opt.RulesFrom = None,
    page: opt.PageAddress = None,
    exit_code: opt.ExitCode = False,
    fail_on: opt.Gate = opt.FailOn.NEVER,
    generate: opt.Generate = False,
    observed: opt.ObservedNow = None,
) -> None:
    """Review a change: restarts, GPUs, time, risks.

    Compares the generated trees as they stand at two Git revisions. Exits with 0 whatever the risks are, unless
    `--fail-on` or `--exit-code` is given.
    """
    from datetime import UTC, datetime

    from llmstack.report.review_formats import render_review
    from llmstack.repository.comparison import open_comparison
    from llmstack.repository.reviewed import make_review
    from llmstack.repository.reviewed import observed as with_observed

    comparison = open_comparison(output.find_project(None).root, before, after, rules_from)
    if generate:
        from llmstack.repository.generated import as_generated

        comparison = as_generated(comparison)
    if observed:
        comparison, findings = with_observed(comparison, observed)
        output.report_beside(findings)
    review = make_review(comparison, today=datetime.now(UTC).date(), tool_folder=output.tool_folder())
    text = render_review(review, format, colour=wants_colour(sys.stdout), page=page)
    output.write(sys.stdout, text, format)
    if review.fails(fail_on):
        raise typer.Exit(Exit.ERRORS)
    if exit_code and any(each.objects or each.removed for each in review.environments.values()):
        raise typer.Exit(Exit.DIFFERS)
