"""Pods of another workload are ended to make room for ones of a higher priority.

Why it matters: who loses is not in the change at all: its pods end with the requests they serve, and wait for GPUs
that the others now hold.

How it is judged: the pods after the change need more GPUs of a pool than it has, or a rollout needs a spare set that
is not free, and what waits has a higher priority (PriorityClass) than other pods there. The scheduler then ends those
of the lowest priority first, as many as are needed, and the rollout goes on: that is no deadlock. An error: a workload
loses all of its replicas. Classes that neither the manifests nor facts/ have are not judged; those with
`preemptionPolicy: Never` end nobody. A warning too: the cluster's default class comes, goes or changes; pods that stay
keep what they have. Its amount is the number of replicas that end.

Fix: more GPUs, fewer replicas, or the same priority for both.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.pods import told, value_at
from llmstack.kubernetes.priorities import priority_classes
from llmstack.kubernetes.replicas import Scalers
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.pools import affected_pools
from llmstack.review.rollout.advice import sum_after
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.play import gpus_of
from llmstack.review.rollout.tenants import Tenant, tenants_of_sides, who_loses
from llmstack.review.wording import plural

RISK = Declaration("preemption", Severity.ERROR, milder=Severity.WARNING, unit="replicas")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Workloads that lose pods to others, with scalers at their least, or else at their most."""
    yield from _of_default(assessment)
    for pool, judged in affected_pools(assessment):
        verdict = assessment.blind.get((pool.name, pool.resource), judged)
        most = assessment.most
        if verdict.deadlock:
            needed = sum_after(assessment, pool)
            yield from _found(assessment, pool, verdict, assessment.least.owned, needed - pool.count)
        elif most is not None and (at_most := most.verdicts.get((pool.name, pool.resource))) is not None:
            needed = gpus_of(most, (pool.name, pool.resource))
            if needed > gpus_of(most, (pool.name, pool.resource), before=True):
                yield from _found(
                    assessment,
                    pool,
                    at_most,
                    most.owned,
                    needed - pool.count,
                    "with scalers at their most, ",
                )


def _of_default(assessment: Assessment) -> Iterator[Risk]:
    """A class that becomes the default of the cluster, or is it no longer, or with another value: pods that run keep
    what they have (kubernetes.io, "Pod Priority and Preemption", PriorityClass)."""
    others = [obj for _, obj in assessment.near.objects]
    values = [priority_classes([*side, *others])[""] for side in (assessment.before, assessment.after)]
    changes = [change for change in assessment.changes if change.kind == "PriorityClass"]
    for change in changes if values[0] != values[1] else ():
        if any(value_at(side, "globalDefault") is True for side in (change.before, change.after)):
            message = (
                f"pods of the whole cluster that name no class start with priority {values[1].value} from now on, and "
                f"had {values[0].value}: those that run keep that, so that whatever restarts next may end them, or be "
                "ended by them"
            )
            advice = "Name the class where it is meant (`priorityClassName`), and leave the cluster's default alone."
            yield RISK.at(change.key, message, advice, milder=True)


def _found(
    assessment: Assessment,
    pool: Pool,
    verdict: Verdict,
    owned: tuple[Scalers, Scalers],
    missing: int,
    when: str = "",
) -> Iterator[Risk]:
    if not verdict.deadlock:
        return
    tenants = _in(assessment, pool, owned)
    winners = [tenant for tenant in tenants if tenant.identity in verdict.stuck and tenant.preempts]
    if winners:
        yield from _lose(assessment, max(winners, key=lambda each: each.priority), tenants, missing, when)


def _in(assessment: Assessment, pool: Pool, owned: tuple[Scalers, Scalers]) -> list[Tenant]:
    """What takes GPUs of a pool after the change, in all environments of the cluster; nothing where all have one
    priority."""
    moving = {workload.identity for workload in assessment.workloads}
    objects, facts = (assessment.before, assessment.after), assessment.facts[1]
    sides = tenants_of_sides(objects, assessment.near.objects, facts, owned, moving)
    return [] if sides is None else [each for each in sides[1].values() if each.pool == (pool.name, pool.resource)]


def _lose(assessment: Assessment, winner: Tenant, tenants: list[Tenant], missing: int, when: str) -> Iterator[Risk]:
    """The tenants below the winner, lowest first, until enough is free: what is missing, or one spare replica. One that
    only comes serves nobody yet: it waits (`gpu-shortage`)."""
    new = {workload.identity for workload in assessment.workloads if not workload.before}
    for tenant, lost in who_loses(winner, tenants, missing):
        if tenant.identity in new:
            continue
        named = winner.identity[2]
        some = f"{lost} of {plural(tenant.replicas, 'replica')} {'ends' if lost == 1 else 'end'}"
        what = "all its replicas end" if lost == tenant.replicas else some
        message = (
            f"{when}{what}, with the requests they serve, and wait for GPUs: `{named}` has a higher priority "
            f"({winner.priority} over {tenant.priority})"
        )
        advice = "Add GPUs, run fewer replicas, or give both the same priority."
        is_part = bool(when) or lost < tenant.replicas
        yield RISK.at(told(tenant.identity), message, advice, milder=is_part, amount=lost)
