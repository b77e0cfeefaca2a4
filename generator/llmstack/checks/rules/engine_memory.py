"""The engine cannot start: its GPU's memory does not hold one request of the longest length.

The KV cache gets what weights and the rest leave of `--gpu-memory-utilization`. Where even the most that can be left,
the upper edge of the band or what the weights alone leave, is less than one request of `--max-model-len` needs, vLLM
loads for minutes and then ends with an error. One that was measured to start (`llmstack learn log`) starts. `llmstack
fit` prints the terms, and what would start.

Fix: a shorter `--max-model-len`, more GPUs, or a larger card; `llmstack fit ENV MODEL` proposes which.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import engines, route_of
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.fit.answer import certainly_fails, fewest, judge, least, longest

RULE = Declaration("engine-memory", Severity.ERROR, needs_objects=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        engine = asked.question.engine
        if engine is None:
            continue
        known = subject.measured.get(asked.model.name or "", ())
        if not known and not certainly_fails(engine):
            continue
        start = judge(subject.stack, asked.model, asked.question, known)
        if start.verdict == "does-not-start":
            length, tensor = longest(engine), fewest(engine)
            ways = [f"--max-model-len {length}"] if length else []
            ways += [f"--tensor-parallel-size {tensor}"] if tensor else []
            needed = None if ways else least(engine)
            help = f"{' or '.join(ways)} would start" if ways else "`llmstack fit` shows the terms"
            help = f"with fewer GPUs than {needed} it does not start" if needed else help
            message = f"`{asked.model.name}` does not start: {start.why}"
            yield Problem(message, route_of(asked, "length"), help=help)
