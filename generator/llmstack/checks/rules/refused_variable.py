"""A `VLLM_*` variable has a value that vLLM cannot read, and the engine does not start.

Many are whole numbers, `1` for on and `0` for off: `true` is none, nor is an empty text. Others have to be one of a few
words. From 0.11 on the engine reads all of them once it is up, so that a wrong one ends the start whether or not
anything uses it.

Fix: what the finding says.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engine_env import engine_variables
from llmstack.checks.engines import alike_engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.variables import misread
from llmstack.finding import Severity

RULE = Declaration("refused-variable", Severity.ERROR)


def run(subject: Subject) -> Iterator[Problem]:
    for asked in (each for group in alike_engines(subject) if group[0].question.variables for each in group):
        known = engine_variables(subject.stack, asked.route, asked.model)
        texts = {name: text for name, (_, text) in known.items()}
        for fault in misread(texts, asked.releases, asked.question.match.catalogue.release.minor):
            route, _ = known[fault.about]
            yield Problem(fault.message, (*route, "value"), help=fault.help)
