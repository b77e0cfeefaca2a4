"""`llmstack gen`: the tree, written from the values."""

from __future__ import annotations

import sys

import typer

from llmstack.commands import options as opt
from llmstack.commands import output
from llmstack.commands.exits import Exit


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
    from llmstack.report.changes import show_changes, show_stale
    from llmstack.repository.generation import generate, write

    project = output.find_project(values)
    generation = generate(project, values or [], force=force, prune=prune_env or [], only=only, filters=not check)
    output.report_beside(generation.findings)
    assert generation.plan is not None
    if check:
        sys.stdout.write(show_stale(generation.plan))
        if not generation.plan.is_empty:
            raise typer.Exit(Exit.DIFFERS)
        output.say(f"{', '.join(generation.environments)}: the tree is what the values generate")
        return
    write(project, generation.plan)
    sys.stdout.write(show_changes(generation.plan, generation.environments))
