"""The objects with which a change exceeds the ResourceQuotas of its namespaces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

from msgspec import Struct

from llmstack.kubernetes.definitions import group_of
from llmstack.kubernetes.limit_ranges import Amounts, amounts_in, defaults_of
from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.kubernetes.quotas import COUNTED_BY_NAME, READ, claimed, is_core, quotas_in, selects, totals_of, used


class Beyond(Struct, frozen=True):
    """An object with which its namespace exceeds a quota."""

    quota: str
    name: str
    """What the quota calls that which is exceeded."""
    alone: bool
    """Whether the API server refuses it whatever else comes; else it is one of several, of which some find room."""
    limit: str = ""
    """Of what exceeds a LimitRange by itself, which `quota` names then: what that allows."""


def beyond_quotas(
    before: Iterable[Object], after: Iterable[Object], leaving: Mapping[Identity, str], unit_of: Mapping[Identity, str]
) -> dict[Identity, Beyond]:
    """Return the objects that come, or count for more than before, and with which their namespace exceeds a quota.

    `leaving` are the objects that go, by their unit: a sync tool applies a unit first and prunes it then, so that they
    count beside what comes with the same unit (`unit_of`); those of other units may be gone by then. Of workloads' own
    objects the pods count once their controller makes them, and are apart.

    pkg/quota/v1/generic (`count/<plural>.<group>`), pkg/quota/v1/evaluator/core/{services,pods,
    persistent_volume_claims}.go; a server-side dry run is held against quotas too (pkg/admission/plugin/resourcequota).
    """
    was, now = ({identity_of(obj): obj for obj in side} for side in (before, after))
    found: dict[Identity, Beyond] = {}
    for namespace, quotas in quotas_in(now.values()).items():
        within, inside = ({key: obj for key, obj in side.items() if key[1] == namespace} for side in (was, now))
        counts = _Counts(within, inside, leaving, unit_of)
        for quota in quotas[:READ]:
            for other, over in counts.beyond(quota, exists=identity_of(quota) in was):
                if other not in found or (over.alone and not found[other].alone):
                    found[other] = over
    return found


Sum = Mapping[str, Fraction]
"""What objects count for, by the names of a quota."""


class _Counts(Struct, frozen=True, dict=True):
    """The objects of one namespace before and after a change, and what they count for in its quotas.

    Quotas without scopes count the same: it is worked out once for all of them.
    """

    was: Mapping[Identity, Object]
    now: Mapping[Identity, Object]
    leaving: Mapping[Identity, str]
    unit_of: Mapping[Identity, str]

    def beyond(self, quota: Object, *, exists: bool) -> Iterator[tuple[Identity, Beyond]]:
        """Yield the objects that exceed a quota. `exists` says whether it is there before the change: one that comes
        with the objects holds none of them up for sure."""
        grown = self.growth(quota) if _is_scoped(quota) else self._growth
        hard = amounts_in((quota.get("spec") or {}).get("hard")) if grown else {}
        names = [name for name in grown if name in hard]
        sums = self.sums(quota) if names and _is_scoped(quota) else self._sums
        for name in names:
            by_all, by_one = (Beyond(identity_of(quota)[2], name, alone=alone) for alone in (False, True))
            is_over = sums.after.get(name, 0) > hard[name]
            room = hard[name] - sums.stays.get(name, 0)
            if not exists:
                yield from ((other, by_all) for other, _ in grown[name] if is_over)
                continue
            for other, more in grown[name]:
                beside = sums.gone.get(self.unit_of.get(other, ""), {}).get(name, 0)
                if beside + more > room:
                    yield other, by_one
                elif is_over:
                    yield other, by_all

    @cached_property
    def _growth(self) -> Mapping[str, Sequence[tuple[Identity, Fraction]]]:
        return self.growth({})

    @cached_property
    def _sums(self) -> _Sums:
        return self.sums({})

    @cached_property
    def _defaults(self) -> Mapping[str, Amounts]:
        return defaults_of(self.now.values())

    @cached_property
    def _changed(self) -> Sequence[Identity]:
        return [key for key, obj in self.now.items() if obj != self.was.get(key)]

    def growth(self, quota: Object) -> Mapping[str, Sequence[tuple[Identity, Fraction]]]:
        """The objects that come, or count for more than before, and by how much, by the names of the quota."""
        found: dict[str, list[tuple[Identity, Fraction]]] = {}
        for key in self._changed:
            old = self._own(quota, self.was.get(key))
            for name, amount in self._own(quota, self.now[key]).items():
                if amount > old.get(name, 0):
                    found.setdefault(name, []).append((key, amount - old.get(name, 0)))
        return found

    def sums(self, quota: Object) -> _Sums:
        """What counts for a quota: all that stays, all there is after the change, and what goes with each unit."""
        gone: dict[str, list[Object]] = {}
        for key in self.was.keys() & self.leaving.keys():
            gone.setdefault(self.leaving[key], []).append(self.was[key])
        stays = [obj for key, obj in self.was.items() if key not in self.leaving]
        return _Sums(
            self._total(quota, stays),
            self._total(quota, self.now.values()),
            {unit: self._total(quota, objects) for unit, objects in gone.items()},
        )

    def _own(self, quota: Object, obj: Object | None) -> Sum:
        """What one object counts for as it is applied."""
        if obj is None:
            return {}
        if is_core(obj, "Pod"):
            spec = obj.get("spec") or {}
            return used(spec, self._defaults) if selects(quota, spec, self._defaults) else {}
        if _is_scoped(quota):
            return {}
        return {**_counted(obj), **claimed(obj if is_core(obj, "PersistentVolumeClaim") else None)}

    def _total(self, quota: Object, objects: Iterable[Object]) -> Sum:
        """What objects count for, with the pods of workloads."""
        found = list(objects)
        totals = totals_of(quota, found)
        for obj in found:
            for name, amount in self._own(quota, obj).items() if not is_core(obj, "Pod") else ():
                totals[name] += amount
        return totals


class _Sums(Struct, frozen=True):
    """What objects of a namespace count for in a quota."""

    stays: Sum
    after: Sum
    gone: Mapping[str, Sum]
    """Of the objects that leave, by unit."""


def _is_scoped(quota: Object) -> bool:
    spec = quota.get("spec") or {}
    return bool(spec.get("scopes") or spec.get("scopeSelector"))


def _counted(obj: Object) -> dict[str, Fraction]:
    """What an object counts for by the names of a quota: one of its kind, and a Service its load balancer and ports."""
    kind, group = str(obj.get("kind")), group_of(obj)
    plural = kind.lower()
    plural = f"{plural[:-1]}ies" if plural.endswith("y") else f"{plural}es" if plural.endswith("s") else f"{plural}s"
    found = {f"count/{plural}{'.' if group else ''}{group}": Fraction(1)}
    if group or kind not in COUNTED_BY_NAME:
        return found
    return {**found, plural: Fraction(1), **(_of_service(obj.get("spec") or {}) if kind == "Service" else {})}


def _of_service(spec: Mapping[str, Any]) -> dict[str, Fraction]:
    balanced, ports = spec.get("type") == "LoadBalancer", Fraction(len(spec.get("ports") or ()))
    found = {"services.loadbalancers": Fraction(1)} if balanced else {}
    if spec.get("type") == "NodePort" or (balanced and spec.get("allocateLoadBalancerNodePorts") is not False):
        found["services.nodeports"] = ports
    return found
