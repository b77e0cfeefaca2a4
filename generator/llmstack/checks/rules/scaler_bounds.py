"""A scaler is to keep more replicas than it may have.

KEDA's admission webhook refuses a ScaledObject whose `minReplicaCount` is over its `maxReplicaCount` (100 by default),
or whose `idleReplicaCount` is not under its `minReplicaCount`; the API server refuses a HorizontalPodAutoscaler whose
`minReplicas` is over its `maxReplicas` (ValidateHorizontalPodAutoscalerSpec, k8s.io/kubernetes
pkg/apis/autoscaling/validation).

Fix: raise the most, or lower the least.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.kubernetes.keda import broken_bounds
from llmstack.objects.autoscaling import is_scaled

RULE = Declaration("scaler-bounds", Severity.ERROR)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        keda = model.keda
        if keda is not None and is_scaled(model):
            counts = keda.min_replica_count, keda.max_replica_count, keda.idle_replica_count
            for key, message in broken_bounds(*counts):
                yield Problem(f"{message}: KEDA refuses it", (*at, "keda", key), help="change one of the two")
    router = subject.stack.router_spec
    least, most = router.autoscaling.min_replicas or 1, router.autoscaling.max_replicas or 1
    if router.enable_router and router.autoscaling.enabled and least > most:
        message = f"`minReplicas` ({least}) is more than `maxReplicas` ({most}): the API server refuses it"
        yield Problem(message, ("routerSpec", "autoscaling", "minReplicas"), help="change one of the two")
