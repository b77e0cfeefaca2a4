"""ResourceQuotas that a cluster has, and that are not among the objects of an environment: what facts know of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

from msgspec import Struct

from llmstack.facts.cluster import ClusterFacts, Quota
from llmstack.kubernetes.limit_ranges import amounts_in
from llmstack.kubernetes.pods import Identity, Object, identity_of


class Standing(Struct, frozen=True):
    """A quota as an object, and what pods and claims of others use of it."""

    quota: Object
    others: Mapping[str, Fraction]


def standing_quotas(known: ClusterFacts | None, *sides: Sequence[Object]) -> Mapping[Identity, Standing]:
    """The quotas of the namespaces that the objects of either side are in; one that is itself among them is as it
    stands there."""
    quotas = known.quotas if known is not None else None
    if not quotas:
        return {}
    there = {identity_of(obj) for side in sides for obj in side}
    spaces = {namespace for _, namespace, _ in there}
    made = [Standing(_object(quota), amounts_in(quota.others)) for quota in quotas if quota.namespace in spaces]
    return {key: each for each in made if (key := identity_of(each.quota)) not in there}


def _object(quota: Quota) -> Object:
    expressions = [
        {"scopeName": each.name, "operator": each.operator, "values": list(each.values)} for each in quota.scopes
    ]
    return {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": quota.name, "namespace": quota.namespace},
        "spec": {"hard": dict(quota.hard), "scopeSelector": {"matchExpressions": expressions}},
    }
