"""The GPU, the release or the checkpoint does not go with the type of the weights.

Each method of quantization has a least compute capability, which vLLM compares with the card before it loads;
bfloat16 wants 8.0 (Ampere), Blackwell wants vLLM 0.9 and computes no int8 (`W8A8`), ROCm serves some methods alone,
and vLLM's own image has no code for Volta from 0.20 on, but where its tag says `cu129`. The card is that of the
model's pool in `gitops.capacity`, or of the product in a node selector; the method is `--quantization`, what
facts/models/ say of the checkpoint, or what its name does (`Qwen/…-AWQ`, `RedHatAI/…-quantized.w8a8`). Also refused:
a `--dtype` that the model or its quantization does not take (Gemma in float16, fp8 in float32), a `--quantization`
that is not the checkpoint's, and a checkpoint of a method or scheme that the release does not have.

Fix: `--dtype float16` on a card before Ampere, no `--quantization` for a checkpoint that is quantized, else another
card or checkpoint.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import Asked, alike_engines, problems_alike
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.types import mismatched, unfit_card, unfit_type, without_code
from llmstack.engine.quantized import named
from llmstack.finding import Severity
from llmstack.fit.question import hub_name

RULE = Declaration("unsupported-type", Severity.ERROR, needs_objects=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from problems_alike(alike_engines(subject), _faults)


def _faults(asked: Asked) -> Iterator[Fault]:
    question, among = asked.question, asked.releases
    if not among:
        return
    settings, card = question.settings, question.card
    facts = question.facts or named(hub_name(asked.model) or "")
    release = question.match.catalogue.release.minor
    if card is not None:
        yield from without_code(card, release, asked.model.repository or "", asked.model.tag or "")
        yield from unfit_card(facts, settings, card, among)
    yield from unfit_type(facts, settings, release, among)
    yield from mismatched(facts, settings, among)
