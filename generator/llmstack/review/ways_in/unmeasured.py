"""Metrics that Prometheus reads no more: what had it read the pods goes, or a NetworkPolicy keeps it from them.

A ServiceMonitor has it read the pods behind the Services that it selects, a PodMonitor the pods that it selects
(prometheus-operator, api/monitoring/v1). KEDA takes an empty answer of Prometheus for 0, unless `ignoreNullValues` is
false: then it has no value, and scales nothing (keda.sh, "Prometheus" scaler).
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from llmstack.kubernetes.keda import measured, zero_for_nothing
from llmstack.kubernetes.pods import Identity, Object, identity_of, value_at
from llmstack.kubernetes.replicas import targets_of_scalers
from llmstack.kubernetes.selectors import selects
from llmstack.review.ways_in.backends import Backend
from llmstack.review.ways_in.breaks import Break
from llmstack.review.ways_in.policies import NAMED, closed_to_other_namespaces
from llmstack.review.ways_in.way import Station
from llmstack.review.wording import listed

_MONITORS = ("ServiceMonitor", "PodMonitor")


def unmeasured(
    before: Sequence[Object], after: Sequence[Object], engines: Mapping[Identity, Backend]
) -> Iterator[Break]:
    """Yield the engines whose scaler reads their own metrics, of which no monitor takes any after the change."""
    had, has = _monitors(before), _monitors(after)
    changed = [monitor for identity, monitor in had.items() if monitor != has.get(identity)]
    if not changed:
        return
    targets, scalers = targets_of_scalers(after), {identity_of(obj): obj for obj in after}
    for identity, target in targets.items():
        engine, metrics = engines.get(target), measured(scalers[identity])
        if engine is None or not metrics:
            continue
        lost = next((each for each in changed if _reads(each, engine, before)), None)
        if lost is None or any(_reads(each, engine, after) for each in has.values()):
            continue
        became = (
            "takes that for 0 and goes down to its least" if zero_for_nothing(scalers[identity]) else "stays as it is"
        )
        name = str(lost["metadata"]["name"])
        message = (
            f"its scaler reads `{sorted(metrics)[0]}`, and {lost['kind']}/{name}, by which Prometheus has that of its "
            f"pods, no longer takes it: KEDA {became}, whatever comes"
        )
        way = (Station("ScaledObject", identity[2]), Station("engine", engine.key))
        yield Break(
            engine.key, message, "Keep the monitor, unless something else has the pods read.", milder=True, stations=way
        )


def unscraped(
    before: Sequence[Object],
    after: Sequence[Object],
    old: Mapping[Identity, Backend],
    new: Mapping[Identity, Backend],
) -> Iterator[Break]:
    """Yield the engines of which a monitor has metrics read, and that a NetworkPolicy begins to close to other
    namespaces, where Prometheus mostly is."""
    monitors = _monitors(after)
    closed = closed_to_other_namespaces(before, after, old, new) if monitors else ()
    found: dict[str, list[str]] = {}
    for policy, engine in closed:
        if any(_reads(each, engine, after) for each in monitors.values()):
            found.setdefault(policy, []).append(f"`{engine.model or engine.key}`")
    for policy, engines in found.items():
        message = (
            f"the engines of {listed(engines, NAMED)} take connections from pods of their namespace alone, where the "
            "cluster's network enforces policies: a Prometheus elsewhere reads no metrics of them any more"
        )
        advice = "Let the namespace of Prometheus in: a rule with its `namespaceSelector`."
        yield Break(f"NetworkPolicy/{policy}", message, advice, milder=True)


def _monitors(objects: Sequence[Object]) -> dict[Identity, Object]:
    return {identity_of(obj): obj for obj in objects if obj.get("kind") in _MONITORS}


def _reads(monitor: Object, engine: Backend, objects: Sequence[Object]) -> bool:
    selector = value_at(monitor, "spec", "selector") or {}
    if not _covers(monitor, engine.namespace):
        return False
    if monitor.get("kind") == "PodMonitor":
        return selects(selector, engine.labels)
    return any(
        obj.get("kind") == "Service"
        and identity_of(obj)[1] == engine.namespace
        and selects(selector, value_at(obj, "metadata", "labels") or {})
        and selects({"matchLabels": value_at(obj, "spec", "selector") or {}}, engine.labels)
        for obj in objects
    )


def _covers(monitor: Object, namespace: str) -> bool:
    """Whether a monitor looks into a namespace: its own, where it names none."""
    where = value_at(monitor, "spec", "namespaceSelector") or {}
    names: Collection[str] = where.get("matchNames") or [identity_of(monitor)[1]]
    return where.get("any") is True or namespace in names
