"""A `VLLM_*` environment variable that the vLLM release that runs does not read.

vLLM ignores such a name, so a misspelt one, or one that an upgrade took away, changes nothing and says nothing. A name
that is like no other is a note only: plugins and entry points have names of their own.

Fix: the help names the nearest variable; remove one that is no longer read.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.serve_arguments import variable_problems
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("unknown-variable", Severity.WARNING, milder=Severity.NOTE)


def run(subject: Subject) -> Iterator[Problem]:
    yield from variable_problems(subject, RULE, "unknown-env", "removed-env")
