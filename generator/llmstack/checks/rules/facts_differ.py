"""The facts are of another revision than the one that is served.

`llmstack fit`, the checks and the review speak of the revision that facts/models/ has. Where `modelRevision` pins
another commit, they may speak of other sizes, another length or other weights. Branches and tags are not compared:
which commit they mean, nobody knows here.

Fix: `llmstack learn model NAME@REVISION` with the revision of the values, or the revision of the facts in the values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from llmstack.checks.engines import engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity

RULE = Declaration("facts-differ", Severity.NOTE, needs_objects=True)

COMMIT = re.compile(r"[0-9a-f]{40}")


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        facts, pinned = asked.question.facts, asked.model.model_revision
        if facts is None or facts.revision is None or pinned is None:
            continue
        if COMMIT.fullmatch(pinned) and COMMIT.fullmatch(facts.revision) and pinned != facts.revision:
            message = f"the facts of {facts.model} are of revision {facts.revision[:12]}, not of {pinned[:12]}"
            help = f"`llmstack learn model {facts.model}@{pinned}`"
            yield Problem(message, (*asked.route, "modelRevision"), help=help)
