"""Risks that several objects share, told once."""

from __future__ import annotations

from dataclasses import dataclass

from llmstack.finding import RANK, Severity
from llmstack.review.result import Review, Risk


@dataclass(frozen=True, slots=True)
class RiskGroup:
    """A risk and where it is: its environment and all its objects there, each with its place in the
    values."""

    environment: str
    risk: Risk
    at: tuple[tuple[str, str | None], ...]

    @property
    def severity(self) -> Severity:
        return Severity(self.risk.severity)


def group_risks(review: Review) -> list[RiskGroup]:
    """Return the risks of all environments, equal ones of an environment once: what nobody acknowledged
    first, then the worst, then those of most objects."""
    together: dict[tuple[object, ...], list[Risk]] = {}
    for name, environment in sorted(review.environments.items()):
        for risk in environment.risks:
            key = name, risk.id, risk.severity, risk.message, risk.advice, risk.acknowledged
            together.setdefault(key, []).append(risk)
    groups = [
        RiskGroup(str(key[0]), same[0], tuple((risk.object, risk.place) for risk in same))
        for key, same in together.items()
    ]
    return sorted(groups, key=_order)


def _order(group: RiskGroup) -> tuple[bool, int, int]:
    return group.risk.acknowledged, RANK[group.severity], -len(group.at)
