"""ResourceQuotas among the objects that the pods of a change, or their claims, exceed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from math import floor

from llmstack.kubernetes.limit_ranges import Amounts, amounts_in, defaults_of
from llmstack.kubernetes.pods import Identity, Object, identity_of, value_at
from llmstack.kubernetes.quotas import claimed, missing, selects, totals_of, used
from llmstack.kubernetes.workloads import is_lasting
from llmstack.review.rollout.obstacles.case import Case, Hangs, Obstacle, Scene
from llmstack.review.rollout.obstacles.volumes import claims_of


def find(case: Case) -> Iterator[Obstacle]:
    """What a quota of the namespace refuses."""
    comes = case.makes_beside or case.is_restart
    if comes or case.scene.most.get(case.workload.identity, 0) > case.workload.replicas:
        yield from _over_quotas(case)
    if comes:
        yield from _refused_claims(case)


def late(cases: Iterable[Case], scene: Scene) -> frozenset[Identity]:
    """The workloads of which a quota lets new pods in only once others are gone: one that terminates counts until its
    grace period is over (pkg/quota/v1/evaluator/core/pods.go, `QuotaV1Pod`), and what was refused is tried again ever
    more seldom (pkg/controller/replicaset, its rate limiter)."""
    asked: dict[tuple[Identity, str], dict[Identity, Fraction]] = {}
    limits = {}
    for case in cases:
        defaults = defaults_of(case.of_kind("LimitRange"))
        for quota in scene.quotas.get(case.workload.namespace, ()):
            hard = amounts_in(value_at(quota, "spec", "hard")) if selects(quota, case.pod, defaults) else {}
            for name, amount in used(case.pod, defaults).items() if hard else ():
                if name in hard and amount:
                    limits[identity_of(quota), name] = quota, hard[name]
                    asked.setdefault((identity_of(quota), name), {})[case.workload.identity] = amount * _spare(case)
    return frozenset(
        key
        for (quota, name), spare in asked.items()
        if sum(spare.values()) + _going(scene, limits[quota, name][0])[name]
        > limits[quota, name][1] - scene.quota_totals[quota][name]
        for key in spare
    )


def _spare(case: Case) -> int:
    """Its pods beyond the goal at a time: those made before others go, and those that terminate meanwhile."""
    workload = case.workload
    return workload.surge + workload.unavailable if case.is_restart else 0


def _going(scene: Scene, quota: Object) -> Mapping[str, Fraction]:
    """What workloads that the change removes count for in a quota."""
    there = {identity_of(obj) for obj in scene.after}
    space = identity_of(quota)[1]
    gone = (obj for obj in scene.before if identity_of(obj)[1] == space and identity_of(obj) not in there)
    return totals_of(quota, (obj for obj in gone if is_lasting(str(obj.get("kind")))))


def _over_quotas(case: Case) -> Iterator[Obstacle]:
    """Pods that a ResourceQuota refuses: those of the goal, or the one that a rollout needs before it releases any
    (pkg/quota/v1/evaluator/core/pods.go). Of several the first, one that refuses them for sure before others."""
    quotas = case.scene.quotas.get(case.workload.namespace, ())
    found = [obstacle for quota in quotas if (obstacle := _refused_by(quota, case)) is not None]
    yield from sorted(found, key=lambda each: not each.certain)[:1]


def _refused_by(quota: Object, case: Case) -> Obstacle | None:
    """The first limit of a quota that a workload's pods meet."""
    defaults = defaults_of(case.of_kind("LimitRange"))
    if not selects(quota, case.pod, defaults):
        return None
    hard = amounts_in(value_at(quota, "spec", "hard"))
    if unsaid := _unsaid(quota, case, hard, defaults):
        return unsaid
    totals = case.scene.quota_totals[identity_of(quota)]
    limited = ((name, amount) for name, amount in used(case.pod, defaults).items() if name in hard)
    met = (_met(case, quota, name, amount, hard[name] - totals[name]) for name, amount in limited)
    return next(filter(None, met), None)


