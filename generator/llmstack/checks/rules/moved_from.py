"""A model says that it has another's name, or that two have been one.

`gitops.movedFrom` names a model that is gone: its claim keeps its name and is adopted by the one that says so. A
name that is still a model of the environment, the model's own name, or one that two models claim, cannot be
adopted. Where it can be, a note says which claim is kept and what restarts; the steps are in
overlays/<env>/REQUIREMENTS.md.

Fix: correct the name, or remove `movedFrom`. Where a claim was adopted it stays, also through a later rename: without
it the model would get an empty claim of its own name.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.model.models import Model
from llmstack.objects.engine_storage import own_claim_name

RULE = Declaration("moved-from", Severity.ERROR, milder=Severity.NOTE)


def run(subject: Subject) -> Iterator[Problem]:
    names = {model.name for _, model in subject.models()}
    claimed: dict[str, str | None] = {}
    for at, model in subject.models():
        former = model.gitops.moved_from
        if former is None:
            continue
        route = (*at, "gitops", "movedFrom")
        if former == model.name:
            yield Problem(
                f"`{former}` is the model's own name", route, help="name the model it was before, or remove it"
            )
        elif former in names:
            yield Problem(
                f"`{former}` is still a model of this environment",
                route,
                help=f"remove the model `{former}`, or movedFrom",
            )
        elif former in claimed:
            yield Problem(
                f"`{former}` cannot have moved to both `{claimed[former]}` and `{model.name}`", route, help="keep one"
            )
        else:
            yield _note(subject, model, route)
        claimed.setdefault(former, model.name)


def _note(subject: Subject, model: Model, route: Route) -> Problem:
    former, owns = model.gitops.moved_from, model.pvc_storage and not model.pvc_existing_claim_name
    kept = f"keeps the claim `{own_claim_name(subject.stack, model)}`" if owns else "has no claim of its own to keep"
    message = f"`{model.name}`, once `{former}`, {kept}; all its pods are new and load again, nothing else restarts"
    page = f"overlays/{subject.environment}/REQUIREMENTS.md"
    return Problem(message, route, help=f"the steps (keep, adopt, remove) are in {page}", milder=True)
