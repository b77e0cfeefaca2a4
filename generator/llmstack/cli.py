"""The command line: options → app → report → exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmstack import __version__
from llmstack.ending import Exit, run
from llmstack.options import (
    AffectedFormat,
    EnvName,
    FailOn,
    FindingFormat,
    Format,
    From,
    OneValues,
    ReviewFormat,
    Strict,
    To,
    Values,
)

if TYPE_CHECKING:
    from llmstack.finding import Finding
    from llmstack.project import Project

cli = typer.Typer(
    name="llmstack",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Serve LLMs with vLLM on Kubernetes: Kustomize overlays from Helm values, and what a change will do.",
)


class _State:
    """Options before the command."""

    directory: Path | None = None


def _show_version(value: bool) -> None:
    if value:
        print(f"llmstack {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    directory: Annotated[
        Path | None,
        typer.Option("-C", metavar="DIR", help="Root of the repository; else the parent of values/."),
    ] = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""
    _State.directory = directory


def _project(names: list[str] | None) -> Project:
    from llmstack.project import find_project

    return find_project(names or [], _State.directory)


def _report(findings: list[Finding], *, format: str = "text", result: bool = False) -> None:
    """Print findings: on stdout where they are the result, else on stderr."""
    from llmstack.report.formats import render_findings

    stream = sys.stdout if result else sys.stderr
    colour = stream.isatty() and "NO_COLOR" not in os.environ
    stream.write(render_findings(findings, format, colour=colour))


def _exit_for(findings: list[Finding], *, strict: bool = False) -> None:
    from llmstack.finding import Severity, tally

    counts = tally(findings)
    if counts[Severity.ERROR] or (strict and counts[Severity.WARNING]):
        raise typer.Exit(Exit.ERRORS)


@cli.command()
def gen(
    values: Values = None,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; show what is stale, and exit with 3.")] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="MODEL", help="Write the units of one model alone.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite generated files that were edited by hand.")] = False,
    prune_env: Annotated[
        list[str] | None,
        typer.Option("--prune-env", metavar="NAME", help="Remove an environment whose values file is gone."),
    ] = None,
) -> None:
    """Write base/, overlays/<env>/ and clusters/<cluster>/<env>/."""
    from llmstack import app
    from llmstack.finding import Severity
    from llmstack.report.changes import show_changes, show_stale

    project = _project(values)
    result = app.generate(project, values or [], force=force, prune=prune_env or [], only=only)
    _report([finding for finding in result.findings if finding.severity is not Severity.NOTE])
    _exit_for(result.findings)
    assert result.plan is not None
    if check:
        sys.stdout.write(show_stale(result.plan))
        raise typer.Exit(Exit.CLEAN if result.plan.is_empty else Exit.DIFFERS)
    app.write(project, result.plan)
    sys.stdout.write(show_changes(result.plan, result.environments))


@cli.command()
def render(values: OneValues, env: EnvName = None) -> None:
    """Print all objects of one environment as a YAML stream."""
    from llmstack import app
    from llmstack.finding import Severity

    project = _project([values])
    (environment,) = _one(project, values, env)
    findings, text = app.render(project, environment)
    _report([finding for finding in findings if finding.severity is not Severity.NOTE])
    _exit_for(findings)
    sys.stdout.write(text or "")


def _one(project: Project, values: str, env: str | None) -> list:  # type: ignore[type-arg]
    from llmstack.errors import UsageError

    selected = project.select([values], outside=True, env=env)
    if len(selected) != 1:
        raise UsageError(f"`{values}` means {len(selected)} environments: name one")
    return selected


@cli.command()
def lint(
    values: Values = None, env: EnvName = None, format: Format = FindingFormat.TEXT, strict: Strict = False
) -> None:
    """Print the findings on values alone."""
    from llmstack import app

    project = _project(values)
    findings = app.lint(project, project.select(values or [], outside=True, env=env))
    _report(findings, format=format, result=True)
    _exit_for(findings, strict=strict)


@cli.command()
def validate(values: Values = None, format: Format = FindingFormat.TEXT, strict: Strict = False) -> None:
    """Build every unit with kustomize and validate what comes out."""
    from llmstack import app

    project = _project(values)
    findings = app.validate(project, project.select(values or []), _tool_folder())
    _report(findings, format=format, result=True)
    _exit_for(findings, strict=strict)


@cli.command()
def diff(
    before: From = None,
    after: To = None,
    format: Annotated[ReviewFormat, typer.Option("--format", help="How the review is printed.")] = ReviewFormat.TEXT,
    exit_code: Annotated[bool, typer.Option("--exit-code", help="Exit with 3 when something changes.")] = False,
    fail_on: Annotated[
        FailOn,
        typer.Option("--fail-on", help="Exit with 1 on a risk of this severity that nobody acknowledged."),
    ] = FailOn.NEVER,
) -> None:
    """Say what a change does: restarts, GPUs, time, risks."""
    from datetime import date

    from llmstack.report.review_formats import render_review
    from llmstack.reviewing import fails, make_review
    from llmstack.revisions import open_comparison

    comparison = open_comparison(_project(None).root, before, after)
    review = make_review(comparison, today=date.today(), tool_folder=_tool_folder())
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    sys.stdout.write(render_review(review, format, colour=colour))
    if fails(review, fail_on):
        raise typer.Exit(Exit.ERRORS)
    if exit_code and any(environment.objects for environment in review.environments.values()):
        raise typer.Exit(Exit.DIFFERS)


@cli.command()
def affected(
    before: From = None,
    after: To = None,
    format: Annotated[
        AffectedFormat, typer.Option("--format", help="How the units are printed.")
    ] = AffectedFormat.TEXT,
) -> None:
    """Print the units whose build may differ between two revisions."""
    import json

    from llmstack.reviewing import find_affected
    from llmstack.revisions import open_comparison

    units = find_affected(open_comparison(_project(None).root, before, after))
    if format is AffectedFormat.JSON:
        print(json.dumps({"envs": units}, indent=2))
        return
    sys.stdout.write("".join(f"{name}/{unit}\n" for name, names in units.items() for unit in names))


def _tool_folder() -> Path | None:
    tools = os.environ.get("LLMSTACK_TOOLS")
    return Path(tools) if tools else None


@cli.command()
def migrate(
    values: OneValues,
    env: EnvName = None,
    write: Annotated[
        bool, typer.Option("--write", help="Rewrite the file; otherwise the change is only shown.")
    ] = False,
) -> None:
    """Rewrite a values file in today's words, with references for secrets, and keep its comments."""
    from llmstack import migrating
    from llmstack.finding import Severity
    from llmstack.report.migration import show_migration

    migrated = migrating.migrate_file(_project([values]), values, env)
    if write:
        migrating.write_file(migrated)
    sys.stdout.write(show_migration(migrated.migration, migrated.environment.name))
    _report([finding for finding in migrated.findings if finding.severity is not Severity.NOTE])
    _exit_for(migrated.findings)


