"""`llmstack migrate`: a values file written for the Helm chart, in today's words and without secrets.

It changes the text, not the data: what is not migrated stays as it is, byte for byte. Each phase reads the file
anew, because it finds places that the one before has moved; the whole is repeated until nothing is left to do,
so that a second run does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from msgspec import Struct

from llmstack.finding import Finding, Severity, at_route, show_route
from llmstack.migrate import defaults, refused
from llmstack.migrate.arguments import refer_from_arguments
from llmstack.migrate.documents import FIRST_ALONE, comment_further_documents
from llmstack.migrate.duplicates import comment_duplicates, comment_other_spellings
from llmstack.migrate.foreign import comment_foreign_secrets
from llmstack.migrate.obsolete import list_triggers, remove_dead_keys, remove_dead_variables, turn_on_ray
from llmstack.migrate.references import NewSecret, declare_secrets, name_secrets, refer_in_place
from llmstack.migrate.release import name_release
from llmstack.migrate.spellings import rename_keys, rename_sections
from llmstack.migrate.step import File, Step, Wanted, take_steps
from llmstack.values.nodes import Source

ROUNDS = 5
"""How often the phases are repeated at most: two suffice unless one step stood in the way of another."""


class Migration(Struct, frozen=True):
    """A file before and after. Findings are what could not be migrated, placed in the text after."""

    before: Source
    after: Source
    secrets: tuple[NewSecret, ...] = ()
    findings: tuple[Finding, ...] = ()
    said: tuple[str, ...] = ()
    """What was changed that the difference does not explain, a line each."""
    notes: tuple[Finding, ...] = ()
    """What changes without a change of the file: other defaults, and keys that the chart did not read."""
    namespace: str = "default"
    backend: str = "existing"
    """How Secrets come into the cluster: `gitops.secrets.backend`."""


def migrate(source: Source, below: Source | None = None, wanted: Wanted | None = None) -> Migration:
    """Migrate a file; `below` is the layer under it. A file that cannot be parsed comes back as it is."""
    first = comment_further_documents(source)
    if first.root is None:
        return Migration(source, source)
    file, secrets = File(first, below, wanted or Wanted()), dict[NewSecret, None]()
    said: dict[str, None] = {} if first is source else {f"comments now: {FIRST_ALONE}": None}
    for _ in range(ROUNDS):
        before = file.source.text
        for phase in PHASES:
            file, taken = take_steps(file, list(phase(file)))
            secrets |= dict.fromkeys(secret for step in taken for secret in step.subject or ())
            said |= dict.fromkeys(f"{show_route(step.route)}: {step.said}" for step in taken if step.said)
        if file.source.text == before:
            break
    file, _ = take_steps(file, list(declare_secrets(file, secrets)))
    gitops = at_route(file.layers.data, ("gitops",))
    return Migration(
        source,
        file.source,
        tuple(secrets),
        tuple(_not_migrated(file)),
        tuple(said),
        tuple(defaults.notes(file)),
        namespace=_text(at_route(gitops, ("namespace",)), "default"),
        backend=_text(at_route(gitops, ("secrets", "backend")), "existing"),
    )


def _text(value: object, default: str) -> str:
    return value if isinstance(value, str) and value else default


def refer_to_secrets(file: File) -> Iterator[Step]:
    """Yield the steps that put references in the place of secrets in plain text."""
    named = name_secrets(file)
    yield from refer_in_place(file, named)
    yield from refer_from_arguments(file, named)


PHASES: tuple[Callable[[File], Iterator[Step]], ...] = (
    name_release,
    comment_duplicates,
    comment_other_spellings,
    rename_sections,
    rename_keys,
    remove_dead_keys,
    remove_dead_variables,
    turn_on_ray,
    list_triggers,
    refer_to_secrets,
    comment_foreign_secrets,
    *refused.PHASES,
    defaults.keep_defaults,
)


def _not_migrated(file: File) -> Iterator[Finding]:
    """Yield a finding for each step that the file still wants: its text could not be edited safely."""
    secret = frozenset(file.secrets)
    for phase in PHASES:
        for step in phase(file):
            yield Finding(
                "not-migrated",
                Severity.WARNING,
                f"`{show_route(step.route)}` is written in a form that migrate does not rewrite",
                step.route,
                file.source.place(step.route),
                f"change it by hand: {step.advice}",
                secret=step.route in secret or any(route in secret for route in step.deletes),
            )


__all__ = ["Migration", "NewSecret", "Wanted", "migrate"]
