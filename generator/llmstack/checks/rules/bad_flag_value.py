"""A flag has a value that vLLM refuses: of the wrong type, not among the choices, or none where one is needed.

Types and choices are those of the release that runs; JSON is parsed. Values that hold `$(NAME)` pass, because
Kubernetes puts them in.

Fix: the message says what the flag takes.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.serve_arguments import flag_problems
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("bad-flag-value", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from flag_problems(subject, RULE, "bad-flag-value", "missing-value")
