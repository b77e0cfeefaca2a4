"""Risks that several objects share, told once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from llmstack.finding import RANK, Severity
from llmstack.review.result import Review, Risk
from llmstack.review.wording import listed

NAMES = 6
"""Environments that share a risk which are named."""
MANY = 4
"""Risks that differ in numbers and names alone, from which on they are told once."""
_PARTICULARS = re.compile(r"`[^`]*`|(?:\d[\d.,]* (?:h|min|s)\b ?)+|\d+(?:[.,]\d+)*")
"""What differs between risks of one kind: names, times, numbers."""


class RiskGroup(Struct, frozen=True):
    """A risk and where it is: its environments and all its objects there, each with its place."""

    environments: tuple[str, ...]
    """One; several that share the pool which it is about; or the cluster in which none stands."""
    risk: Risk
    """The first of them."""
    at: tuple[tuple[str, str | None], ...]
    alike: int = 0
    """How many others differ from the first in names and numbers."""

    @property
    def severity(self) -> Severity:
        return Severity(self.risk.severity)

    def say_environments(self) -> str:
        """`dev, prod`: the first few, and how many there are beyond them."""
        return listed(self.environments, NAMES)

    def say_message(self) -> str:
        """The message of the first, and that there are more of its kind."""
        others = f" (and {self.alike:,} others alike, with numbers of their own)" if self.alike else ""
        return f"{self.risk.message}{others}"


def group_risks(review: Review) -> list[RiskGroup]:
    """Return the risks of all environments, equal ones of an environment once, and many of a kind once: what nobody
    acknowledged first, then the worst, what is removed before the rest, then those of most objects."""
    groups: list[RiskGroup] = []
    kinds: dict[tuple[tuple[str, ...], tuple[object, ...]], dict[tuple[str, str], list[Risk]]] = {}
    for names, risk in review.all_risks():
        shape = _PARTICULARS.sub("#", risk.message), _PARTICULARS.sub("#", risk.advice)
        alike = risk.id, risk.severity, risk.acknowledged, risk.accepted, *shape
        kind = kinds.setdefault((names, alike), {})
        kind.setdefault((risk.message, risk.advice), []).append(risk)
    for (names, _), equal in kinds.items():
        groups += _groups(names, list(equal.values()))
    return sorted(groups, key=_order)


def _groups(environments: tuple[str, ...], equal: list[list[Risk]]) -> Iterable[RiskGroup]:
    """Risks of one kind, those with equal texts in lists of their own: one group, or one for each of few lists."""
    if len(equal) < MANY:
        return [RiskGroup(environments, same[0], _at(same)) for same in equal]
    every = [risk for same in equal for risk in same]
    return [RiskGroup(environments, every[0], _at(every), len(every) - len(equal[0]))]


def _at(risks: Iterable[Risk]) -> tuple[tuple[str, str | None], ...]:
    return tuple((risk.object, risk.place) for risk in risks)


def _order(group: RiskGroup) -> tuple[bool, int, bool, int]:
    return group.risk.acknowledged, RANK[group.severity], group.risk.id != "removal", -len(group.at)
