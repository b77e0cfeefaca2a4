"""`llmstack migrate`: a values file in today's words and without secrets."""

from __future__ import annotations

import sys

import typer

from llmstack.commands import options as opt
from llmstack.commands import output


def migrate(
    values: opt.OneValues,
    env: opt.EnvName = None,
    release: opt.Release = None,
    namespace: opt.Namespace = None,
    keep_defaults: opt.KeepDefaults = False,
    write: opt.Write = False,
) -> None:
    """Rewrite old spellings and plain-text secrets of values.

    Comments, order and blank lines stay; secrets become references, keys that the chart ignored comments. Of a
    HelmRelease, an Application or a parent chart's values it makes values/<env>.yaml.
    """
    from llmstack.migrate import Wanted
    from llmstack.report.migration import show_migration
    from llmstack.repository.migration import NOTES, UNNAMED, migrate_file, write_file

    project = output.find_project([values])
    migrated = migrate_file(project, values, env, Wanted(release, namespace, keep_defaults))
    if sys.stdin.isatty() and sys.stderr.isatty() and any(finding.id == UNNAMED for finding in migrated.findings):
        release = ask("Helm release that these values are of (empty for none)")
        namespace = namespace or (release and ask("Its namespace"))
        migrated = migrate_file(project, values, env, Wanted(release, namespace, keep_defaults))
    if write:
        write_file(migrated)
    sys.stdout.write(show_migration(migrated.migration, migrated.environment.name))
    if not write and migrated.migration.before.text != migrated.migration.after.text:
        sys.stderr.write("llmstack: nothing is written yet: `--write` makes this change\n")
    output.report_beside(migrated.findings, notes=NOTES)


def ask(what: str) -> str | None:
    """What somebody at the terminal answers; None for an empty line."""
    answer: str = typer.prompt(what, default="", show_default=False, err=True)
    return answer.strip() or None
