"""What becomes of the engines of a repository's environments."""

from __future__ import annotations

from collections.abc import Sequence

from llmstack.errors import UsageError
from llmstack.finding import Finding, has_errors, sort_findings
from llmstack.fit.answer import Answer, Change, answer
from llmstack.repository.environments import Environment
from llmstack.repository.read import read_environment
from llmstack.repository.snapshot import Snapshot


def answer_engines(
    snapshot: Snapshot, environments: Sequence[Environment], model: str | None, change: Change
) -> tuple[list[Finding], list[tuple[str, Answer]]]:
    """What becomes of the engines of these environments, or of one model, under `change`, by environment.

    The findings are those of reading: what checks have against an engine, the answer says itself. Raises UsageError,
    with the models that there are, where all could be read and none is called `model`.
    """
    readings = [read_environment(snapshot, environment) for environment in environments]
    findings = sort_findings([finding for reading in readings for finding in reading.findings])
    subjects = [(reading.environment.name, reading.subject) for reading in readings if reading.subject is not None]
    known = {each.name for _, subject in subjects for each in subject.stack.models if each.name}
    if model is not None and model not in known and not has_errors(findings):
        where = " or ".join(environment.name for environment in environments)
        raise UsageError(f"there is no model `{model}` in {where}: {', '.join(sorted(known)) or 'none'}")
    answers = [
        (name, answer(subject.stack, each, subject.facts, change, subject.measured.get(each.name or "", ())))
        for name, subject in subjects
        for each in subject.stack.models
        if model is None or each.name == model
    ]
    return findings, answers
