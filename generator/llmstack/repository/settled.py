"""Environments that an earlier run of `gen` found in order and that are as they were: they are not read again."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from msgspec import Struct, ValidationError, convert, field, to_builtins

from llmstack.checks.neighbour import Neighbour
from llmstack.disk.clean import CleanRecord
from llmstack.finding import Finding


class Settled(Struct, frozen=True):
    """What a run found of an environment that was in order."""

    neighbour: Neighbour
    """What it is to the others, whose checks ask for it."""
    findings: tuple[Finding, ...] = ()


class Remembered(Struct, frozen=True):
    """Every environment as a run found it in order, and those of which nothing has changed since."""

    environments: Mapping[str, Settled] = field(default_factory=dict)
    unchanged: Collection[str] = ()

    def is_as_before(self, neighbours: Mapping[str, Neighbour]) -> bool:
        """Whether environments are to each other what they were: what was found of one then holds now."""
        return neighbours == {name: settled.neighbour for name, settled in self.environments.items()}


def recall(record: CleanRecord) -> Remembered:
    """What a record has of environments; nothing where it has none, or is damaged."""
    found = record.recall_unchanged()
    try:
        return Remembered(convert(found.kept, dict[str, Settled]), found.names) if found is not None else Remembered()
    except ValidationError:
        return Remembered()


def to_keep(environments: Mapping[str, Settled]) -> Mapping[str, object] | None:
    """The same in the form in which it is kept; None where a line of a finding may hold a secret."""
    if _any_secret(settled.findings for settled in environments.values()):
        return None
    kept: dict[str, object] = to_builtins(dict(environments))
    return kept


def _any_secret(findings: Iterable[Iterable[Finding]]) -> bool:
    return any(finding.secret for some in findings for finding in some)
