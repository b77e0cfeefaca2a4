"""Metrics that Prometheus reads no more: what had it read the pods goes, or a NetworkPolicy keeps it from them.

A ServiceMonitor has it read the pods behind the Services that it selects, a PodMonitor the pods that it selects
(prometheus-operator, api/monitoring/v1). KEDA takes an empty answer of Prometheus for 0, unless `ignoreNullValues` is
false: then it has no value, and scales nothing (keda.sh, "Prometheus" scaler).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache

from llmstack.kubernetes.keda import measured, zero_for_nothing
from llmstack.kubernetes.pods import Identity, Object, identity_of, value_at
from llmstack.kubernetes.replicas import targets_of_scalers
from llmstack.kubernetes.selectors import Labelled, numbers
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
    pods = [engines[target] for target in targets.values() if target in engines]
    was, now = _Scraped(pods, before), _Scraped(pods, after)
    gone, stays = was.reading(changed), now.reading(has.values())
    for identity, target in targets.items():
        engine, metrics = engines.get(target), measured(scalers[identity])
        if engine is None or not metrics:
            continue
        if engine.identity not in gone or engine.identity in stays:
            continue
        lost = gone[engine.identity]
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
    closed = list(closed_to_other_namespaces(before, after, old, new)) if monitors else []
    read = _Scraped([engine for _, engine in closed], after).reading(monitors.values())
    found: dict[str, list[str]] = {}
    for policy, engine in closed:
        if engine.identity in read:
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


class _Scraped:
    """Engines, and the Services of one side, by which monitors have their metrics read."""

    def __init__(self, engines: Sequence[Backend], objects: Sequence[Object]) -> None:
        self._engines = engines
        self._pods = Labelled([each.labels for each in engines])
        self._services = [obj for obj in objects if obj.get("kind") == "Service"]
        self._labels = Labelled([value_at(obj, "metadata", "labels") or {} for obj in self._services])
        self._behind = cache(self._select)

    def reading(self, monitors: Iterable[Object]) -> dict[Identity, Object]:
        """By engine the first of the monitors that has it read."""
        found: dict[Identity, Object] = {}
        for monitor in monitors:
            selector = value_at(monitor, "spec", "selector") or {}
            if monitor.get("kind") == "PodMonitor":
                pods = list(numbers(self._pods.select(selector)))
            else:
                pods = [each for number in numbers(self._labels.select(selector)) for each in self._behind(number)]
            for engine in (self._engines[each] for each in pods):
                if _covers(monitor, engine.namespace):
                    found.setdefault(engine.identity, monitor)
        return found

    def _select(self, number: int) -> list[int]:
        """The engines behind a Service; one without a selector leads to none."""
        service = self._services[number]
        selector = value_at(service, "spec", "selector") or {}
        pods = numbers(self._pods.select({"matchLabels": selector})) if selector else ()
        return [each for each in pods if self._engines[each].namespace == identity_of(service)[1]]


def _covers(monitor: Object, namespace: str) -> bool:
    """Whether a monitor looks into a namespace: its own, where it names none."""
    where = value_at(monitor, "spec", "namespaceSelector") or {}
    names: Collection[str] = where.get("matchNames") or [identity_of(monitor)[1]]
    return where.get("any") is True or namespace in names
