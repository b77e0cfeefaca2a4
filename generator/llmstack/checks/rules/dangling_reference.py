"""Something is named that is neither generated nor said to be in the cluster.

A pod whose Secret, claim, config map, service account or runtime class is missing does not start.
`gitops.existing` lists what the cluster has: a kind once listed there, a reference of that kind to anything
else is an error; so is a key that a listed Secret is not said to have. Of claims and runtime classes that are not
listed, `lint` asks facts/clusters/ (`llmstack learn cluster`). What neither knows cannot be judged: one note for the
kind names what is needed. Secrets that `gitops.secrets` brings (external-secrets,
sealed-secrets, sops) count as generated. A mount of a volume that the pod does not have is an error too: the
API refuses it.

Fix: correct the name, add the object to `extraObjects`, or list it: `gitops: {existing: {secrets: {hf:
[token]}}}`.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping

from msgspec.structs import replace

from llmstack.checks.mounts import dangling_mounts
from llmstack.checks.references import Reference, pod_references, references
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.model.gitops import EXISTING, Existing
from llmstack.model.gitops import ExistingKind as Kind
from llmstack.review.wording import listed

RULE = Declaration("dangling-reference", Severity.ERROR, milder=Severity.NOTE, needs_objects=True)


def run(subject: Subject) -> Iterator[Problem]:
    listed = _listed(subject.stack.gitops.existing)
    generated = {(placed.object["kind"], placed.object["metadata"].get("name")) for placed in subject.objects}
    brought = subject.stack.gitops.secrets.backend != "existing"
    unlisted: dict[Kind, list[Reference]] = defaultdict(list)
    for reference in _all(subject):
        if (reference.kind, reference.name) in generated or (reference.kind == "Secret" and brought):
            continue
        known = listed.get(reference.kind)
        there = _learned(subject, reference.kind) if known is None else None
        if known is not None:
            yield from _judge(subject, reference, known)
        elif there is None:
            unlisted[reference.kind].append(reference)
        elif reference.name not in there:
            yield _not_there(subject, reference)
    for kind, found in unlisted.items():
        yield _note(kind, found)
    yield from dangling_mounts(subject)


def _all(subject: Subject) -> Iterator[Reference]:
    """What the values refer to, then what only the objects made of them do (a volume of the LoRA
    controller's webhook)."""
    seen = set()
    for reference in references(subject):
        seen.add((reference.kind, reference.name))
        yield reference
    for placed in subject.objects:
        if placed.unit != "extra":
            for reference in pod_references((), placed.object):
                if (reference.kind, reference.name) not in seen:
                    seen.add((reference.kind, reference.name))
                    yield replace(reference, route=subject.route_of(placed))


def _listed(existing: Existing) -> Mapping[Kind, Collection[str]]:
    """The names of each kind that is listed."""
    stated = {kind: names(existing) for kind, (_, names) in EXISTING.items()}
    return {kind: names for kind, names in stated.items() if names is not None}


def _learned(subject: Subject, kind: Kind) -> Collection[str] | None:
    """The names of a kind that the facts of the cluster have, claims of the environment's namespace; None where they
    say nothing of it."""
    key = EXISTING[kind][0]
    if subject.cluster is None or key not in subject.cluster.exists:
        return None
    namespace = f"{subject.stack.gitops.namespace}/"
    return {name.removeprefix(namespace) for name in subject.cluster.exists[key]}


def _not_there(subject: Subject, reference: Reference) -> Problem:
    day = subject.cluster.date if subject.cluster is not None else ""
    message = f"{reference.kind} `{reference.name}` is not generated, and was not in the cluster on {day}"
    help = f"list it in gitops.existing.{EXISTING[reference.kind][0]} if the cluster has it by now"
    return Problem(message, reference.route, help=help)


def _judge(subject: Subject, reference: Reference, known: Collection[str]) -> Iterator[Problem]:
    key = f"gitops.existing.{EXISTING[reference.kind][0]}"
    if reference.name not in known:
        near = difflib.get_close_matches(reference.name, known, n=1)
        help = f"did you mean `{near[0]}`?" if near else f"list it in {key} if the cluster has it"
        message = f"{reference.kind} `{reference.name}` is neither generated nor in {key}"
        yield Problem(message, reference.route, help=help)
    elif reference.kind == "Secret" and reference.key:
        keys = (subject.stack.gitops.existing.secrets or {}).get(reference.name) or []
        if keys and reference.key not in keys:
            message = f"Secret `{reference.name}` is not listed with the key `{reference.key}`"
            yield Problem(message, reference.route, help=f"{key} lists {', '.join(f'`{name}`' for name in keys)}")


def _note(kind: Kind, found: list[Reference]) -> Problem:
    """One note for a kind that `gitops.existing` does not list, at the first reference."""
    shown = listed([f"`{name}`" for name in dict.fromkeys(reference.name for reference in found)], 5)
    message = f"the cluster must have {kind} {shown}; gitops.existing.{EXISTING[kind][0]} does not list it"
    return Problem(
        message,
        found[0].route,
        help=f"list what there is in gitops.existing.{EXISTING[kind][0]}, and names are checked",
        milder=True,
    )
