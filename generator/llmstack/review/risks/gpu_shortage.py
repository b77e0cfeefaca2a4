"""The pods need more GPUs after the change than a pool has.

Why it matters: the pods that find no GPU stay Pending, the rollout never finishes, and the sync tool reports a
failure when its timeout is over. Models that run already keep running.

How it is judged: the GPUs that all workloads of the pool request after the change are added up (of a workload that a
scaler owns, those of its least number of replicas) and compared with `gitops.capacity`. A pool with `perNode` is
filled node by node, because a pod gets its GPUs on one node: pods of 5 GPUs fit once on a node of 8. Pools without a
declared capacity are not judged.

Fix: follow the advice: it gives the number of GPUs that are missing, or the number of replicas that fit. If the
cluster has more GPUs than `gitops.capacity` says, correct it there.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.quantities import whole
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.pools import affected_pools
from llmstack.review.rollout.advice import fit_goal, sum_after
from llmstack.review.rollout.play import Played, gpus_of
from llmstack.review.rollout.workload import template_of
from llmstack.review.wording import plural

RISK = Declaration("gpu-shortage", Severity.ERROR, milder=Severity.WARNING)


def find(assessment: Assessment) -> Iterator[Risk]:
    """Pools that hold less than the change asks for: a risk at each workload that asks for more."""
    for pool, verdict in affected_pools(assessment):
        if verdict.shortage:
            needed = sum_after(assessment, pool)
            advice = fit_goal(assessment, pool, needed - pool.count)
            for key in sorted(verdict.stuck) or [f"Pool/{pool.name}"]:
                yield RISK.at(assessment, key, _message(pool, needed), advice)
        elif assessment.most is not None:
            yield from _at_most(assessment, assessment.most, pool)
    for pool in assessment.facts[1].pools:
        yield from _runs(assessment, pool, sum_after(assessment, pool))


def _at_most(assessment: Assessment, most: Played, pool: Pool) -> Iterator[Risk]:
    """Where scalers may ask for more than the pool has, and may ask for more than they could before."""
    key = (pool.name, pool.resource)
    needed, before = gpus_of(most, key), gpus_of(most, key, before=True)
    verdict = most.verdicts.get(key)
    if verdict is None or not verdict.shortage or needed <= before:
        return
    scaled = [
        workload.key
        for workload in most.workloads
        if workload.key in verdict.stuck and (workload.kind, workload.name) in most.owned[1]
    ]
    for subject in scaled or [f"Pool/{pool.name}"]:
        message = f"with scalers at their most, {_message(pool, needed).partition('after the change ')[2]}"
        advice = "Lower the scalers' maximum to what the pool holds, or add GPUs: what finds none stays Pending."
        yield RISK.at(assessment, subject, message, advice, milder=True)


def _runs(assessment: Assessment, pool: Pool, taken: int) -> Iterator[Risk]:
    """Jobs that are added and find less free than one run of them takes."""
    for change in assessment.changes:
        if change.action != "add" or change.after is None or change.kind != "Job":
            continue
        template = template_of(change.after, assessment.facts[1], None)
        pods = whole((change.after.get("spec") or {}).get("parallelism"), 1)
        asked, free = pods * template.total, max(0, pool.count - taken)
        if template.pool == (pool.name, pool.resource) and asked > free:
            message = (
                f"its pods ask for {plural(asked, 'GPU')}, and {free} of {pool.told} in pool `{pool.name}` are free: "
                "they stay Pending"
            )
            advice = "Free the GPUs first, or let it ask for fewer at a time (`parallelism`)."
            yield RISK.at(assessment, f"Job/{change.name}", message, advice)


def _message(pool: Pool, needed: int) -> str:
    message = f"after the change the pods need {plural(needed, 'GPU')} in pool `{pool.name}`, which has {pool.told}"
    if needed > pool.count:
        return message
    return f"{message} on nodes of {pool.per_node}: the pods do not fit on these nodes"
