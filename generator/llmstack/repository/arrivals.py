"""Environments that name another cluster than before: what goes in the one they leave, and what is new where they come.

In both their manifests may be the same: what differs is who applies them.
"""

from __future__ import annotations

from datetime import date

from msgspec.structs import replace

from llmstack.finding import RANK
from llmstack.repository.cases import Case
from llmstack.repository.comparison import Comparison
from llmstack.review.assess import assess
from llmstack.review.compare import compare
from llmstack.review.facts import Facts
from llmstack.review.forecast import GpuPool
from llmstack.review.result import EnvironmentReview
from llmstack.review.rollout.placement import Fixed, gpus_in
from llmstack.review.surroundings import Surroundings
from llmstack.sync.manifests import identify


def arrives(comparison: Comparison, case: Case) -> bool:
    """Whether an environment names another cluster than before, one whose folder was there: a folder that is new may
    be the former one renamed."""
    if case.former is None or "env:" in (case.former[:4], case.home[:4]):
        return False
    return bool(comparison.before.paths(f"clusters/{case.home}"))


def in_its_cluster(comparison: Comparison, case: Case, left: Surroundings | None) -> Case:
    """The environment as the cluster sees it that it is in after the change; `left` is the one that it leaves. Where
    that is the same under another name, what is deleted there and changes is made anew."""
    if arrives(comparison, case):
        return as_new(case)
    return case if left is None or not left.lost else _made_anew(case, left)


def _made_anew(case: Case, left: Surroundings) -> Case:
    stays = (change for change in case.changes if change.before is not None and change.after is not None)
    anew = left.lost.intersection(change.full_identity for change in stays)
    if not anew:
        return case
    units = {unit: [obj for obj in objects if identify(obj) not in anew] for unit, objects in case.units[0].items()}
    remade = tuple(obj for obj in case.objects(0) if identify(obj) in anew)
    return replace(case, units=(units, case.units[1]), changes=compare(units, case.units[1]), remade=remade)


def as_new(case: Case) -> Case:
    """The environment as its new cluster sees it: nothing was there before."""
    return replace(
        case,
        units=({}, case.units[1]),
        folders=({}, case.folders[1]),
        changes=compare({}, case.units[1]),
    )


def _as_left(case: Case) -> Case:
    """The environment as the cluster that it leaves sees it: what its manifests keep is as it was, whatever changes of
    it for the new one."""
    kept = {identify(obj) for obj in case.objects(1)}
    units = {unit: [obj for obj in objects if identify(obj) in kept] for unit, objects in case.units[0].items()}
    return replace(case, units=(case.units[0], units), changes=compare(case.units[0], units))


def review_left(case: Case, rules: Facts, near: Surroundings, today: date) -> EnvironmentReview:
    """What becomes of the environment in the cluster that it leaves, by the acknowledgements of `rules`; `near` is what
    the sync tool there makes of it."""
    left, there = _as_left(case), case.facts[0]
    facts = there, replace(there, acknowledgements=rules.acknowledgements)
    return assess(left.changes, left.objects(0), left.objects(1), *facts, today, near=near)


def joined(left: EnvironmentReview, there: EnvironmentReview, case: Case, remade: Fixed) -> EnvironmentReview:
    """What an environment leaves behind, and what comes of it in its new cluster, as one review. What goes is told
    where it ran, and so are its GPUs where it is in no cluster any more. `remade` had GPUs of the new one before."""
    nowhere = case.home.startswith("env:")
    new = (risk for risk in there.risks if risk.id != "removal" or not left.removed)
    risks = {(risk.id, risk.object, risk.message): risk for risk in (*left.risks, *new)}
    return replace(
        there,
        objects=case.changes,
        gpus=left.gpus if nowhere else tuple(_with_remade(row, remade) for row in there.gpus),
        risks=tuple(sorted(risks.values(), key=lambda risk: RANK[risk.severity])),
        removed=left.removed or there.removed,
        ways=(*left.ways, *(way for way in there.ways if way not in left.ways)),
    )


def _with_remade(row: GpuPool, remade: Fixed) -> GpuPool:
    """A pool with the GPUs that pods took before that are made anew in it."""
    held = gpus_in(remade, (row.pool, row.resource))
    before = row.before + held
    most = None if row.before_max is None else row.before_max + held
    return replace(row, before=before, before_max=most, peak=max(row.peak, before))
