"""What a risk is: a module with a declaration, a docstring that is its page, and `find`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment


class Declaration(Struct, frozen=True):
    """What a risk says of itself; the table, docs/risks.md and `explain` are made of it."""

    id: str
    severity: Severity
    milder: Severity | None = None
    """The severity of its milder form, for a risk that has one."""
    unit: str = ""
    """What its amount counts, for a risk that has one: an acknowledgement may bound it (`upTo`)."""

    def at(
        self,
        subject: str,
        message: str,
        advice: str = "",
        *,
        path: str = "",
        file: str = "",
        milder: bool = False,
        amount: int | None = None,
    ) -> Risk:
        """The risk at `Kind/name`, of its field at `path`, or of what `file` in clusters/ states.

        ValueError for the milder form of a risk that declares none, and for an amount without a unit.
        """
        severity = self.milder if milder else self.severity
        if severity is None:
            raise ValueError(f"{self.id} declares no milder severity")
        if amount is not None and not self.unit:
            raise ValueError(f"{self.id} declares no unit of its amount")
        return Risk(self.id, severity, subject, message, advice, amount=amount, path=path, file=file)


class RiskKind(Protocol):
    """A module of review/risks/ that the table holds. mypy holds each of them against this."""

    @property
    def RISK(self) -> Declaration: ...

    def find(self, assessment: Assessment, /) -> Iterator[Risk]: ...
