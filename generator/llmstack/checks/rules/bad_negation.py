"""`--no-<flag>` of a flag that cannot be negated.

vLLM makes the `--no-` form of its boolean options only; of others it is unknown, and the engine does not start.

Fix: leave the flag out, or give it the value that turns it off.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.serve_arguments import flag_problems
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("bad-negation", Severity.ERROR, milder=Severity.WARNING, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from flag_problems(subject, RULE, "bad-negation")
