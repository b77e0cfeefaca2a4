"""Pods that the API server refuses: classes and accounts that are not there, and limits of containers."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from llmstack.kubernetes.limit_ranges import above_default, defaults_of, refusals
from llmstack.kubernetes.pod_standards import LEVELS, annotated, breaches, enforced_level
from llmstack.kubernetes.pods import identity_of
from llmstack.kubernetes.priorities import SYSTEM
from llmstack.review.rollout.obstacles.case import Case, Obstacle

_FIELDS = {
    "PriorityClass": ("priorityClassName", SYSTEM),
    "RuntimeClass": ("runtimeClassName", frozenset[str]()),
    "ServiceAccount": ("serviceAccountName", frozenset(("default",))),
}
"""What a pod names, and is refused without (plugin/pkg/admission/priority, …/runtimeclass and …/serviceaccount): the
field, and the names that are always there."""


def find(case: Case) -> Iterator[Obstacle]:
    """What keeps the API server from making a workload's pods."""
    if case.makes_beside or case.is_restart:
        yield from _missing(case)
        yield from _beyond_limits(case)
        yield from _beyond_standard(case)


def _missing(case: Case) -> Iterator[Obstacle]:
    """A class or an account that nobody here makes, and that no pod used before."""
    for kind, (field, always_there) in _FIELDS.items():
        name = case.pod.get(field)
        if not name or name in always_there or (kind, name) in case.scene.facts.existing:
            continue
        if case.scene.goes(kind, name, case.workload.namespace if kind == "ServiceAccount" else ""):
            message = f"{kind} `{name}` goes with this change, and without it every new pod is refused"
            yield Obstacle(message, f"Keep the {kind} until no pod names it any more.", "always", room=0)
            continue
        learned = case.scene.facts.known_names(kind)
        if learned is not None and name in learned:
            continue
        used_before = any(spec.get(field) == name for spec in case.scene.specs_before)
        is_new = not case.scene.before and kind != "PriorityClass"  # said by lint of a whole environment that is new
        here = case.of_kind(kind) if kind == "ServiceAccount" else case.scene.kinds.get((kind, ""), ())
        if not used_before and not is_new and all(identity_of(obj)[2] != name for obj in here):
            had = "" if learned is None else " (it had none when it was looked at)"
            message = (
                f"{kind} `{name}` is made by nothing here: unless the cluster has it{had}, every new pod is refused"
            )
            yield Obstacle(message, f"Add the {kind} to `extraObjects`, or see that the cluster has it.", "unknown")


def _beyond_standard(case: Case) -> Iterator[Obstacle]:
    """Pods beyond the Pod Security level that their namespace enforces (kubernetes.io, "Pod Security Admission")."""
    for obj in case.scene.kinds.get(("Namespace", ""), ()):
        level = enforced_level(obj)
        if identity_of(obj)[2] != case.workload.namespace or level == LEVELS[-1]:
            continue
        found = chain(breaches(dict(case.pod), restricted=level == "restricted"), annotated(dict(case.template)))
        breach = next(found, None)
        if breach is not None:
            message = (
                f"namespace `{case.workload.namespace}` enforces Pod Security `{level}`, and {breach.what} is beyond it"
            )
            advice = f"{breach.help[:1].upper()}{breach.help[1:]}, or let the namespace enforce less."
            yield Obstacle(f"{message}: the API server refuses the pod", advice, "always", room=0)


def _beyond_limits(case: Case) -> Iterator[Obstacle]:
    """A container beyond what a LimitRange allows, or above the limit that it is given by one."""
    defaults = defaults_of(case.of_kind("LimitRange"))
    for obj in case.of_kind("LimitRange"):
        said = next(refusals(obj, case.pod, defaults), None)
        if said is not None:
            message = f"LimitRange `{identity_of(obj)[2]}` allows {said}: the API server refuses the pod"
            yield Obstacle(message, "Raise the limit, or ask for what it allows.", "always", room=0)
            return
    for resource in above_default(case.pod, defaults):
        message = (
            f"a container asks for more `{resource}` than the limit that the namespace's LimitRange gives it: the API "
            "server refuses the pod"
        )
        yield Obstacle(message, f"State a limit of `{resource}`, or raise the default.", "always", room=0)
        return
