"""One values file of a repository, or one from outside, migrated and checked as it then is."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct
from msgspec.structs import replace

from llmstack.checks import settle
from llmstack.checks.rules import plaintext_secret
from llmstack.checks.subject import Subject
from llmstack.disk.error import ChangedMeanwhileError
from llmstack.disk.replace import create_file, replace_file
from llmstack.errors import FoundError, RefusedError, UsageError
from llmstack.finding import Finding, Place, Severity, sort_findings
from llmstack.migrate import Migration, Wanted, migrate
from llmstack.model.reading import read_stack
from llmstack.repository.environments import BASE, Environment, find_base, name_findings, read_base, read_file
from llmstack.repository.intended import refuse_another
from llmstack.repository.project import Project
from llmstack.repository.read import Reading, check
from llmstack.repository.root import VALUES
from llmstack.values.holding import Wrapped
from llmstack.values.layers import merge_layers
from llmstack.values.nodes import Source
from llmstack.values.source import read_document, read_source
from llmstack.values.wrapped import unwrap

UNNAMED = "release-unnamed"
NOTES = frozenset(("default-differs", "chart-ignored", UNNAMED))
"""What is told of a file beside its errors and warnings: how llmstack differs from the chart that it is of."""

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


class Migrated(Struct, frozen=True):
    """A file's migration, with the findings on the values as they are after it."""

    environment: Environment
    file: Path
    migration: Migration
    findings: list[Finding]
    is_new: bool = False
    """The file is made of values that another one wraps."""


def migrate_file(project: Project, name: str, env: str | None, wanted: Wanted | None = None) -> Migrated:
    """Migrate the file that a name on the command line means; values/base.yaml is one file here.

    Of values that a file wraps (a HelmRelease, an Application, a parent chart's values) it makes values/<env>.yaml.
    Writes nothing. Raises UsageError when the name means no file, or several.
    """
    environment, wanted = _find_file(project, name, env), wanted or Wanted()
    source = read_file(project.disk, environment.path, environment.label)
    wrapped = _unwrapped(source)
    if wrapped is not None:
        return _migrate_wrapped(project, environment, wrapped, env, wanted)
    below = read_base(project.disk) if environment.layered else None
    migration = migrate(source, below, wanted)
    return _checked(environment, project.root / environment.path, migration, below)


def import_file(project: Project, name: str, env: str, wanted: Wanted, head: str = "") -> Migrated:
    """Make values/<env>.yaml of a file from elsewhere, as `migrate_file` does of one that wraps values.

    `head` are the lines that go before the file's own. Writes nothing. Raises UsageError when there is no such file,
    FoundError where it cannot be read, or a secret in plain text would be left.
    """
    if not Path(name).is_file():
        raise UsageError(f"there is no file {name}")
    environment = project.select_one(name, env=env)
    source = read_file(project.disk, environment.path, environment.label)
    wrapped = _unwrapped(source)
    if wrapped is None and source.root is None and source.findings:
        raise FoundError(source.findings)
    held = wrapped or Wrapped("values", "in it", source.text)
    migrated = _migrate_wrapped(project, environment, replace(held, text=head + (held.text or "")), env, wanted)
    secrets = [finding for finding in migrated.findings if finding.id == plaintext_secret.RULE.id]
    if secrets:
        raise FoundError(secrets)
    return migrated


def _unwrapped(source: Source) -> Wrapped | None:
    """What the file wraps, if it holds that; a file whose values stand elsewhere is a finding of its own."""
    if not any(finding.id == "wrapped-values" for finding in source.findings):
        return None
    wrapped = unwrap(source.text, lambda text: read_document(source.path, text.encode()))
    return wrapped if wrapped is not None and wrapped.text is not None else None


def _migrate_wrapped(
    project: Project, environment: Environment, wrapped: Wrapped, env: str | None, wanted: Wanted
) -> Migrated:
    """The values of a release as a new environment, named by `--env`, else by the release, else by the file."""
    release = wanted.release or wrapped.release
    name = env or release or environment.name
    path = f"{VALUES}/{name}.yaml"
    new = Environment(name, path, path)
    whole = replace(wanted, release=release, namespace=wanted.namespace or wrapped.namespace)
    below = read_base(project.disk)
    migration = migrate(read_source(path, (wrapped.text or "").encode()), below, whole)
    beside = [_beside(environment, wrapped.beside)] if wrapped.beside else []
    made = replace(migration, before=Source(path, "", None))
    migrated = _checked(new, project.root / path, made, below)
    return replace(migrated, findings=[*beside, *migrated.findings], is_new=True)


def _beside(environment: Environment, places: tuple[str, ...]) -> Finding:
    *others, last = (f"`{place}`" for place in places)
    listed, verbs = (f"{', '.join(others)} and {last}", "say more, and are") if others else (last, "says more, and is")
    help = "carry over by hand what of it is meant for this chart"
    if any(place.endswith("postRenderers") for place in places):
        help += "; patches of a postRenderer belong into custom/<env>/<unit>/"
    return Finding(
        "wrapped-values", Severity.WARNING, f"{listed} {verbs} left out", place=Place(environment.label), help=help
    )


def _checked(environment: Environment, file: Path, migration: Migration, below: Source | None) -> Migrated:
    gc.collect()  # what migrate read refers to itself, and of a megabyte is 200 MiB
    findings = [*_check(environment, migration.after, below), *migration.findings, *migration.notes]
    return Migrated(environment, file, migration, sort_findings([*findings, *_unnamed(environment, migration)]))


def _unnamed(environment: Environment, migration: Migration) -> Iterator[Finding]:
    """A note where nothing says which Helm release the values are of: objects are then named `llmstack-…`."""
    held = merge_layers([migration.after], {}).data.get("gitops")
    if environment.name != BASE and not (isinstance(held, dict) and held.get("release")):
        message = "nothing says which Helm release these values are of: objects are named `llmstack-…`"
        help = "where one runs, give `--release NAME --namespace NAME` (`helm list -A` shows them)"
        yield Finding(UNNAMED, Severity.NOTE, message, place=Place(environment.label), help=help)


def write_file(migrated: Migrated) -> None:
    """Write the migrated text, with the mode and the byte order mark that the file has.

    Raises RefusedError for a symbolic link and for values of another llmstack, DiskError when the file has changed
    since or the disk refuses.
    """
    if migrated.is_new:
        refuse_another([merge_layers([migrated.migration.before], {})])
        create_file(migrated.file, migrated.migration.after.text.encode())
        return
    before, after = read_sides(migrated)
    if before != after:
        replace_file(migrated.file, before, after)


def read_sides(migrated: Migrated) -> tuple[bytes, bytes]:
    """What the file holds, and what it shall hold, both with its byte order mark. Raises as `write_file` does."""
    file, migration = migrated.file, migrated.migration
    refuse_another([merge_layers([migration.before], {})])
    if file.is_symlink():
        raise RefusedError([f"{file} is a symbolic link, which is not written through: name the file it leads to"])
    before = migration.before.text.encode()
    held = file.read_bytes()
    mark = _BYTE_ORDER_MARK if held.startswith(_BYTE_ORDER_MARK) else b""
    if held != mark + before:
        raise ChangedMeanwhileError(str(file), "changed during the run and was not written", "run again")
    return held, mark + migration.after.text.encode()


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
