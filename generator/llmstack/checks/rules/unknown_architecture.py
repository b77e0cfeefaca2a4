"""The vLLM release does not have the model's architecture.

A model that is newer than the image, or one that a release has dropped, ends the start before anything is loaded.
What each release has is read from its registry of models. One that no release has, nor Transformers, may come from a
plugin or be the model's own code: it is told where the image is vLLM's own and `--trust-remote-code` is not given. A
model that is given `--model-impl` or another configuration is left alone.

Fix: an image of a release that has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import engines, problems_of
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.architecture import unregistered
from llmstack.finding import Severity

RULE = Declaration("unknown-architecture", Severity.ERROR, needs_objects=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        question, among = asked.question, asked.releases
        if question.facts is not None and among:
            image = asked.model.repository or ""
            faults = unregistered(question.facts, question.settings, question.flags, among, image)
            yield from problems_of(asked, faults)
