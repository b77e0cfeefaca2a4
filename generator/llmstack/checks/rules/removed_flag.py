"""An argument was a flag of older vLLM releases, and the one that runs no longer has it.

An upgrade of the image would end in engines that do not start. The help says since when the flag is gone, and what
took its place where the release itself says so.

Fix: use what replaced it, or remove it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.serve_arguments import flag_problems
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("removed-flag", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from flag_problems(subject, RULE, "removed-flag")
