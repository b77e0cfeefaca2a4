"""The GPU is too old for the type of the weights.

Each method of quantization has a least compute capability, which vLLM compares with the card before it loads; bfloat16
wants 8.0 (Ampere). The card is that of the model's pool in `gitops.capacity`, or of the product in a node selector; the
method is `--quantization`, or what facts/models/ say of the checkpoint.

Fix: `--dtype float16` on a card before Ampere, else another card or checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import engines, problems_of
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact import unsupported
from llmstack.finding import Severity

RULE = Declaration("unsupported-type", Severity.ERROR, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        question, among = asked.question, asked.releases
        if question.facts is not None and question.card is not None and among:
            faults = unsupported(question.facts, question.settings, question.card, among)
            yield from problems_of(asked, faults)
