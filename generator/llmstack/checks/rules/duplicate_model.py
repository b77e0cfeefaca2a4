"""Two models of one environment have the same name.

A model's name makes the names of its objects, so the two would be one Deployment. Layers merge models by
name, and so a name may stand once in each file: the second one of a file is not merged with the first.

Fix: rename one of them, or merge the two.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.values.layers import MODELS

RULE = Declaration("duplicate-model", Severity.ERROR, alone=True)


def run(subject: Subject) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for number, model in enumerate(subject.stack.engine.model_spec):
        if not model.name:
            continue
        if model.name not in seen:
            seen[model.name] = number
            continue
        first = subject.layers.place((*MODELS, seen[model.name], "name"))
        where = f" (first in line {first.line} of {first.path})" if first is not None else ""
        message = f"another model has the name `{model.name}`{where}"
        yield Problem(message, (*MODELS, number, "name"), help="rename one of them, or merge the two")
