"""`llmstack diff`: what a change does to the clusters."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Annotated

import typer
from msgspec import Struct
from typer import BadParameter, Option

from llmstack.commands import completion, output
from llmstack.commands import options as opt
from llmstack.commands.exits import Exit
from llmstack.commands.running import LINE
from llmstack.commands.streams import wants_colour
from llmstack.report.review_formats import REVIEW_FORMATS, render_review

if TYPE_CHECKING:
    from llmstack.repository.comparison import Comparison
    from llmstack.review.result import Review


GATES = ("error", "warning", "never")


def _address(text: str) -> str:
    """An address that can stand in a link as it is."""
    if not re.fullmatch(r"https?://[\w.~:/?#@!$&+,;=%-]+", text, re.ASCII):
        raise BadParameter(f"{text!r} is no address of the form https://….")
    return text


Before = Annotated[
    str | None,
    Option(
        "--before",
        metavar="FILE|DIR",
        help="Objects before the change that llmstack did not make: a file, a folder that is built, `-` for stdin.",
    ),
]
After = Annotated[
    str | None, Option("--after", metavar="FILE|DIR", help="Objects after the change, given as those before.")
]
GitopsFile = Annotated[
    str | None,
    Option(
        "--gitops",
        metavar="FILE",
        help="A file with the section `gitops` for streams of objects: capacity, loadTimes, acknowledge, checks.",
    ),
]
OneEnvironment = Annotated[
    str | None,
    Option(
        "--env",
        metavar="NAME",
        help="Tell of this environment alone. With --before: the one that takes over what runs, else its release's.",
        autocompletion=completion.environments,
    ),
]
Generate = Annotated[
    bool,
    Option(
        "--generate",
        help="Review what `gen` would write at TO, instead of what is there: for bots that change values alone.",
    ),
]
HowReviewed = Annotated[str, opt.one_of(REVIEW_FORMATS, "How the review is printed.")]
RulesFrom = Annotated[
    str | None,
    Option(
        "--rules-from",
        metavar="REV",
        help="Go by the capacity, the acknowledgements and the facts of this revision (FROM: those before the change); "
        "else by those after it.",
        autocompletion=completion.revisions,
    ),
]
PageAddress = Annotated[
    str | None,
    Option("--page", metavar="URL", parser=_address, help="Where the page (`--format html`) is: Markdown links to it."),
]
Gate = Annotated[
    str,
    Option(
        "--fail-on",
        **opt.choices(GATES),
        help="Exit with 1 if an unacknowledged risk has this severity or a worse one.",
    ),
]
ObservedNow = Annotated[
    list[str] | None,
    Option(
        "--observed",
        metavar="[CLUSTER=]FILE",
        help="What kubectl says of the cluster now, in JSON: the review starts from that. `-` reads stdin.",
    ),
]


def diff(
    before: opt.From = None,
    after: opt.To = None,
    old_objects: Before = None,
    new_objects: After = None,
    gitops: GitopsFile = None,
    env: OneEnvironment = None,
    format: HowReviewed = "text",
    rules_from: RulesFrom = None,
    page: PageAddress = None,
    exit_code: opt.ExitCode = False,
    fail_on: Gate = "never",
    generate: Generate = False,
    observed: ObservedNow = None,
) -> None:
    """Review a change: restarts, GPUs, time, risks.

    Compares the generated trees as they stand at two Git revisions; with `--before` and `--after` any two streams of
    objects, whoever made them; with `--before` alone what runs with the working tree. Exits with 0 whatever the risks
    are, unless `--fail-on` or `--exit-code` is given: both go by what is told.
    """
    sides = Sides(before, old_objects, new_objects, gitops, env, generate, tuple(observed or ()), rules_from)
    review = review_revisions(sides, after) if sides.are_revisions else review_objects(sides)
    text = render_review(review, format, colour=wants_colour(sys.stdout), page=page)
    output.write(sys.stdout, text, format)
    if review.fails(fail_on):
        raise typer.Exit(Exit.ERRORS)
    if exit_code and any(each.objects or each.removed for each in review.environments.values()):
        raise typer.Exit(Exit.DIFFERS)


def review_revisions(sides: Sides, after: str | None) -> Review:
    """The review of two revisions of the repository."""
    from datetime import UTC, datetime

    from llmstack.repository.comparison import begin_affected

    comparison = open_revisions(sides, after)
    if sides.generate:
        from llmstack.repository.generated import as_generated

        comparison = as_generated(comparison)
    if sides.observed:
        from llmstack.repository.reviewed import observed

        comparison, findings = observed(comparison, sides.observed)
        output.report_beside(findings, notes=frozenset(("kept-facts",)))
    affected = begin_affected(comparison)
    from llmstack.repository.reviewed import make_review  # which takes as long to load

    step, today = LINE.counting("reviewed"), datetime.now(UTC).date()
    name = find_environment(comparison, sides.env) if sides.env is not None else None
    review = make_review(comparison, affected, today=today, tool_folder=output.tool_folder(), step=step)
    return review.narrowed(name) if name is not None else review


def open_revisions(sides: Sides, after: str | None) -> Comparison:
    """The two revisions; raises GitError where one is none, and UsageError where it is the name of an environment."""
    from llmstack.errors import UsageError
    from llmstack.git.process import GitError
    from llmstack.repository.comparison import open_comparison

    project = output.find_project(None)
    try:
        return open_comparison(project.root, sides.revision, after, sides.rules_from)
    except GitError as error:
        from llmstack.repository.environments import list_environments

        name = sides.revision
        if name not in {each.name for each in list_environments(project.disk)}:
            raise
        raise UsageError(f"{error}; `llmstack diff --env {name}` tells of the environment") from error


def find_environment(comparison: Comparison, meant: str) -> str:
    """The name of the environment that `--env` means, by its name or its values file; raises UsageError where neither
    side has one of that name."""
    from llmstack.errors import UsageError
    from llmstack.repository.environments import list_environments

    both = [each for side in (comparison.before, comparison.after) for each in list_environments(side)]
    for each in both:
        if meant in (each.name, each.label):
            return each.name
    known = ", ".join(sorted({each.name for each in both}))
    raise UsageError(f"`{meant}` is no environment of either side ({known})")


class Sides(Struct, frozen=True):
    """The options that say what is compared, as they were given."""

    revision: str | None
    before: str | None
    after: str | None
    gitops: str | None
    env: str | None
    generate: bool
    observed: tuple[str, ...]
    rules_from: str | None

    @property
    def are_revisions(self) -> bool:
        return (self.before, self.after, self.gitops) == (None, None, None)

    def check(self) -> str:
        """The side before; raises UsageError where the options do not go together."""
        from llmstack.errors import UsageError

        for is_wrong, words in (
            (self.before is None, "a review of streams has two sides: give --before and --after"),
            (
                self.revision is not None,
                "revisions and streams do not go together: give FROM and TO, or --before and --after",
            ),
            (self.generate, "--generate is for revisions: nothing generates what streams hold"),
            (
                self.rules_from is not None,
                "--rules-from is for revisions: streams have their rules in the file of --gitops",
            ),
            (bool(self.observed), "--observed is for revisions: `--before` reads the objects that kubectl prints"),
            (
                self.before == self.after == "-",
                "stdin is one stream: only one of --before and --after can be `-`",
            ),
            (
                self.after is not None and self.env is not None,
                "--env names an environment of the repository: two streams are none's",
            ),
            (
                self.after is None and self.gitops is not None,
                "--gitops is for two streams: with --before alone the values say it",
            ),
        ):
            if is_wrong:
                raise UsageError(words)
        assert self.before is not None
        return self.before


def review_objects(sides: Sides) -> Review:
    """The review of two streams, or of what runs with the working tree."""
    from datetime import UTC, datetime

    from llmstack.repository.stream_review import review_streams
    from llmstack.repository.stream_terms import Terms, read_terms
    from llmstack.repository.streams import read_objects
    from llmstack.repository.takeover import review_takeover

    today, tools = datetime.now(UTC).date(), output.tool_folder()
    before = read_objects(sides.check(), tools)
    if sides.after is None:
        names = [sides.env] if sides.env is not None else None
        return review_takeover(output.find_project(names), before, sides.env, today=today, tool_folder=tools)
    terms = read_terms(sides.gitops) if sides.gitops is not None else Terms()
    beside = output.find_project(None).disk
    return review_streams(before, read_objects(sides.after, tools), terms, today=today, beside=beside)
