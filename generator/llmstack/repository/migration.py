"""One values file of a repository, or one from outside, migrated and checked as it then is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from llmstack.checks import settle
from llmstack.checks.rules import plaintext_secret
from llmstack.checks.subject import Subject
from llmstack.disk.error import ChangedMeanwhileError
from llmstack.disk.replace import replace_file
from llmstack.errors import RefusedError, UsageError
from llmstack.finding import Finding, sort_findings
from llmstack.migrate import Migration, migrate
from llmstack.model.reading import read_stack
from llmstack.repository.environments import BASE, Environment, find_base, name_findings, read_base, read_file
from llmstack.repository.project import Project
from llmstack.repository.read import Reading, check
from llmstack.values.source import Source

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True)
class Migrated:
    """A file's migration, with the findings on the values as they are after it."""

    environment: Environment
    file: Path
    migration: Migration
    findings: list[Finding]


def migrate_file(project: Project, name: str, env: str | None) -> Migrated:
    """Migrate the file that a name on the command line means; values/base.yaml is one file here.

    Writes nothing. Raises UsageError when the name means no file, or several.
    """
    environment = _find_file(project, name, env)
    below = read_base(project.disk) if environment.layered else None
    migration = migrate(read_file(project.disk, environment.path, environment.label), below)
    findings = _check(environment, migration.after, below)
    return Migrated(
        environment, project.root / environment.path, migration, sort_findings([*findings, *migration.findings])
    )


def write_file(migrated: Migrated) -> None:
    """Write the migrated text, with the mode and the byte order mark that the file has.

    Raises RefusedError for a symbolic link, DiskError when the file has changed since or the disk refuses.
    """
    file, migration = migrated.file, migrated.migration
    if file.is_symlink():
        raise RefusedError([f"{file} is a symbolic link, which is not written through: name the file it leads to"])
    before = migration.before.text.encode()
    if before == migration.after.text.encode():
        return
    held = file.read_bytes()
    mark = _BYTE_ORDER_MARK if held.startswith(_BYTE_ORDER_MARK) else b""
    if held != mark + before:
        raise ChangedMeanwhileError(str(file), "changed during the run and was not written", "run again")
    replace_file(file, held, mark + migration.after.text.encode())


def _find_file(project: Project, name: str, env: str | None) -> Environment:
    base = find_base(project.disk)
    if base is not None and project.means_all([name]):
        if env is not None:
            raise UsageError(f"--env {env} is for a file outside values/; `{name}` is under every environment")
        return Environment(BASE, base, base, layered=False)
    return project.select_one(name, env=env)


def _check(environment: Environment, source: Source, below: Source | None) -> list[Finding]:
    """The findings of `lint`; on values/base.yaml, which is no environment, those of reading and on its secrets.

    The name of a file outside values/ is not held against it: it is not an environment yet.
    """
    layers, stack, found = read_stack([*([below] if below is not None else []), source])
    subject = Subject(environment.name, stack.named(environment.name), layers, {}) if stack is not None else None
    if environment.name == BASE:
        secrets = plaintext_secret.run(subject) if subject is not None else ()
        return list(settle([*found, *secrets], layers, {}))
    named = name_findings([environment]) if environment.layered else ()
    return check([Reading(environment, layers, subject, (*named, *found))])
