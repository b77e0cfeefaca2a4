"""A model says that it has another's name, or that two have been one.

`gitops.movedFrom` names a model that is gone: its claim is adopted by the one that says so. A name that is
still a model of the environment, the model's own name, or one that two models claim, cannot be adopted.

Fix: remove `movedFrom` once the move is done, or correct the name.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.subject import Subject
from llmstack.finding import Finding, Severity

ID, SEVERITY = "moved-from", Severity.ERROR


def run(subject: Subject) -> Iterator[Finding]:
    names = {model.name for _, model in subject.models()}
    claimed: dict[str, str | None] = {}
    for at, model in subject.models():
        former = model.gitops.moved_from
        if former is None:
            continue
        route = (*at, "gitops", "movedFrom")
        if former == model.name:
            yield Finding(
                ID,
                SEVERITY,
                f"`{former}` is the model's own name",
                route,
                help="name the model it was before, or remove it",
            )
        elif former in names:
            yield Finding(
                ID,
                SEVERITY,
                f"`{former}` is still a model of this environment",
                route,
                help=f"remove the model `{former}`, or movedFrom",
            )
        elif former in claimed:
            yield Finding(
                ID,
                SEVERITY,
                f"`{former}` cannot have moved to both `{claimed[former]}` and `{model.name}`",
                route,
                help="keep one",
            )
        claimed.setdefault(former, model.name)
