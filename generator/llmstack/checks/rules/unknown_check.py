"""A check, or a risk, is named that does not exist.

`gitops.checks`, `# llmstack: ignore[…]` and `gitops.acknowledge` go by ids; a misspelt one changes nothing,
and nobody sees that. Checks that cannot be turned off (docs/checks.md says which) are named here too.

Fix: correct the id, or remove the entry.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.values.nodes import Source

RULE = Declaration("unknown-check", Severity.WARNING)

_COMMENT = re.compile(r"#\s*llmstack:\s*ignore\[([^\]\n]*)\]")


def run(subject: Subject) -> Iterator[Problem]:
    from llmstack.checks.table import ALWAYS, CHECKS  # the table holds this module too

    for id in subject.stack.gitops.checks or {}:
        if id in ALWAYS:
            yield Problem(f"the severity of `{id}` cannot be changed", ("gitops", "checks", id), help="remove it")
        elif id not in CHECKS:
            yield Problem(f"there is no check `{id}`", ("gitops", "checks", id), help=_near(id, CHECKS))
    yield from _acknowledged(subject)
    for layer in subject.layers.layers:
        yield from _comments(layer.source, CHECKS)


def _acknowledged(subject: Subject) -> Iterator[Problem]:
    """Findings on risks that are accepted and do not exist."""
    if not subject.stack.gitops.acknowledge:
        return
    from llmstack.review.risks.table import RISKS  # half of the review comes with it

    for number, risk in enumerate(subject.stack.gitops.acknowledge):
        if risk.risk not in RISKS:
            message = f"there is no risk `{risk.risk}`"
            yield Problem(message, ("gitops", "acknowledge", number, "risk"), help=_near(risk.risk, RISKS))


def _comments(source: Source, known: Collection[str]) -> Iterator[Problem]:
    """Findings on comments, which have a place and no route."""
    for match in _COMMENT.finditer(source.text) if "llmstack:" in source.text else ():
        for id in (id.strip() for id in match.group(1).split(",")):
            if id not in known:
                line = source.text.count("\n", 0, match.start())
                column = match.start() - (source.text.rfind("\n", 0, match.start()) + 1)
                place = source.at(line, column, match.end() - match.start())
                yield Problem(f"there is no check `{id}`", place=place, help=_near(id, known))


def _near(id: str, known: Collection[str]) -> str:
    near = difflib.get_close_matches(id, known, n=1)
    return f"did you mean `{near[0]}`?" if near else "docs/checks.md lists them"
