"""A scaler's trigger can never fire.

KEDA divides what the query returns by the threshold, and wants as many replicas. An engine runs no more requests at
once than `--max-num-seqs`, so that a threshold of `vllm:num_requests_running` that is as high is never passed, however
long the queue; `vllm:kv_cache_usage_perc` goes from 0 to 1, not to 100. And a query of a metric that the release does
not export (`vllm:gpu_cache_usage_perc` is gone since 0.12, `vllm:num_request_waiting` never was) is empty. Only queries
of one metric, summed or averaged, over some time or not, times or by a number, are judged by their threshold. Scalers
among extraObjects are judged where they name an engine's workload: of a HorizontalPodAutoscaler metrics of pods and
external ones that are called as vLLM calls them (`vllm_num_requests_running`), by the average that they aim at.

Fix: a threshold below what one replica reaches, `vllm:num_requests_waiting`, or the metric's new name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.checks.engines import Asked, engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.defaults import LARGE_CARD, default_batch
from llmstack.engine.triggers import MOST_SEQUENCES, missing_metrics, most_of_one
from llmstack.finding import Route, Severity
from llmstack.fit.changes import workload_of
from llmstack.kubernetes.pods import value_at
from llmstack.kubernetes.quantities import quantity, whole
from llmstack.model.autoscaling import Keda
from llmstack.model.stack import Stack
from llmstack.objects.autoscaling import is_scaled, triggers

RULE = Declaration("dead-trigger", Severity.WARNING)


class Trigger(Struct, frozen=True):
    """What a scaler asks: a query, and the number that each replica, or all of them together, has to pass."""

    route: Route
    query: str
    threshold: float | None
    of_each: bool
    is_query: bool = True
    """Whether Prometheus is asked; else it is the name of a metric that an adapter made of a query."""


def run(subject: Subject) -> Iterator[Problem]:
    for each in engines(subject):
        for trigger in _of_values(subject.stack, each):
            yield from _judge(each, trigger)
    scalers = [(route, obj) for route, obj in subject.extra_objects() if str(obj.get("kind")) in SCALERS]
    by_workload = {workload_of(subject.stack, each.model): each for each in engines(subject)} if scalers else {}
    for route, obj in scalers:
        named = value_at(obj, "spec", "scaleTargetRef")
        target = f"{value_at(named, 'kind') or 'Deployment'}/{value_at(named, 'name')}"
        if target in by_workload:
            for trigger in SCALERS[obj["kind"]](obj["spec"], (*route, "spec")):
                yield from _judge(by_workload[target], trigger)


def _of_values(stack: Stack, asked: Asked) -> Iterator[Trigger]:
    """The triggers that a model's values say."""
    keda = asked.model.keda
    if keda is None or not is_scaled(asked.model) or (keda.advanced and keda.advanced.scaling_modifiers):
        return
    for number, trigger in enumerate(triggers(stack, asked.model, keda)):
        yield from _of_keda(trigger, _route(asked, keda, number), keda.min_replica_count or 0)


def _route(asked: Asked, keda: Keda, number: int) -> Route:
    if isinstance(keda.triggers, list):
        return (*asked.route, "keda", "triggers", number)
    return (*asked.route, "keda", "triggers") if keda.triggers else (*asked.route, "keda")


def _of_scaled_object(spec: Mapping[str, Any], route: Route) -> Iterator[Trigger]:
    """The triggers of a ScaledObject."""
    found = spec.get("triggers")
    if not value_at(spec, "advanced", "scalingModifiers"):
        for number, trigger in enumerate(found if isinstance(found, list) else ()):
            if isinstance(trigger, dict):
                yield from _of_keda(trigger, (*route, "triggers", number), whole(spec.get("minReplicaCount"), 0))


def _of_keda(trigger: Mapping[str, Any], route: Route, least: int) -> Iterator[Trigger]:
    """One trigger of KEDA, with the fewest replicas: of a plain value the whole is compared, and two may pass it
    together."""
    metadata = trigger.get("metadata")
    query = metadata.get("query") if isinstance(metadata, dict) else None
    if trigger.get("type") == "prometheus" and isinstance(metadata, dict) and isinstance(query, str):
        of_each = trigger.get("metricType") in (None, "", "AverageValue") or least <= 1
        yield Trigger(route, query, _number(metadata.get("threshold")), of_each)


def _of_autoscaler(spec: Mapping[str, Any], route: Route) -> Iterator[Trigger]:
    """The metrics of a HorizontalPodAutoscaler (autoscaling/v2) that pods, or something outside, report."""
    found = spec.get("metrics")
    for number, metric in enumerate(found if isinstance(found, list) else ()):
        for kind in ("pods", "external"):
            name, target = value_at(metric, kind, "metric", "name"), value_at(metric, kind, "target")
            average = value_at(target, "averageValue")
            stated = average if average is not None else value_at(target, "value")
            if isinstance(name, str) and stated is not None:
                amount = quantity(str(stated))
                of_each = average is not None or whole(spec.get("minReplicas"), 1) <= 1
                threshold = None if amount is None else float(amount)
                yield Trigger((*route, "metrics", number), _as_vllm(name), threshold, of_each, is_query=False)


def _as_vllm(name: str) -> str:
    """The metric that an adapter's name is of, where it only writes `_` for the colon."""
    return name.replace("vllm_", "vllm:", 1) if name.startswith("vllm_") else name


SCALERS: Mapping[str, Callable[[Mapping[str, Any], Route], Iterator[Trigger]]] = {
    "ScaledObject": _of_scaled_object,
    "HorizontalPodAutoscaler": _of_autoscaler,
}


def _judge(asked: Asked, trigger: Trigger) -> Iterator[Problem]:
    for metric, where in missing_metrics(trigger.query, asked.releases) if trigger.is_query else ():
        yield Problem(
            f"vLLM {asked.releases[0]} exports no `{metric}`: {where}", trigger.route, help="query a metric that it has"
        )
        return
    threshold, found = trigger.threshold, most_of_one(trigger.query, _sequences(asked))
    if found is not None and threshold is not None and trigger.of_each and threshold >= found[1]:
        metric, most = found
        message = f"{metric} of one replica is at most {most:g}: a threshold of {threshold:g} is never passed"
        yield Problem(message, trigger.route, help=f"a threshold below {most:g}")


def _sequences(asked: Asked) -> int:
    """Requests that one replica runs at once, at most."""
    question = asked.question
    given, card = question.settings.sequences, question.card
    if given is None and card is not None and (card.memory or (card.at_most or LARGE_CARD) < LARGE_CARD):
        given = default_batch(card, question.match.catalogue.release.minor).sequences
    return (given or MOST_SEQUENCES) * question.settings.data


def _number(text: Any) -> float | None:
    try:
        return float(str(text))
    except ValueError:
        return None
