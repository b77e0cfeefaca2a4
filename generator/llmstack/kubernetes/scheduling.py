"""What the scheduler asks of one node for one pod: labels, taints, and room.

Kubernetes documentation, "Assigning Pods to Nodes" and "Taints and Tolerations"; the plugins NodeAffinity,
TaintToleration and NodeResourcesFit (k8s.io/kubernetes, pkg/scheduler/framework/plugins).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from fractions import Fraction
from typing import Any, Protocol

from llmstack.kubernetes.answers import all_of, any_of
from llmstack.kubernetes.pods import totals_of_pod, value_at
from llmstack.kubernetes.quantities import quantity

KEEPING_OUT = frozenset(("NoSchedule", "NoExecute"))
"""Effects of taints that a pod must tolerate to be scheduled; `PreferNoSchedule` only ranks nodes."""


class Tainted(Protocol):
    """A taint of a node."""

    @property
    def key(self) -> str: ...
    @property
    def value(self) -> str: ...
    @property
    def effect(self) -> str: ...


def first_untolerated(pod: Mapping[str, Any], taints: Iterable[Tainted]) -> Tainted | None:
    """The first taint that keeps a pod away; None where it tolerates all that do."""
    given = pod.get("tolerations")
    tolerations = [each for each in given if isinstance(each, Mapping)] if isinstance(given, list) else []
    keeping = (taint for taint in taints if taint.effect in KEEPING_OUT)
    return next((taint for taint in keeping if not any(_tolerates(each, taint) for each in tolerations)), None)


def _tolerates(toleration: Mapping[str, Any], taint: Tainted) -> bool:
    """As `Toleration.ToleratesTaint` (k8s.io/api, core/v1/toleration.go): an empty key or effect matches any."""
    if toleration.get("effect") and toleration["effect"] != taint.effect:
        return False
    if toleration.get("key") and toleration["key"] != taint.key:
        return False
    operator = toleration.get("operator") or "Equal"
    if operator == "Exists":
        return True
    return operator == "Equal" and bool(toleration.get("key")) and str(toleration.get("value") or "") == taint.value


def fits_labels(pod: Mapping[str, Any], labels: Mapping[str, str], known: Collection[str]) -> bool | None:
    """Whether a node with these labels is one that the pod asks for; None where it asks for a label that is not among
    the keys which are `known` of nodes."""
    wanted = [_is(labels, known, str(key), (str(value),)) for key, value in (pod.get("nodeSelector") or {}).items()]
    required = value_at(pod, "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution")
    terms = value_at(required, "nodeSelectorTerms")
    answers = [all_of(_expressions(term, labels, known)) for term in terms] if isinstance(terms, list) else [True]
    return all_of([*wanted, any_of(answers)])


def _expressions(term: Any, labels: Mapping[str, str], known: Collection[str]) -> list[bool | None]:
    """What a term of node affinity asks; a term that asks for nothing matches no node."""
    expressions = [each for each in value_at(term, "matchExpressions") or () if isinstance(each, Mapping)]
    fields = value_at(term, "matchFields")
    answers = [matches(each, labels, known) for each in expressions] + ([None] if fields else [])
    return answers or [False]


def matches(expression: Mapping[str, Any], labels: Mapping[str, str], known: Collection[str]) -> bool | None:
    """Whether a node with these labels is what an expression of node affinity asks for; None as for `fits_labels`."""
    key, operator = str(expression.get("key")), expression.get("operator")
    values = tuple(str(each) for each in expression.get("values") or ())
    if key not in known:
        return None
    match operator:
        case "In":
            return labels.get(key) in values
        case "NotIn":
            return labels.get(key) not in values
        case "Exists":
            return key in labels
        case "DoesNotExist":
            return key not in labels
        case "Gt" | "Lt":
            return _compares(labels.get(key), operator == "Gt", values)
    return None


def _compares(label: str | None, greater: bool, values: tuple[str, ...]) -> bool:
    """Whole numbers alone compare; a node without the label does not match."""
    if label is None or len(values) != 1 or not (_is_whole(label) and _is_whole(values[0])):
        return False
    return int(label) > int(values[0]) if greater else int(label) < int(values[0])


def _is_whole(text: str) -> bool:
    return text.removeprefix("-").isdecimal() and len(text) < 19


def _is(labels: Mapping[str, str], known: Collection[str], key: str, values: tuple[str, ...]) -> bool | None:
    return labels.get(key) in values if key in known else None


def requests_of(pod: Mapping[str, Any]) -> dict[str, Fraction]:
    """What the scheduler counts of each resource for a pod: requests, and limits where those are not stated; and what
    its runtime class adds (`overhead`)."""
    totals = totals_of_pod(pod, _of_container)
    for resource, amount in (pod.get("overhead") or {}).items():
        totals[resource] = totals.get(resource, Fraction(0)) + (quantity(amount) or 0)
    return totals


def _of_container(container: Mapping[str, Any]) -> Iterable[tuple[str, Fraction]]:
    resources = container.get("resources") or {}
    for resource, stated in {**(resources.get("limits") or {}), **(resources.get("requests") or {})}.items():
        amount = quantity(stated)
        if amount is not None:
            yield resource, amount


def scarcest(pod: Mapping[str, Any], allocatable: Mapping[str, Any]) -> tuple[str, int] | None:
    """The resource of which a node has room for the fewest such pods, and for how many; None where nothing that the
    node states is asked for."""
    found = []
    for resource, amount in requests_of(pod).items():
        there = quantity(allocatable[resource]) if resource in allocatable else None
        if amount > 0 and there is not None:
            found.append((there // amount, resource))
    if not found:
        return None
    number, resource = min(found)
    return resource, int(number)
