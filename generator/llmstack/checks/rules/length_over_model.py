"""The longest request is over what the model is made for.

vLLM derives the model's length from its config.json (`max_position_embeddings`, times the factor of scaled rotary
embeddings) and refuses a `--max-model-len` over it. VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 lets it pass, with answers that
may be noise beyond that length. The length is that of facts/models/, or of the catalogue that comes with llmstack, and
what `--hf-overrides` or `--rope-scaling` makes of it at most.

Fix: the model's own length, or less.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import Asked, alike_with_length, problems_alike
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.fault import Fault
from llmstack.engine.exact.length import UNKNOWN, too_long
from llmstack.finding import Severity

RULE = Declaration("length-over-model", Severity.ERROR, needs_objects=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from problems_alike(alike_with_length(subject), _faults)


def _faults(asked: Asked) -> Iterator[Fault]:
    question = asked.question
    if question.facts is not None:
        release = question.match.catalogue.release.minor if asked.releases else UNKNOWN
        yield from too_long(question.facts, question.settings, question.flags, question.variables, release)
