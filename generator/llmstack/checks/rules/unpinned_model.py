"""The model can move: nothing says which revision of it is loaded.

A name on the hub means its branch `main`, which its owner may change: two pods of one Deployment may then serve
different weights, and a revert brings back the manifest but not the model. `modelRevision` becomes `--revision`. Facts
never change a manifest: the revision that facts/models/ has is the line to write. Of a model that nobody has learned
(`llmstack learn model NAME`) nothing is said.

Fix: `modelRevision: <commit>`, as the finding gives it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.fit.question import hub_name

RULE = Declaration("unpinned-model", Severity.NOTE, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        name, facts = hub_name(asked.model), asked.question.facts
        pinned = "--revision" in asked.question.flags
        if name is not None and not pinned and facts is not None and facts.revision is not None:
            message = f"`{name}` can move: no revision is pinned"
            yield Problem(message, (*asked.route, "modelURL"), help=f"modelRevision: {facts.revision}")
