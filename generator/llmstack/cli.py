"""The command line: options → app → report → exit code."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from llmstack import __version__
from llmstack.commands import options as opt
from llmstack.commands import output as shared
from llmstack.commands.exits import Exit, run
from llmstack.commands.secret import secret

if TYPE_CHECKING:
    from llmstack.repository.project import Project

cli = typer.Typer(
    name="llmstack",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Serve LLMs with vLLM on Kubernetes: Kustomize overlays from Helm values, and what a change will do.",
)
cli.add_typer(secret, name="secret")


def _show_version(value: bool) -> None:
    if value:
        print(f"llmstack {__version__}")
        raise typer.Exit


@cli.callback()
def options(
    directory: opt.Directory = None,
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Options before the command."""
    shared.Options.directory = directory


@cli.command()
def gen(
    values: opt.Values = None,
    check: opt.Check = False,
    only: opt.Only = None,
    force: opt.Force = False,
    prune_env: opt.PruneEnv = None,
) -> None:
    """Write base/, overlays/<env>/ and clusters/<cluster>/<env>/.

    Ends with a line for each unit that changed. A run that changes base/ generates every environment again; errors in
    one of them, and nothing is written. Files of others, and hand edits that are not committed, are never overwritten.
    """
    from llmstack import app
    from llmstack.report.changes import show_changes, show_stale

    project = shared.find_project(values)
    result = app.generate(project, values or [], force=force, prune=prune_env or [], only=only)
    shared.talk(result.findings)
    assert result.plan is not None
    if check:
        sys.stdout.write(show_stale(result.plan))
        raise typer.Exit(Exit.CLEAN if result.plan.is_empty else Exit.DIFFERS)
    app.write(project, result.plan)
    sys.stdout.write(show_changes(result.plan, result.environments))


@cli.command()
def render(values: opt.OneValues, env: opt.EnvName = None) -> None:
    """Print all objects of one environment as a YAML stream.

    They are what its overlays build to, computed in memory; overlays in custom/ are not read.
    """
    from llmstack import app

    project = shared.find_project([values])
    environment = shared.one_environment(project, values, env)
    findings, text = app.render(project, environment)
    shared.talk(findings)
    sys.stdout.write(text or "")


@cli.command()
def lint(
    values: opt.Values = None,
    env: opt.EnvName = None,
    format: opt.Format = "text",
    strict: opt.Strict = False,
) -> None:
    """Print the findings on values alone.

    A file outside values/ is linted too, without values/base.yaml under it.
    """
    from llmstack import app

    project = shared.find_project(values)
    findings = app.lint(project, project.select(values or [], outside=True, env=env))
    shared.report(findings, format=format, result=True)
    shared.exit_for(findings, strict=strict)


@cli.command()
def validate(
    values: opt.Values = None,
    since: opt.Since = None,
    format: opt.Format = "text",
    strict: opt.Strict = False,
) -> None:
    """Build every unit with kustomize and validate what comes out.

    The objects are held against the schemas of the environment's Kubernetes version with kubeconform. Includes what
    `lint` finds.
    """
    from llmstack import app
    from llmstack.progress import show_progress

    project = shared.find_project(values)
    units = _affected(project, since, None) if since else None
    with show_progress(sys.stderr, "built") as step:
        findings = app.validate(project, project.select(values or []), shared.tool_folder(), units=units, step=step)
    shared.report(findings, format=format, result=True)
    shared.exit_for(findings, strict=strict)


@cli.command()
def diff(
    before: opt.From = None,
    after: opt.To = None,
    format: opt.HowReviewed = "text",
    exit_code: opt.ExitCode = False,
    fail_on: opt.Gate = opt.FailOn.NEVER,
) -> None:
    """Review a change: restarts, GPUs, time, risks.

    Compares the generated trees as they stand at two Git revisions. Exits with 0 whatever the risks are, unless
    `--fail-on` or `--exit-code` is given.
    """
    from datetime import date

    from llmstack.commands.comparison import fails, make_review
    from llmstack.report.review_formats import render_review
    from llmstack.repository.snapshot import open_comparison

    comparison = open_comparison(shared.find_project(None).root, before, after)
    review = make_review(comparison, today=date.today(), tool_folder=shared.tool_folder())
    colour = sys.stdout.isatty() and "NO_COLOR" not in os.environ
    sys.stdout.write(render_review(review, format, colour=colour))
    if fails(review, fail_on):
        raise typer.Exit(Exit.ERRORS)
    if exit_code and any(environment.objects for environment in review.environments.values()):
        raise typer.Exit(Exit.DIFFERS)


@cli.command()
def affected(
    before: opt.From = None,
    after: opt.To = None,
    format: opt.HowListed = opt.AffectedFormat.TEXT,
) -> None:
    """Print the units whose build may differ between two revisions.

    A line for each, as environment/unit.
    """
    import json

    units = _affected(shared.find_project(None), before, after)
    if format is opt.AffectedFormat.JSON:
        print(json.dumps({"envs": units}, indent=2))
        return
    sys.stdout.write("".join(f"{name}/{unit}\n" for name, names in units.items() for unit in names))


def _affected(project: Project, before: str | None, after: str | None) -> dict[str, list[str]]:
    from llmstack.commands.comparison import find_affected
    from llmstack.repository.snapshot import open_comparison

    return find_affected(open_comparison(project.root, before, after))


@cli.command()
def migrate(
    values: opt.OneValues,
    env: opt.EnvName = None,
    write: opt.Write = False,
) -> None:
    """Rewrite old spellings and plain-text secrets of values.

    Comments, order and blank lines stay; secrets become references.
    """
    from llmstack.commands import migrating
    from llmstack.report.migration import show_migration

    migrated = migrating.migrate_file(shared.find_project([values]), values, env)
    if write:
        migrating.write_file(migrated)
    sys.stdout.write(show_migration(migrated.migration, migrated.environment.name))
    shared.talk(migrated.findings)


@cli.command()
def explain(key: opt.Key) -> None:
    """Print what a key does, or what a check or a risk means.

    A key is found by any part of its path, a check or a risk by its id.
    """
    from llmstack.errors import UsageError
    from llmstack.report import explanation

    text = explanation.explain(key)
    if text is None:
        raise UsageError(
            f"`{key}` is no part of a key's path, and no check or risk has this id; "
            "docs/values.md, docs/checks.md and docs/risks.md list them all"
        )
    sys.stdout.write(text)


@cli.command()
def schema() -> None:
    """Print the JSON Schema of a values file, for editors."""
    from llmstack.model.json_schema import schema_text

    sys.stdout.write(schema_text())


@cli.command()
def init(directory: opt.NewFolder = Path()) -> None:
    """Write a new repository: values, workflow, tools, README.

    Overwrites nothing: when one of its files is there already, none is written.
    """
    from llmstack.commands.init import make_repository, next_commands

    root = (shared.Options.directory or Path()) / directory
    written = make_repository(root)
    print(f"wrote {len(written)} files:", *(f"  {path}" for path in written), sep="\n")
    print("next:", *(f"  {command}" for command in next_commands(root)), sep="\n")


def main() -> None:
    """Run the program and end with its exit code."""
    import gc

    gc.disable()  # a run is short, and most of what it makes lives to its end
    code = run(lambda: cli(prog_name="llmstack", standalone_mode=False))
    os._exit(code)  # all output is written; to take a large run's data apart would cost a fifth of its time


if __name__ == "__main__":
    main()
