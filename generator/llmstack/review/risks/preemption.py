"""Pods of another workload are ended to make room for ones of a higher priority.

Why it matters: who loses is not in the change at all: its pods end with the requests they serve, and wait for GPUs
that the others now hold.

How it is judged: the pods after the change need more GPUs of a pool than it has, or a rollout needs a spare set that
is not free, and what waits has a higher priority (PriorityClass) than other pods there. The scheduler then ends those
of the lowest priority first, as many as are needed. An error: a workload loses all of its replicas. Classes that are
not among the manifests, and those with `preemptionPolicy: Never`, are not judged. Its amount is the number of replicas
that end.

Fix: more GPUs, fewer replicas, or the same priority for both.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmstack.finding import Severity
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.priorities import priority_classes, priority_of
from llmstack.kubernetes.replicas import replicas_of, specs_of_replica
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.pools import affected_pools
from llmstack.review.rollout.advice import sum_after
from llmstack.review.rollout.workload import template_of
from llmstack.review.wording import plural

RISK = Declaration("preemption", Severity.ERROR, milder=Severity.WARNING, unit="replicas")


@dataclass(frozen=True, slots=True)
class _Tenant:
    """A workload that takes GPUs of a pool after the change."""

    key: str
    priority: int
    preempts: bool
    replicas: int
    gpus: int


def find(assessment: Assessment) -> Iterator[Risk]:
    """Workloads that lose pods to others."""
    if not any(obj.get("kind") == "PriorityClass" for obj in assessment.after):
        return
    for pool, verdict in affected_pools(assessment):
        if not verdict.deadlock:
            continue
        tenants = [tenant for obj in assessment.after for tenant in _tenant(obj, pool, assessment)]
        winners = [tenant for tenant in tenants if tenant.key in verdict.stuck and tenant.preempts]
        if winners:
            missing = sum_after(assessment, pool) - pool.count
            yield from _lose(assessment, max(winners, key=lambda each: each.priority), tenants, missing)


def _tenant(obj: Object, pool: Pool, assessment: Assessment) -> Iterator[_Tenant]:
    if not is_counted(str(obj.get("kind"))):
        return
    template = template_of(obj, assessment.facts[1], None)
    priority = priority_of(specs_of_replica(obj)[0][0], priority_classes(assessment.after))
    replicas = replicas_of(obj, assessment.owned[1])
    if template.pool == (pool.name, pool.resource) and priority is not None and replicas:
        key = f"{obj['kind']}/{obj['metadata']['name']}"
        yield _Tenant(key, priority.value, priority.preempts, replicas, template.total)


def _lose(assessment: Assessment, winner: _Tenant, tenants: list[_Tenant], missing: int) -> Iterator[Risk]:
    """The tenants below the winner, lowest first, until enough is free: what is missing, or one spare replica."""
    wanted = missing if missing > 0 else winner.gpus
    for tenant in sorted(tenants, key=lambda each: (each.priority, each.key)):
        if wanted <= 0 or tenant.priority >= winner.priority:
            return
        lost = min(tenant.replicas, -(-wanted // tenant.gpus))
        wanted -= lost * tenant.gpus
        named = winner.key.partition("/")[2]
        what = (
            "all its replicas end" if lost == tenant.replicas else f"{lost} of {plural(tenant.replicas, 'replica')} end"
        )
        message = (
            f"{what}, with the requests they serve, and wait for GPUs: `{named}` has a higher priority "
            f"({winner.priority} over {tenant.priority})"
        )
        advice = "Add GPUs, run fewer replicas, or give both the same priority."
        yield RISK.at(assessment, tenant.key, message, advice, milder=lost < tenant.replicas, amount=lost)
