"""Tensor parallelism cannot cut the model into equal parts.

vLLM spreads the attention heads, the KV heads, the vocabulary and the width of the MLP over the GPUs of
`--tensor-parallel-size`, and ends with an error when one of them does not come out even. KV heads may also be fewer
than the GPUs and divide them; an FP8 checkpoint's blocks of scales must not be cut either (up to vLLM 0.29), nor the
groups of one in AWQ or W4A16. `--decode-context-parallel-size` has to divide the tensor parallel size, and the KV heads
limit it.
Sizes come from facts/models/, or from the catalogue that comes with llmstack.

Fix: a size that the finding names.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import Asked, alike_engines, problems_alike
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.sizes import context_parallel, indivisible
from llmstack.finding import Severity

RULE = Declaration("indivisible-size", Severity.ERROR, needs_objects=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from problems_alike(alike_engines(subject), _faults)


def _faults(asked: Asked) -> Iterator[Fault]:
    question, release = asked.question, asked.question.match.catalogue.release.minor
    if question.facts is not None:
        yield from indivisible(question.facts, question.settings, release)
        yield from context_parallel(question.facts, question.settings, question.flags)
