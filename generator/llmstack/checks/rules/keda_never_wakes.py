"""KEDA takes the model to zero replicas, and no trigger can bring it back.

With `minReplicaCount` 0 (KEDA's default) or `idleReplicaCount: 0` the last pod goes when nothing waits. Then nothing
reports the metrics of the engine's pods: a query of `vllm:num_requests_waiting`, the default, is empty for ever, and
CPU and memory cannot wake either (keda.sh, "CPU" and "Memory" scalers). What arrives while there is no engine is
counted by the router alone: `vllm:num_incoming_requests_total` (vllm-project/production-stack, pull request 679 and
issue 1003).

Fix: `minReplicaCount: 1`, or a trigger on a metric of the router, of a queue, or on a schedule.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.kubernetes.keda import can_wake_any
from llmstack.model.autoscaling import Keda
from llmstack.objects.autoscaling import is_scaled, triggers

RULE = Declaration("keda-never-wakes", Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        keda = model.keda
        if keda is None or not is_scaled(model) or not _reaches_zero(keda):
            continue
        if not can_wake_any(triggers(subject.stack, model, keda)):
            key = "idleReplicaCount" if keda.idle_replica_count == 0 else "minReplicaCount"
            message = f"`{model.name}` can scale to zero, and then no trigger can wake it: its own pods report to all"
            help = "set `minReplicaCount: 1`, or a trigger on the router's vllm:num_incoming_requests_total"
            yield Problem(message, (*at, "keda", key), help)


def _reaches_zero(keda: Keda) -> bool:
    return keda.idle_replica_count == 0 or not keda.min_replica_count
