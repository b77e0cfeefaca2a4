"""An argument is the beginning of a flag, not the whole of it.

argparse takes `--max-model-le` for `--max-model-len` as long as no other flag begins so; the next release may have
one, and then vLLM refuses to start. It may also be a slip of the pen.

Fix: write the flag in full.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.serve_arguments import flag_problems
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("abbreviated-flag", Severity.NOTE, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from flag_problems(subject, RULE, "abbreviated-flag")
