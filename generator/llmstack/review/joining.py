"""Pods that join those behind a Service, or those that a router finds, and get requests that others answered alone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmstack.kubernetes.pods import Identity, Object, identity_of, pod_labels, told, value_at
from llmstack.kubernetes.selectors import Labelled, numbers
from llmstack.kubernetes.within import templates_within
from llmstack.review.change import ObjectChange
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.reach import finds_pods

_SELECTORS = {"Service": ("spec", "selector"), "InferencePool": ("spec", "selector", "matchLabels")}
"""Kinds that send requests to the pods with some labels of their namespace, and where they name these
(kubernetes.io, "Service"; Gateway API Inference Extension, "InferencePool")."""
_SPACE = ""
"""The key under which a pod's namespace stands among its labels: no label has it."""


def joining_pods(
    changes: Sequence[ObjectChange], before: Sequence[Object], after: Sequence[Object]
) -> Iterator[tuple[str, str]]:
    """Yield `Kind/name` of each workload that is new behind a Service, or another selector of pods, beside one that was
    behind it before and stays; with that Service."""
    selectors = {identity_of(each): found for each in before if (found := _selector(each)) is not None}
    former = _Pods([change.before for change in changes if change.before is not None])
    latter = _Pods([change.after for change in changes if change.after is not None])
    sides: list[_Pods] = []
    for service in after:
        then, now = selectors.get(identity_of(service)), _selector(service)
        if then is None or now is None:
            continue
        joined = latter.behind(now) - former.behind(then)
        if joined:
            sides = sides or [_Pods(before), _Pods(after)]
            if sides[0].behind(then) & sides[1].behind(now):
                yield from ((told(each), told(identity_of(service))) for each in sorted(joined))


def found_pods(changes: Sequence[ObjectChange], backends: Mapping[Identity, Backend]) -> Iterator[tuple[str, str]]:
    """Yield `Kind/name` of each workload that is no model's, and whose pods a router finds by their labels and did not
    before; with that router, one of the `backends` after the change."""
    routers = [each for each in backends.values() if each.is_router]
    for change in changes if routers else ():
        if change.after is not None and change.identity not in backends:
            before = change.before or {}
            joined = (each for each in routers if _is_found(change.after, each) and not _is_found(before, each))
            yield from ((change.key, router.key) for router in joined)


def _is_found(obj: Object, router: Backend) -> bool:
    return any(finds_pods(router, labels[_SPACE], labels) for labels in _labels(obj))


class _Pods:
    """The pods of objects, by their labels."""

    def __init__(self, objects: Sequence[Object]) -> None:
        pods = [(identity_of(each), labels) for each in objects for labels in _labels(each)]
        self._owners = [owner for owner, _ in pods]
        self._labelled = Labelled([labels for _, labels in pods])

    def behind(self, selector: Mapping[str, Any]) -> set[Identity]:
        """The objects with pods that a selector selects."""
        return {self._owners[each] for each in numbers(self._labelled.select(selector))}


def _selector(obj: Object) -> dict[str, dict[str, Any]] | None:
    """What an object selects pods by, their namespace among it; None where it selects none."""
    stated = value_at(obj, *_SELECTORS[kind]) if (kind := str(obj.get("kind"))) in _SELECTORS else None
    return {"matchLabels": {**stated, _SPACE: identity_of(obj)[1]}} if isinstance(stated, dict) and stated else None


def _labels(obj: Object) -> Iterator[dict[str, str]]:
    """The labels of each of an object's pods, with their namespace."""
    for template in templates_within(obj):
        texts = {key: value for key, value in pod_labels(template).items() if isinstance(value, str)}
        if texts:
            yield texts | {_SPACE: identity_of(obj)[1]}
