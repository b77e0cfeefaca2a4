"""Another release of vLLM behaves otherwise where the values say nothing.

Why it matters: a bump of the image tag is one line, and moves defaults, drops flags and metrics, and changes what
happens to running requests, with no other line in the difference.

How it is judged: the flags of both releases are compared, and a curated table of what no flag shows is read (`llmstack
explain upgrade FROM TO` prints both). What moves and is not set is a note; what is known to end a start, to cut
requests or to silence an alert is a warning. Its amount is the number of changes.

Fix: set what should stay as it is, and read the list before the merge.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.engine.upgrade import Item
from llmstack.finding import Severity
from llmstack.review.result import EngineChange, Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.wording import plural

RISK = Declaration("upgrade", Severity.WARNING, milder=Severity.NOTE, unit="changes")

_NAMED = 3
"""Items that are told before they are counted."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """A warning for each engine that a release breaks something of, a note for what else moves."""
    for engine in assessment.engines:
        breaking = [item for item in engine.upgrade if item.breaks]
        moving = [item for item in engine.upgrade if not item.breaks]
        advice = _advise(engine)
        if breaking:
            yield RISK.at(assessment, engine.object, _say(engine, breaking), advice, amount=len(breaking))
        if moving:
            yield RISK.at(assessment, engine.object, _say(engine, moving), advice, milder=True, amount=len(moving))


def _advise(engine: EngineChange) -> str:
    before = engine.before.version if engine.before else None
    if before in (None, engine.after.version):
        return "Set what should stay as it is."
    return (
        f"Set what should stay as it is; `llmstack explain upgrade {before} {engine.after.version}` lists everything."
    )


def _say(engine: EngineChange, items: list[Item]) -> str:
    before = engine.before.version if engine.before else None
    more = len(items) - _NAMED
    rest = f" And {plural(more, 'other change')}." if more > 0 else ""
    lead = f"vLLM {before} → {engine.after.version}: " if before != engine.after.version else ""
    return f"{lead}{' '.join(item.text for item in items[:_NAMED])}{rest}"
