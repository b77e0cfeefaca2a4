"""What a rule is: a module with a declaration, a docstring that is its page, and `run`; and what it yields."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from msgspec import Struct

from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Place, Route, Severity


class Declaration(Struct, frozen=True):
    """What a rule says of itself; the table and the documentation are made of it."""

    id: str
    severity: Severity
    milder: Severity | None = None
    """The severity of its milder form, for a rule that has one."""
    needs_objects: bool = False
    """It looks at the generated objects, which can only be built from values whose raw blocks are sound."""
    alone: bool = False
    """It looks at one value at a time: what it says does not depend on a key that could not be read."""
    whole: bool = False
    """It judges a model by all of its keys together: one that could not be read may be what it misses."""
    foundation: bool = False
    """Nothing is built while it finds something: its severity cannot be changed, nor a finding be ignored."""
    fixed: bool = False
    """`gitops.checks` cannot change its severity; a comment in the line can set a finding aside."""
    unbounded: bool = False
    """Each of its problems is told, however many there are: reports leave out the text of the lines that they name."""

    def severity_of(self, problem: Problem) -> Severity:
        """The severity of a problem; ValueError for the milder form of a rule that declares none."""
        if not problem.milder:
            return self.severity
        if self.milder is None:
            raise ValueError(f"{self.id} declares no milder severity")
        return self.milder


class Problem(Struct, frozen=True):
    """One thing that a rule found. `route` is where in the values; `place` where it has none, as a comment has."""

    message: str
    route: Route | None = None
    help: str | None = None
    place: Place | None = None
    milder: bool = False
    """It is the milder form of what the rule looks for."""
    secret: bool = False
    """The line may hold a secret: reports leave its text out."""


class Rule(Protocol):
    """A module of checks/rules/. mypy holds each module in the table against this."""

    @property
    def RULE(self) -> Declaration: ...

    def run(self, subject: Subject, /) -> Iterator[Problem]: ...


MOST_FOUND = 2_000
"""How many problems a rule tells that is not unbounded."""


def find(rule: Rule, subject: Subject) -> Iterator[Finding]:
    """Yield the findings of one rule: its problems, with the id and the severity that it declares.

    After MOST_FOUND of them the rule is not asked on; that there are more is a finding where the first of them is, as
    severe as the worst of them can be.
    """
    for told, problem in enumerate(rule.run(subject)):
        if told >= MOST_FOUND and not rule.RULE.unbounded:
            message = f"there are more than these {MOST_FOUND:,} of this check, from here on"
            help = "correct those that are listed: the next run names others"
            yield finding_of(rule.RULE, Problem(message, problem.route, help, problem.place))
            return
        yield finding_of(rule.RULE, problem)


def finding_of(declared: Declaration, problem: Problem) -> Finding:
    """A problem as the finding that a rule's declaration makes of it."""
    severity = declared.severity_of(problem)
    return Finding(declared.id, severity, problem.message, problem.route, problem.place, problem.help, problem.secret)
