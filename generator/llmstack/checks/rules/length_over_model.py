"""The longest request is over what the model is made for.

vLLM derives the model's length from its config.json (`max_position_embeddings`, times the factor of scaled rotary
embeddings) and refuses a `--max-model-len` over it. VLLM_ALLOW_LONG_MAX_MODEL_LEN=1 lets it pass, with answers that
may be noise beyond that length. The length is that of facts/models/, or of the catalogue that comes with llmstack.

Fix: the model's own length, or less.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import engines, findings_of
from llmstack.checks.subject import Subject
from llmstack.engine.exact import too_long
from llmstack.finding import Finding, Severity
from llmstack.fit.question import variable_names

ID, SEVERITY = "length-over-model", Severity.ERROR


def run(subject: Subject) -> Iterator[Finding]:
    for asked in engines(subject):
        facts = asked.question.facts
        if facts is not None:
            variables = tuple(variable_names(subject.stack, asked.model))
            yield from findings_of(ID, SEVERITY, asked, too_long(facts, asked.question.settings, variables))
