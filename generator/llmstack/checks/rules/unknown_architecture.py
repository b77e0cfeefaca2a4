"""The vLLM release does not have the model's architecture.

A model that is newer than the image, or one that a release has dropped, ends the start before anything is loaded.
What each release has is read from its registry of models; an architecture that no release has may come from a plugin,
and is left alone, and so is a model that is given `--model-impl` or another configuration.

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
        facts, among = asked.question.facts, asked.releases
        if facts is not None and among:
            yield from problems_of(asked, unregistered(facts, asked.question.settings, among))
