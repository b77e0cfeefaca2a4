"""`llmstack init`: a new repository."""

from __future__ import annotations

import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated

from typer import Argument, Option

from llmstack.commands import options as opt
from llmstack.commands import output


class Forge(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"


Imported = Annotated[
    str | None,
    Option(
        "--from",
        metavar="FILE",
        help="Values of the chart, or a HelmRelease, Application or parent chart with them, in the example's place.",
    ),
]
ImportedName = Annotated[
    str, Option("--env", metavar="NAME", help="With --from: the environment that these values are of.")
]
SyncTool = Annotated[
    str | None,
    Option("--sync", **opt.choices(("flux", "argo")), help="What is to follow the repository: writes gitops.sync."),
]
Ci = Annotated[Forge, Option("--ci", help="The forge whose CI checks and reviews each change.")]
NewFolder = Annotated[
    Path,
    Argument(metavar="DIR", show_default=False, help="Folder of the new repository; created if it does not exist."),
]


def init(
    directory: NewFolder = Path(),
    from_: Imported = None,
    env: ImportedName = "prod",
    release: opt.Release = None,
    namespace: opt.Namespace = None,
    keep_defaults: opt.KeepDefaults = False,
    sync: SyncTool = None,
    ci: Ci = Forge.GITHUB,
) -> None:
    """Write a new repository: values, workflow, tools, README.

    Its values are an example, or those of a file, rewritten as `migrate` does. A README.md, .gitignore or
    .gitattributes that is there is kept; when any other of its files is, none is written. requirements.txt pins the
    llmstack that runs, as its installation recorded it.
    """
    from llmstack.commands.init.imported import import_values, values_files
    from llmstack.commands.init.installation import pin_running
    from llmstack.commands.init.new_repository import Wanted, find_place, make_repository, next_commands, warnings
    from llmstack.commands.init.sync import Sync, find_address, find_branch
    from llmstack.migrate import Wanted as MigrateWanted
    from llmstack.report.migration import show_secrets
    from llmstack.repository.migration import NOTES

    root = (output.Options.directory or Path()) / directory
    repository, within = find_place(root)
    told = Sync(sync, find_address(repository), within, find_branch(repository)) if sync is not None else None
    named = MigrateWanted(release, namespace, keep_defaults)
    taken = import_values(root, from_, env, named) if from_ is not None else None
    values = values_files(taken, shared=told is not None) if taken is not None else None
    wanted = Wanted(pin_running(), ci, within, values, told)
    made = make_repository(root, wanted)
    print(f"wrote {len(made.written)} files:", *(f"  {path}" for path in made.written), sep="\n")
    for line in warnings(root, made.kept, wanted):
        sys.stderr.write(f"llmstack: {line}\n")
    findings = taken.findings if taken is not None else []
    output.report(output.beside(findings, NOTES))
    if taken is not None:
        sys.stdout.write("".join(show_secrets(taken.migration, env)))
    print("next:", *(f"  {command}" for command in next_commands(root)), sep="\n")
    output.exit_for(findings)
