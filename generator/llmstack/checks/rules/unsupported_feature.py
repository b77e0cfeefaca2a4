"""The model's class, in this vLLM release, does not have what a flag asks for.

Pipeline parallelism, LoRA and expert parallelism are features of a model's class: vLLM refuses
`--pipeline-parallel-size` for a class that cannot be cut, `--enable-lora` for one that takes no adapters, and
`--enable-expert-parallel` for a model without experts. Which class has what is read from the sources of each release;
a class that cannot be followed is left alone, and so is a model that another class may serve (`--model-impl`).

Fix: leave the flag out, or choose a release whose class has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import Asked, alike_engines, problems_alike
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.architecture import unsupported_feature
from llmstack.engine.exact.fault import Fault
from llmstack.finding import Severity

RULE = Declaration("unsupported-feature", Severity.ERROR, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from problems_alike(alike_engines(subject), _faults)


def _faults(asked: Asked) -> Iterator[Fault]:
    question, among = asked.question, asked.releases
    if question.facts is not None and among:
        yield from unsupported_feature(question.facts, question.settings, question.flags, among)
