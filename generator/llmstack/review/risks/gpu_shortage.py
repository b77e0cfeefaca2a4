"""The pods need more GPUs after the change than a pool has.

Why it matters: the pods that find no GPU stay Pending, the rollout never finishes, and the sync tool reports a
failure when its timeout is over. Models that run already keep running.

How it is judged: the GPUs that all workloads of the pool request after the change are added up, with scalers at their
least (none, where KEDA scales to zero) and at their most, and compared with `gitops.capacity`. A pool that is short
only at the most is a warning. A pool with `perNode` is filled node by node, because a pod gets its GPUs on one node:
pods of 5 GPUs fit once on a node of 8. Pools without a declared capacity are not judged. Of several rollouts that ask
for more, each of which would find it were it first, one at least never ends: which one is a race, and is said to be; a
rollout that gives up GPUs beside pods that wait for some is one of them. A Job that begins may wait, or others for its
end (a warning where that is but for a moment of theirs). Its amount is the number of GPUs that are missing.

Fix: follow the advice: it gives the fewest GPUs, or whole nodes, and the most replicas that were found to fit. If the
cluster has more GPUs than `gitops.capacity` says, correct it there.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.kubernetes.pods import told
from llmstack.review.facts import Pool
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.risks.pools import affected_pools
from llmstack.review.rollout.advice import sum_after
from llmstack.review.rollout.gpus import taken_of
from llmstack.review.rollout.per_node import further_pods, pods_at_a_time
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.play import Played, gpus_of
from llmstack.review.rollout.shortfall import fit_goal, fit_most, misfit
from llmstack.review.rollout.template import template_of
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import listed, plural

RISK = Declaration("gpu-shortage", Severity.ERROR, milder=Severity.WARNING, unit="GPUs")
_RACE = ": at least one rollout never ends, and whether it is this one is a race"


def find(assessment: Assessment) -> Iterator[Risk]:
    """Pools that hold less than the change asks for: a risk at each workload that asks for more."""
    for pool, verdict in affected_pools(assessment):
        if verdict.shortage:
            needed = gpus_of(assessment.rested, (pool.name, pool.resource))
            advice = fit_goal(assessment, pool)
            races = frozenset(map(told, verdict.undecided))
            for key in sorted(map(told, verdict.stuck)) or [f"Pool/{pool.name}"]:
                message = _message(assessment.least, pool, needed) + _more(assessment, pool, needed)
                race = _RACE if key in races else ""
                yield RISK.at(key, message + race, advice, amount=_missing(pool, needed))
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
        workload.key for workload in most.workloads if verdict.stops(workload) and workload.identity in most.owned[1]
    ]
    fewest = gpus_of(assessment.rested, key)
    least = f"; at their least {fewest}" if fewest < needed else ""
    message = f"with scalers at their most, {_message(most, pool, needed).partition('after the change ')[2]}{least}"
    advice = fit_most(most, pool)
    for subject in scaled or [f"Pool/{pool.name}"]:
        yield RISK.at(subject, message, advice, milder=True, amount=_missing(pool, needed))


def _runs(assessment: Assessment, pool: Pool, taken: int) -> Iterator[Risk]:
    """Jobs that begin, or begin to run more pods at a time, and find less free than these take."""
    for change in assessment.changes:
        pods = further_pods(change)
        if change.after is None or not pods or change.identity in assessment.applied.refused:
            continue
        template = template_of(change.after, assessment.facts[1], None)
        own = pods_at_a_time(change.before) * template.total
        asked, free = pods * template.total, max(0, pool.count - taken - own)
        if template.pool != (pool.name, pool.resource):
            continue
        making = _making(assessment, template.pool)
        spare = sum(taken for each, taken in making if each.held_up)
        if asked + spare > free:
            waits = pods - free // template.total
            who = "they stay" if waits == pods else f"{waits} of {pods} stay{'s' if waits == 1 else ''}"
            message = (
                f"{'further' if change.before else 'its'} pods ask for {plural(asked, 'GPU')}, and {free} of "
                f"{pool.told} in pool `{pool.name}` are free: "
            )
            waiting = [f"{who} Pending"] if asked > free else []
            if making:
                pods_of = f"pods of {listed([f'`{each.name}`' for each, _ in making], 3)}"
                do = "do" if waiting else f"that need {spare} more for a moment stay Pending"
                waiting.append(f"{pods_of} {do} until it has ended, where its own come first")
            advice = "Free the GPUs first, or let it ask for fewer at a time (`parallelism`)."
            subject, missing = f"Job/{change.name}", asked + spare - free
            yield RISK.at(subject, message + ", or ".join(waiting), advice, amount=missing, milder=asked <= free)


def _making(assessment: Assessment, pool: PoolKey) -> list[tuple[Workload, int]]:
    """The workloads that make pods with GPUs of a pool, and how many each takes: pods that come before them have the
    GPUs, also those that a rollout has just given up."""
    makes = (
        each for each in assessment.workloads if each.after > each.before or (each.move == "restart" and each.after)
    )
    found = [(each, taken_of(each.new, pool)) for each in makes if each.new is not None]
    return [(each, taken) for each, taken in found if taken]


def _more(assessment: Assessment, pool: Pool, needed: int) -> str:
    """What the pods need with scalers at their most, where that is more."""
    if assessment.most is None:
        return ""
    most = gpus_of(assessment.most, (pool.name, pool.resource))
    return f", and {plural(most, 'GPU')} with scalers at their most" if most > needed else ""


def _missing(pool: Pool, needed: int) -> int | None:
    """None where the GPUs are there, and not on one node."""
    return needed - pool.count if needed > pool.count else None


def _message(played: Played, pool: Pool, needed: int) -> str:
    message = f"after the change the pods need {plural(needed, 'GPU')} in pool `{pool.name}`, which has {pool.told}"
    return message + misfit(played, pool, enough=needed <= pool.count)
