"""ResourceQuotas of our namespaces, and what is used of them by others."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from fractions import Fraction
from math import ceil

from llmstack.facts.asking import shows
from llmstack.facts.cluster import Amount, Quota
from llmstack.facts.fields import MOST
from llmstack.facts.release import Release, is_ours
from llmstack.kubernetes.quotas import count_claim, count_pod, is_in_scopes, is_of_pods_or_claims
from llmstack.observed import things
from llmstack.observed.observation import Observation

_BINARY = (("Gi", 1 << 30), ("Mi", 1 << 20), ("Ki", 1 << 10))


def learn_quotas(seen: Observation, releases: Collection[Release]) -> tuple[Quota, ...] | None:
    """The quotas of the namespaces that `releases` are in; None where the input would not show them."""
    if not shows(seen.kinds, "ResourceQuota"):
        return None
    spaces = {release.namespace for release in releases}
    found = [quota for quota in seen.now(things.Quota) if quota.meta.namespace in spaces]
    return tuple(
        Quota(
            namespace=quota.meta.namespace,
            name=quota.meta.name,
            hard={name: written(amount) for name, amount in sorted(quota.hard.items())},
            others=_used_by_others(quota, seen, releases),
            scopes=quota.scopes,
        )
        for quota in sorted(found, key=lambda each: (each.meta.namespace, each.meta.name))
    )


def _used_by_others(quota: things.Quota, seen: Observation, releases: Collection[Release]) -> dict[str, Amount]:
    """Of what pods and claims count for: what the quota's controller counts, less what is counted of ours."""
    if not all(shows(seen.kinds, kind) for kind in ("Pod", "PersistentVolumeClaim")):
        return {}
    ours: defaultdict[str, Fraction] = defaultdict(Fraction)
    for counted in (*_pods(quota, seen, releases), *_claims(quota, seen, releases)):
        for name, amount in counted.items():
            ours[name] += amount
    beyond = {name: amount - ours[name] for name, amount in sorted(quota.used.items()) if is_of_pods_or_claims(name)}
    return {name: written(amount) for name, amount in beyond.items() if amount > 0}


def _pods(quota: things.Quota, seen: Observation, releases: Collection[Release]) -> Iterator[Mapping[str, Fraction]]:
    scopes = [(each.name, each.operator, each.values) for each in quota.scopes]
    for pod in seen.now(things.Pod):
        if pod.meta.namespace != quota.meta.namespace or pod.is_over or not is_ours(pod.meta, releases):
            continue
        if is_in_scopes(scopes, pod.priority_class, limited=bool(pod.requests)):
            yield count_pod(pod.requests, pod.limits)


def _claims(quota: things.Quota, seen: Observation, releases: Collection[Release]) -> Iterator[Mapping[str, Fraction]]:
    for claim in seen.now(things.Claim) if not quota.scopes else ():
        if claim.meta.namespace == quota.meta.namespace and is_ours(claim.meta, releases):
            yield count_claim(claim.asked or Fraction(), claim.storage_class)


def written(amount: Fraction) -> Amount:
    """An amount as it stands in a file: exact, but for less than a thousandth of one, which is rounded up."""
    for suffix, unit in _BINARY:
        if amount and amount % unit == 0:
            return f"{amount // unit}{suffix}"
    if amount.denominator != 1:
        return f"{ceil(amount * 1000)}m"
    return int(amount) if amount <= MOST else str(int(amount))
