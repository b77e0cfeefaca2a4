"""The vLLM release does not have the model's architecture.

A model that is newer than the image, or one that a release has dropped, ends the start before anything is loaded.
What each release has is read from its registry of models. One that no release has, nor Transformers, may come from a
plugin or be the model's own code: it is told where the image is vLLM's own and `--trust-remote-code` is not given. A
model that is given `--model-impl` or another configuration is left alone.

Fix: an image of a release that has it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import Asked, alike_engines, problems_alike
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.architecture import came_later, unregistered
from llmstack.engine.exact.fault import Fault
from llmstack.finding import Severity

RULE = Declaration("unknown-architecture", Severity.ERROR, needs_objects=True, whole=True)


def run(subject: Subject) -> Iterator[Problem]:
    yield from problems_alike(alike_engines(subject), _faults)


def _faults(asked: Asked) -> Iterator[Fault]:
    question, among = asked.question, asked.releases
    if question.facts is not None and among:
        image = asked.model.repository or ""
        yield from unregistered(question.facts, question.settings, question.flags, among, image)
        yield from came_later(question.facts, question.settings, question.version)
