"""A scaler's trigger can never fire.

KEDA divides what the query returns by the threshold, and wants as many replicas. An engine runs no more requests at
once than `--max-num-seqs`, so that a threshold of `vllm:num_requests_running` that is as high is never passed, however
long the queue; `vllm:kv_cache_usage_perc` goes from 0 to 1, not to 100. And a query of a metric that the release does
not export (`vllm:gpu_cache_usage_perc` is gone since 0.12) is empty. Only queries of one metric, summed or averaged,
over some time or not, times or by a number, are judged by their threshold.

Fix: a threshold below what one replica reaches, `vllm:num_requests_waiting`, or the metric's new name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.checks.engines import Asked, engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.engine.defaults import LARGE_CARD, default_batch
from llmstack.engine.triggers import MOST_SEQUENCES, missing_metrics, most_of_one
from llmstack.finding import Route, Severity
from llmstack.model.autoscaling import Keda
from llmstack.objects.autoscaling import is_scaled, triggers

RULE = Declaration("dead-trigger", Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        keda = asked.model.keda
        if keda is None or not is_scaled(asked.model) or (keda.advanced and keda.advanced.scaling_modifiers):
            continue
        for number, trigger in enumerate(triggers(subject.stack, asked.model, keda)):
            yield from _judge(asked, keda, trigger, _route(asked, keda, number))


def _route(asked: Asked, keda: Keda, number: int) -> Route:
    if isinstance(keda.triggers, list):
        return (*asked.route, "keda", "triggers", number)
    return (*asked.route, "keda", "triggers") if keda.triggers else (*asked.route, "keda")


def _judge(asked: Asked, keda: Keda, trigger: dict[str, Any], route: Route) -> Iterator[Problem]:
    metadata = trigger.get("metadata")
    if trigger.get("type") != "prometheus" or not isinstance(metadata, dict):
        return
    query = metadata.get("query")
    if not isinstance(query, str):
        return
    for metric, where in missing_metrics(query, asked.releases):
        yield Problem(
            f"vLLM {asked.releases[0]} exports no `{metric}`: {where}", route, help="query a metric that it has"
        )
        return
    threshold, found = _number(metadata.get("threshold")), most_of_one(query, _sequences(asked))
    # of a plain value the whole is compared, and two replicas may pass it together
    of_each = trigger.get("metricType") in (None, "", "AverageValue") or (keda.min_replica_count or 0) <= 1
    if found is not None and threshold is not None and of_each and threshold >= found[1]:
        metric, most = found
        message = f"{metric} of one replica is at most {most:g}: a threshold of {threshold:g} is never passed"
        yield Problem(message, route, help=f"a threshold below {most:g}")


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