@cli.command()
def explain(
    key: Annotated[str, typer.Argument(metavar="KEY", help="A key, or any part of its path.")],
) -> None:
    """Print what a key does, found by any part of its path."""
    from llmstack.docs.explain import explain_key
    from llmstack.errors import UsageError

    text = explain_key(key)
    if text is None:
        raise UsageError(f"no key of the values has `{key}` in its path; docs/values.md lists them all")
    sys.stdout.write(text)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of a values file, for editors."""
    from llmstack.docs.schema import schema_text

    sys.stdout.write(schema_text())


@cli.command()
def init(
    directory: Annotated[
        Path, typer.Argument(metavar="DIR", show_default=False, help="Its folder; made if it is not there.")
    ] = Path(),
) -> None:
    """Write a new repository: values, workflow, tools, README."""
    from llmstack.init import make_repository, next_commands

    root = (_State.directory or Path()) / directory
    written = make_repository(root)
    print(f"wrote {len(written)} files:", *(f"  {path}" for path in written), sep="\n")
    print("next:", *(f"  {command}" for command in next_commands(root)), sep="\n")


def main() -> None:
    """Run the program and end with its exit code."""
    import gc

    gc.disable()  # a run is short, and most of what it makes lives to its end
    sys.exit(run(lambda: cli(prog_name="llmstack", standalone_mode=False)))


if __name__ == "__main__":
    main()
