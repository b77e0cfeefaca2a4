"""What stands beside the review of an environment: a tree that is stale, values that facts contradict."""

from __future__ import annotations

from msgspec.structs import replace

from llmstack.checks import settle
from llmstack.checks.rule import find
from llmstack.checks.rules import facts_differ
from llmstack.finding import Finding, Place, Severity
from llmstack.repository.cases import Case
from llmstack.repository.expected import Held, missing_tree, stale_tree
from llmstack.repository.read import Reading


def differing(case: Case) -> list[Finding]:
    """What the values after the change say of the cluster, and what is known of it says otherwise."""
    reading, known = case.readings[1], case.learned[1]
    if reading is None or reading.subject is None or known is None:
        return []
    found = find(facts_differ, replace(reading.subject, cluster=known))
    return list(settle(found, reading.layers, dict(reading.subject.stack.gitops.checks or {})))


def staleness(held: Held, environment: str, reading: Reading | None, *, is_missing: bool) -> list[Finding]:
    """`stale-tree` when the tree is not what the values at the same revision generate."""
    if held.stale is None:
        return [_unreadable(environment, reading)]
    if is_missing and reading is not None:
        return [missing_tree(environment, reading.environment.label)]
    return [stale_tree(held.stale)] if held.stale else []


def _unreadable(environment: str, reading: Reading | None) -> Finding:
    """`stale-tree` where values have errors, at the first of them: who reads the review alone sees what is wrong."""
    errors = [each for each in reading.findings if each.severity is Severity.ERROR] if reading is not None else []
    place = Place(reading.environment.label if reading is not None else f"values/{environment}.yaml")
    message = f"the values of {environment} have errors, so that the tree cannot be compared with them"
    if errors:
        message, place = f"{message}; the first: {errors[0].message}", errors[0].place or place
    return Finding("stale-tree", Severity.WARNING, message, place=place, help="run `llmstack lint`")
