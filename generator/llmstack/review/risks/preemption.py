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
from llmstack.kubernetes.priorities import Classes, priority_classes, priority_of
from llmstack.kubernetes.replicas import Scalers, replicas_of, scalers, specs_of_replica
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.pools import affected_pools
from llmstack.review.rollout.advice import sum_after
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.play import gpus_of
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
    """Workloads that lose pods to others, with scalers at their least, or else at their most."""
    around = [each for _, each in assessment.near.objects]
    classes = priority_classes([*assessment.after, *around])
    if len(classes) == 1:
        return
    for pool, verdict in affected_pools(assessment):
        most = assessment.most
        if verdict.deadlock:
            needed = sum_after(assessment, pool)
            yield from _found(assessment, pool, verdict, classes, assessment.owned[1], needed - pool.count)
        elif most is not None and (at_most := most.verdicts.get((pool.name, pool.resource))) is not None:
            needed = gpus_of(most, (pool.name, pool.resource))
            if needed > gpus_of(most, (pool.name, pool.resource), before=True):
                yield from _found(
                    assessment,
                    pool,
                    at_most,
                    classes,
                    most.owned[1],
                    needed - pool.count,
                    "with scalers at their most, ",
                )


def _found(
    assessment: Assessment,
    pool: Pool,
    verdict: Verdict,
    classes: Classes,
    owned: Scalers,
    missing: int,
    when: str = "",
) -> Iterator[Risk]:
    if not verdict.deadlock:
        return
    tenants = list(_tenants(assessment, pool, classes, owned))
    winners = [tenant for tenant in tenants if tenant.key in verdict.stuck and tenant.preempts]
    if winners:
        yield from _lose(assessment, max(winners, key=lambda each: each.priority), tenants, missing, when)


def _tenants(assessment: Assessment, pool: Pool, classes: Classes, owned: Scalers) -> Iterator[_Tenant]:
    """What takes GPUs of a pool after the change, in all environments of the cluster."""
    others = scalers([obj for _, obj in assessment.near.objects])
    for environment, obj in (*(("", obj) for obj in assessment.after), *assessment.near.objects):
        if not is_counted(str(obj.get("kind"))):
            continue
        template = template_of(obj, assessment.facts[1], None)
        priority = priority_of(specs_of_replica(obj)[0][0], classes)
        replicas = replicas_of(obj, others if environment else owned)
        if template.pool == (pool.name, pool.resource) and priority is not None and replicas:
            name = f"{environment}/{obj['metadata']['name']}" if environment else obj["metadata"]["name"]
            yield _Tenant(f"{obj['kind']}/{name}", priority.value, priority.preempts, replicas, template.total)


def _lose(assessment: Assessment, winner: _Tenant, tenants: list[_Tenant], missing: int, when: str) -> Iterator[Risk]:
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
            f"{when}{what}, with the requests they serve, and wait for GPUs: `{named}` has a higher priority "
            f"({winner.priority} over {tenant.priority})"
        )
        advice = "Add GPUs, run fewer replicas, or give both the same priority."
        yield RISK.at(assessment, tenant.key, message, advice, milder=bool(when) or lost < tenant.replicas, amount=lost)
