"""Another release of vLLM, or of the router, behaves otherwise where the values say nothing.

Why it matters: a bump of the image tag is one line, and moves defaults, drops flags and metrics, and changes what
happens to running requests, with no other line in the difference.

How it is judged: the flags of both releases are compared, and a curated table of what no flag shows is read (`llmstack
explain upgrade FROM TO` prints both). What moves and is not set is a note; what is known to end a start, to cut
requests or to silence an alert is a warning. Its amount is the number of changes. Of the router, what the notes of its
releases tell is compared, where both tags say which release they are (`llmstack explain upgrade router FROM TO`).

Fix: set what should stay as it is, and read the list before the merge.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from llmstack.engine.upgrade import Item
from llmstack.finding import Severity
from llmstack.review.engine_change import EngineChange
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.routers import router_changes
from llmstack.review.wording import plural

RISK = Declaration("upgrade", Severity.WARNING, milder=Severity.NOTE, unit="changes")

_NAMED = 3
"""Items that are told before they are counted."""


def find(assessment: Assessment) -> Iterator[Risk]:
    """What changed releases bring, of each engine and of each router."""
    for engine in assessment.engines:
        yield from _tell(assessment, engine.object, _lead(engine), engine.upgrade, _advise(engine))
    for router in router_changes(assessment.changes):
        lead = f"router {router.before} → {router.after}: "
        advice = f"`llmstack explain upgrade router {router.before} {router.after}` lists everything that is known."
        yield from _tell(assessment, router.object, lead, router.items, advice)


def _tell(assessment: Assessment, subject: str, lead: str, items: Sequence[Item], advice: str) -> Iterator[Risk]:
    """A warning for what breaks, a note for what else moves."""
    for milder in (False, True):
        found = [item for item in items if item.breaks is not milder]
        if found:
            yield RISK.at(subject, lead + _say(found), advice, milder=milder, amount=len(found))


def _advise(engine: EngineChange) -> str:
    before = engine.before.version if engine.before else None
    if before in (None, engine.after.version):
        return "Set what should stay as it is."
    return (
        f"Set what should stay as it is; `llmstack explain upgrade {before} {engine.after.version}` lists everything."
    )


def _lead(engine: EngineChange) -> str:
    before = engine.before.version if engine.before else None
    return f"vLLM {before} → {engine.after.version}: " if before != engine.after.version else ""


def _say(items: list[Item]) -> str:
    more = len(items) - _NAMED
    rest = f" And {plural(more, 'other change')}." if more > 0 else ""
    return f"{' '.join(item.text for item in items[:_NAMED])}{rest}"