def _unsaid(quota: Object, case: Case, hard: Amounts, defaults: Mapping[str, Amounts]) -> Obstacle | None:
    """An amount that every container must state, and one does not. A LimitRange of the cluster may state it, of which
    nothing is known: it does where the pods before the change got in without."""
    unsaid = missing(case.pod, hard, defaults)
    stands = identity_of(quota) in case.scene.standing
    if not unsaid or (stands and case.was is not None and missing(case.pod_before, hard, defaults)):
        return None
    message = f"ResourceQuota `{identity_of(quota)[2]}` lets no pod in that does not state `{unsaid[0]}`"
    advice = "State it for each container, or add a LimitRange with defaults."
    if stands:
        return Obstacle(f"{message}, where no LimitRange of the namespace does", advice, "unknown")
    return Obstacle(f"{message}: the API server refuses it", advice, "always", room=0)


def _met(case: Case, quota: Object, name: str, amount: Fraction, left: Fraction) -> Obstacle | None:
    """What stands in the way of a workload's pods, of which each counts for an amount, where all pods together leave
    so much of a quota."""
    extra = amount if case.workload.held_up else Fraction()
    others = case.others_of(quota).get(name, Fraction())
    scaled = max(0, case.scene.most.get(case.workload.identity, 0) - case.workload.replicas) * amount
    if amount and left - extra < 0:
        return _over_quota(case, quota, name, left, amount)
    if amount and left - extra - others < 0:
        message = f"what others of the namespace were seen to use of ResourceQuota `{identity_of(quota)[2]}` leaves "
        less = "no room for one more pod" if left >= others else f"less `{name}` than all pods take"
        return Obstacle(f"{message}{less}", "See that they release it, or raise the quota.", "unknown")
    if left - scaled < 0:
        message = f"with its scaler at the most, ResourceQuota `{identity_of(quota)[2]}` leaves less `{name}` than all "
        return Obstacle(f"{message}pods take", "Raise the quota, or lower the scaler's maximum.", "sometimes")
    return None


def _over_quota(case: Case, quota: Object, name: str, left: Fraction, amount: Fraction) -> Obstacle:
    """An amount of which all pods together leave so much, or take so much more; each pod counts for `amount`."""
    fits, room = left >= 0, max(0, case.workload.replicas + floor(left / amount))
    what = "no room for one more pod before an old one goes" if fits else "less than all pods take"
    message = f"ResourceQuota `{identity_of(quota)[2]}` leaves {what} (`{name}`): the API server refuses it"
    advice = case.gentler() if fits else "Raise the quota, or run fewer replicas."
    return Obstacle(message, advice, "always", room=room)


def _refused_claims(case: Case) -> Iterator[Obstacle]:
    """A claim of the workload that is new or grows beyond a quota (pkg/quota/v1/evaluator/core/
    persistent_volume_claims.go): refused, so that its pods wait for it."""
    quotas = case.scene.quotas.get(case.workload.namespace, ())
    claims = case.of_kind("PersistentVolumeClaim")
    if not quotas:
        return
    before = {identity_of(obj): obj for obj in case.scene.before}
    mounted = [obj for obj in claims if identity_of(obj)[2] in claims_of(case.pod)]
    changed = [obj for obj in mounted if claimed(before.get(identity_of(obj))) != claimed(obj)]
    for quota in quotas if changed else ():
        others = case.others_of(quota)
        for name, hard in amounts_in(value_at(quota, "spec", "hard")).items():
            asked = sum((claimed(obj).get(name, Fraction()) for obj in claims), Fraction())
            if asked + others.get(name, 0) > hard and any(name in claimed(obj) for obj in changed):
                message = (
                    f"ResourceQuota `{identity_of(quota)[2]}` allows less `{name}` than all claims take: claim "
                    f"`{identity_of(changed[0])[2]}` is refused, and the pods wait for it"
                )
                hangs: Hangs = "always" if asked > hard else "unknown"
                yield Obstacle(message, "Raise the quota, or ask for less storage.", hangs)
                return
