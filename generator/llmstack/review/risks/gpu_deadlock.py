"""A rollout waits for GPUs that only its own progress would free.

Why it matters: a Deployment with `maxSurge: 1` and `maxUnavailable: 0` starts a new pod before it removes an old one.
If no GPUs are free for the new pod, it stays Pending, the old pod stays, and the rollout hangs without an error: half
of the models may run the new version and half the old one until somebody notices. Several rollouts in one pool can
also take each other's freed GPUs.

How it is judged: every order counts in which the controllers act and the pods are scheduled, start and end, with the
GPUs of `gitops.capacity` and the pods that do not change; a unit that waits for others (`dependsOn`) keeps its pods as
they were until those are ready. An error: the rollout hangs in every order. A warning: it hangs in some orders, or with
scalers at their most, or it is not known whether any single node has enough free GPUs. Pools without a declared
capacity are not judged. Its amount is the number of GPUs that are missing for the next replica.

Fix: follow the advice: each proposal was judged in the same way and finishes in every order. Usual ones are
`strategy: {rollingUpdate: {maxSurge: 0, maxUnavailable: 1}}`, which costs one replica meanwhile, or several commits.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.workloads import WORKLOADS
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.pools import affected_pools
from llmstack.review.rollout.advice import sum_after, way_through
from llmstack.review.rollout.deadlock import Verdict
from llmstack.review.rollout.endless import stopped_by
from llmstack.review.rollout.gpus import taken_of
from llmstack.review.rollout.placement import PoolKey, gpus_in
from llmstack.review.rollout.play import Played, gpus_of
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import plural

RISK = Declaration("gpu-deadlock", Severity.ERROR, milder=Severity.WARNING, unit="GPUs")


def find(assessment: Assessment) -> Iterator[Risk]:
    """Pools that hold the pods after the change, while a rollout cannot get there: at each workload that hangs, or
    may."""
    stopped = stopped_by(assessment.obstacles)  # whatever becomes of the GPUs
    for pool, verdict in affected_pools(assessment):
        if verdict.deadlock and not verdict.shortage:
            advice = way_through(assessment, pool, verdict)
            for workload in assessment.workloads:
                if verdict.stops(workload) and workload.identity not in stopped:
                    message = _message(assessment, pool, verdict, workload)
                    size = workload.new.total if workload.new is not None else 0
                    missing = size - (pool.count - sum_after(assessment, pool))
                    amount = missing if missing > 0 else None
                    yield RISK.at(workload.key, message, advice, milder=not verdict.certain, amount=amount)
        elif assessment.most is not None and not verdict.shortage:
            yield from _at_most(assessment, assessment.most, pool)


def _at_most(assessment: Assessment, most: Played, pool: Pool) -> Iterator[Risk]:
    """Rollouts that may wait for GPUs which scalers at their most have asked for."""
    key = (pool.name, pool.resource)
    verdict = most.verdicts.get(key)
    if verdict is None or not verdict.deadlock:
        return
    needed = gpus_of(most, key)
    for workload in most.workloads:
        if workload.rolls and workload.new is not None and workload.new.pool == key:
            message = (
                f"the rollout may never finish while scalers are at their most: the pods then need {needed} of "
                f"{plural(pool.count, 'GPU')} in pool `{pool.name}`, and others may take what a replica waits for"
            )
            advice = "Merge when few replicas run, or lower the scalers' maximum to what the pool holds."
            yield RISK.at(workload.key, message, advice, milder=True)


def _message(assessment: Assessment, pool: Pool, verdict: Verdict, workload: Workload) -> str:
    certain = verdict.certain and workload.identity not in verdict.undecided
    never = f"the rollout {'never finishes' if certain else 'may never finish'}"
    spare = pool.count - sum_after(assessment, pool)
    later = _freed_later(assessment, pool, workload)
    if later:
        held = f"`{later[0].model or later[0].name}` frees GPUs of pool `{pool.name}` only once this one is ready"
        return f"{never}: {held} (its unit `{later[0].unit}` waits for `{workload.unit}`, `dependsOn`)"
    size = workload.new.total if workload.new is not None else 0
    needs = plural(size, "GPU")
    free = f"after the change {spare} of {pool.count} GPUs in pool `{pool.name}` {'is' if spare == 1 else 'are'} free"
    if workload.held_up and WORKLOADS[workload.kind].replaces == "beside":
        cause = f"a second cluster ({needs}) must be ready before the first is removed, and {free}"
    elif workload.held_up:
        cause = (
            f"a new replica ({needs}) must be ready before an old one is removed (maxSurge {workload.surge}, "
            f"maxUnavailable 0), and {free}{_though_free(assessment, pool) if size <= spare else ''}"
        )
    else:
        cause = f"other rollouts may take the GPUs that a replica ({needs}) waits for in pool `{pool.name}`"
    return f"{never}: {cause}"


def _though_free(assessment: Assessment, pool: Pool) -> str:
    """Why GPUs that are free may not be enough."""
    leaving = gpus_in(assessment.least.leaving, (pool.name, pool.resource))
    if leaving:
        return f", once pods that hold {leaving} more are gone (of rollouts in progress, or terminating)"
    return ", possibly not enough on any one node"


def _freed_later(assessment: Assessment, pool: Pool, workload: Workload) -> list[Workload]:
    """What gives GPUs of a pool back, in units that wait for the workload's own, where they would do."""
    key = (pool.name, pool.resource)
    spare = pool.count - sum_after(assessment, pool)
    if spare < (workload.new.total if workload.held_up and workload.new is not None else 0):
        return []
    units = assessment.near.queue.behind(workload.unit)
    behind = [each for each in assessment.workloads if each.unit in units and each.move != "remove"]
    return [
        each
        for each in behind
        if each.old is not None and taken_of(each.old, key) * each.before > _taken_after(each, key)
    ]


def _taken_after(workload: Workload, pool: PoolKey) -> int:
    return taken_of(workload.new, pool) * workload.after if workload.new is not None else 0
