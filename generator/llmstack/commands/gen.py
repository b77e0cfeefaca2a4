"""`llmstack gen`: the tree, written from the values."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer
from typer import Option

from llmstack.commands import completion, output
from llmstack.commands import options as opt
from llmstack.commands.exits import Exit
from llmstack.commands.running import LINE

if TYPE_CHECKING:
    from llmstack.disk.clean import CleanRecord, Said
    from llmstack.disk.plan import WritePlan
    from llmstack.repository.generation import Generation

Check = Annotated[bool, Option("--check", help="Write nothing; show what is stale, and exit with 3 if anything is.")]
Only = Annotated[
    str | None,
    Option("--only", metavar="MODEL", help="Write only the units of this model.", autocompletion=completion.models),
]
Force = Annotated[bool, Option("--force", help="Overwrite generated files that were edited by hand.")]
NoCache = Annotated[
    bool,
    Option("--no-cache", help="Look at everything anew, whatever an earlier run found to be in order; for CI."),
]
PruneEnv = Annotated[
    list[str] | None,
    Option(
        "--prune-env",
        metavar="NAME",
        help="Remove an environment whose values file is gone.",
        autocompletion=completion.gone,
    ),
]


def gen(
    values: opt.Values = None,
    check: Check = False,
    only: Only = None,
    force: Force = False,
    prune_env: PruneEnv = None,
    no_cache: NoCache = False,
) -> None:
    """Write base/, overlays/<env>/ and clusters/<cluster>/<env>/.

    Ends with a line for each unit that changed. A run that changes base/ generates every environment again; errors in
    one of them, and nothing is written. Files of others, and hand edits that are not committed, are never overwritten.
    """
    record = None if no_cache or only or force or prune_env else _record(values or [])
    known = record.recall() if record is not None else None
    if known is not None:
        output.repeat(known.plain, known.coloured)
        _say_clean(known.environments, check=check)
        return
    from llmstack.repository import settled
    from llmstack.repository.generation import generate, write

    project = output.find_project(values)
    generation = generate(
        project,
        values or [],
        force=force,
        prune=prune_env or [],
        only=only,
        filters=not check,
        remembered=settled.recall(record) if record is not None and not values else None,
        step=LINE.counting("checked"),
    )
    output.report_beside(generation.findings)
    assert generation.plan is not None
    if generation.plan.is_empty and not generation.plan.empty_folders:
        if record is not None:
            kept = settled.to_keep(generation.settled) if not values else None
            record.keep(_said(generation), project.disk.read_paths, kept)
        _say_clean(generation.environments, check=check)
    elif check:
        _show_stale(generation.plan)
    else:
        from llmstack.report.changes import show_changes

        write(project, generation.plan)
        sys.stdout.write(show_changes(generation.plan, generation.environments))


def _record(names: list[str]) -> CleanRecord:
    from llmstack.disk.clean import open_record
    from llmstack.repository.root import find_root

    root, _ = find_root(names, output.Options.directory)
    return open_record(output.cache_folder("clean"), root, names)


def _said(generation: Generation) -> Said:
    from llmstack.disk.clean import Said

    plain, coloured = (output.words_beside(generation.findings, colour=colour) for colour in (False, True))
    return Said(generation.environments, plain, coloured)


def _say_clean(environments: tuple[str, ...], *, check: bool) -> None:
    if check:
        output.say(f"{', '.join(environments)}: the tree is what the values generate")
    else:
        from llmstack.report.changes import nothing_to_do

        sys.stdout.write(nothing_to_do(environments))


def _show_stale(plan: WritePlan) -> None:
    """Show what is stale, and end with the exit code that says so."""
    from llmstack.report.changes import show_stale

    sys.stdout.write(show_stale(plan))
    raise typer.Exit(Exit.DIFFERS)
