"""Pods that the API server refuses: classes and accounts that are not there, and limits of containers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.kubernetes.pods import containers, identity_of, maps, value_at
from llmstack.kubernetes.quantities import quantity
from llmstack.review.rollout.obstacles.case import Case, Obstacle

BUILT_IN = frozenset(("system-cluster-critical", "system-node-critical"))
"""PriorityClasses that every cluster has (Kubernetes documentation, "Pod Priority and Preemption")."""

_FIELDS = {
    "PriorityClass": ("priorityClassName", BUILT_IN),
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


def _missing(case: Case) -> Iterator[Obstacle]:
    """A class or an account that nobody here makes, and that no pod used before."""
    for kind, (field, always_there) in _FIELDS.items():
        name = case.pod.get(field)
        if not name or name in always_there or (kind, name) in case.scene.facts.existing:
            continue
        used_before = any(spec.get(field) == name for spec in case.scene.specs_before)
        is_new = not case.scene.before and kind != "PriorityClass"  # said by lint of a whole environment that is new
        here = case.of_kind(kind) if kind == "ServiceAccount" else case.scene.kinds.get((kind, ""), ())
        if not used_before and not is_new and all(identity_of(obj)[2] != name for obj in here):
            message = f"{kind} `{name}` is made by nothing here: unless the cluster has it, every new pod is refused"
            yield Obstacle(message, f"Add the {kind} to `extraObjects`, or see that the cluster has it.", "unknown")


def _beyond_limits(case: Case) -> Iterator[Obstacle]:
    """A container beyond what a LimitRange allows (plugin/pkg/admission/limitranger/admission.go)."""
    for obj in case.of_kind("LimitRange"):
        for limit in maps(value_at(obj, "spec", "limits")):
            said = next(_beyond(limit, case.pod), None) if limit.get("type") == "Container" else None
            if said is not None:
                message = f"LimitRange `{identity_of(obj)[2]}` allows {said}: the API server refuses the pod"
                yield Obstacle(message, "Raise the limit, or ask for what it allows.", "always")
                return


def _beyond(limit: Mapping[str, Any], pod: Mapping[str, Any]) -> Iterator[str]:
    """What a container asks for beyond the limit's ends; what it leaves open the limit fills in."""
    for _, _, container in containers(dict(pod)):
        for part in ("requests", "limits"):
            for name, asked in (value_at(container, "resources", part) or {}).items():
                most, least, amount = (quantity(each) for each in (*_ends(limit, name), asked))
                if amount is not None and most is not None and amount > most:
                    yield f"at most {limit['max'][name]} of `{name}` to a container, and {asked} is asked"
                if amount is not None and least is not None and amount < least:
                    yield f"at least {limit['min'][name]} of `{name}` to a container, and {asked} is asked"


def _ends(limit: Mapping[str, Any], name: str) -> tuple[Any, Any]:
    return value_at(limit, "max", name), value_at(limit, "min", name)
