"""What becomes of the engines of a repository's environments."""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.finding import Finding, sort_findings
from llmstack.fit.answer import Answer, Change, answer
from llmstack.repository.environments import Environment
from llmstack.repository.read import read_environment
from llmstack.repository.snapshot import Snapshot


def answer_engines(
    snapshot: Snapshot, environments: Sequence[Environment], model: str | None, change: Change
) -> tuple[list[Finding], list[tuple[str, Answer]]]:
    """What becomes of the engines of these environments, or of one model, under `change`, by environment.

    The findings are those of reading: what checks have against an engine, the answer says itself.
    """
    readings = [read_environment(snapshot, environment) for environment in environments]
    findings = [finding for reading in readings for finding in reading.findings]
    answers = [
        (
            reading.environment.name,
            answer(subject.stack, each, subject.facts, change, subject.measured.get(each.name or "", ())),
        )
        for reading in readings
        if (subject := reading.subject) is not None
        for each in subject.stack.models
        if model is None or each.name == model
    ]
    return sort_findings(findings), answers
