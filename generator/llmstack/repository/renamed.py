"""Environments that go on under another name: what the former one leaves in the cluster is taken over where it is.

An object is one whoever applies it: a Kustomization with `deletionPolicy: Orphan` leaves it there as it goes, and the
new one's server-side apply changes what differs and makes nothing anew (`tests/cluster/check_renamed.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from msgspec.structs import replace

from llmstack.repository.cases import Case
from llmstack.review.compare import compare
from llmstack.review.surroundings import Surroundings
from llmstack.sync.manifests import Identity, identify


def renamed_to(case: Case, cases: Iterable[Case]) -> Case | None:
    """The environment that is new and has objects of the same names as one that goes."""
    if case.readings[1] is not None:
        return None
    own = {identify(each) for each in case.objects(0)}
    heirs = (other for other in cases if other.readings[0] is None and other.home == case.home)
    return next((other for other in heirs if own & {identify(each) for each in other.objects(1)}), None)


def with_heirs(cases: Mapping[str, Case], tools: Mapping[str, Surroundings]) -> dict[str, Case]:
    """Return the environments, with what one that goes leaves in the cluster as what its heir had before; `tools` says
    what the sync tool leaves."""
    found = dict(cases)
    for name, former in cases.items():
        heir = renamed_to(former, cases.values())
        if heir is not None:
            own = {identify(obj) for obj in heir.objects(1)}
            left = (obj for unit in tools[name].stopped for obj in former.units[0].get(unit, ()))
            passed = {identify(obj): obj for obj in left if identify(obj) in own}
            found[name], found[heir.name] = _without(former, passed), _with(heir, former, passed)
    return found


def _without(former: Case, passed: Collection[Identity]) -> Case:
    """An environment that goes, without the objects that another one has from then on."""
    units = {unit: [obj for obj in objects if identify(obj) not in passed] for unit, objects in former.units[0].items()}
    return replace(former, units=(units, former.units[1]), changes=compare(units, former.units[1]))


def _with(heir: Case, former: Case, passed: Mapping[Identity, dict[str, Any]]) -> Case:
    """An environment that is new, with the objects that were another one's, each in the unit that it is in now."""
    units = {
        unit: [passed[key] for obj in objects if (key := identify(obj)) in passed]
        for unit, objects in heir.units[1].items()
    }
    return replace(
        heir,
        readings=(former.readings[0], heir.readings[1]) if passed else heir.readings,
        units=(units, heir.units[1]),
        changes=compare(units, heir.units[1]),
        facts=(former.facts[0], heir.facts[1]) if passed else heir.facts,
    )
