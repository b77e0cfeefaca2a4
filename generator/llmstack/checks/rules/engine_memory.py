"""The engine cannot start: its GPU's memory does not hold one request of the longest length.

The KV cache gets what weights and the rest leave of `--gpu-memory-utilization`. Where even the most that can be left,
the upper edge of the band or what the weights alone leave, is less than one request of `--max-model-len` needs, vLLM
loads for minutes and then ends with an error. One that was measured to start (`llmstack learn log`) starts. `llmstack
fit` prints the terms, and what would start.

Fix: a shorter `--max-model-len`, more GPUs, or a larger card; `llmstack fit ENV MODEL` proposes which.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.checks.engines import Asked, alike_engines, route_of
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.measured import Measured
from llmstack.finding import Severity
from llmstack.fit.answer import fewest, judge, least, longest, may_start_with

RULE = Declaration("engine-memory", Severity.ERROR, needs_objects=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    for group in alike_engines(subject):
        engine = group[0].question.engine
        if engine is None:
            continue
        # what may start with the longest request of its model may start with a shorter one
        # (tests/engine/test_laws.py), so that engines that differ in their length alone are judged once
        context = engine.facts.context or 0
        may_start = bool(context) and may_start_with(engine, context)
        for asked in group:
            shorter = 0 < (asked.question.settings.length or 0) <= context
            known = subject.measured.get(asked.model.name or "", ())
            if known or not (may_start and shorter):
                yield from _judge(subject, asked, known)


def _judge(subject: Subject, asked: Asked, known: Sequence[Measured]) -> Iterator[Problem]:
    """Yield what becomes of an engine that may not start."""
    engine, start = asked.question.engine, judge(subject.stack, asked.model, asked.question, known)
    if engine is None or start.verdict != "does-not-start":
        return
    length, tensor = longest(engine), fewest(engine)
    ways = [f"--max-model-len {length}"] if length else []
    ways += [f"--tensor-parallel-size {tensor}"] if tensor else []
    needed = None if ways else least(engine)
    help = f"{' or '.join(ways)} would start" if ways else "`llmstack fit` shows the terms"
    help = f"with fewer GPUs than {needed} it does not start" if needed else help
    message = f"`{asked.model.name}` does not start: {start.why}"
    yield Problem(message, route_of(asked, "length"), help=help)
