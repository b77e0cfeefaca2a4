"""Workloads that go: those that the manifests lose, that run no pod any more, or that a sync tool deletes."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from itertools import chain

from msgspec import Struct

from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.kubernetes.replicas import Scalers, component_of, model_of, replicas_of
from llmstack.kubernetes.workloads import is_counted, is_lasting
from llmstack.review.facts import Facts, names_of
from llmstack.review.removed import Removed
from llmstack.review.rollout.template import template_of
from llmstack.review.rollout.workload import Workload
from llmstack.review.surroundings import Surroundings
from llmstack.review.ways_in.backends import Backend, Backends, transfer_roles
from llmstack.sync.side import OwnerChange


def find_removed(
    workloads: Sequence[Workload],
    before: Sequence[Object],
    after: Sequence[Object],
    owned: Scalers,
    facts: tuple[Facts, Facts],
    near: Surroundings,
    reader: Backends,
) -> tuple[Removed, ...]:
    """The environment's workloads that go with nothing in their place (`_Left.replaces`). `owned` are the scalers
    before the change."""
    gone = {
        workload.identity: workload
        for workload in workloads
        if workload.before and not workload.replicas and workload.move in ("remove", "scale")
    }
    there = {identity_of(each) for each in after}
    backends = reader.among(before)
    growing = {each.identity for each in workloads if each.after > each.before}
    served = _served(backends)
    left = _read_left(gone, growing, served, (before, after), facts[1], reader)
    went = [
        _removed(
            gone[key],
            _tool(near.pruned.get(key) if key in there else None),
            router=_is_router(each, backends.get(key)),
            still_served=backends[key].served if key in served and served[key] <= left.served else (),
        )
        for each in before
        if (key := identity_of(each)) in gone and not left.replaces(each, served.get(key, frozenset()))
    ]
    told = {each.identity for each in went}
    went += [each for each in _pruned(before, there, owned, facts[0], near) if each.identity not in told]
    return tuple(sorted(went, key=lambda each: (each.model is None, each.model or "", each.name)))


class _Left(Struct, frozen=True):
    """What runs after the change."""

    places: frozenset[tuple[str, str]]
    """Kinds and names, in whatever namespace."""
    new: frozenset[tuple[str, str]]
    """Namespaces and names of what comes, of whatever kind."""
    components: frozenset[str]
    """What stands around the models: router, cache server …"""
    models: frozenset[str]
    """By their names, and by their former ones."""
    served: frozenset[tuple[str, str]]
    """Ids that engines serve, each with the part that the engine has in a pair of prefill and decode."""
    taken: frozenset[tuple[str, str]]
    """Those of engines that come, that grow, or that did not serve the id before."""

    def replaces(self, gone: Object, ids: frozenset[tuple[str, str]]) -> bool:
        """Whether something takes the place of a workload that goes, and that served `ids`: one of its name in another
        namespace or of another kind; of a model, one that has its name, says that it was renamed from it (`movedFrom`)
        or serves all of its ids from now on, or with more pods; of a router or cache server, another one."""
        kind, namespace, name = identity_of(gone)
        model = model_of(gone)
        if (kind, name) in self.places or (namespace, name) in self.new or model in self.models:
            return True
        if model is None:
            return component_of(gone) in self.components
        return bool(ids) and ids <= self.taken


def _served(backends: Mapping[Identity, Backend]) -> dict[Identity, frozenset[tuple[str, str]]]:
    """The ids that each engine serves, with the part that it has in a pair of prefill and decode."""
    roles = transfer_roles(backends.values())
    return {
        key: frozenset((id, roles.get(each.model or "", "")) for id in each.served) for key, each in backends.items()
    }


def _read_left(
    gone: Container[Identity],
    growing: Container[Identity],
    before: Mapping[Identity, frozenset[tuple[str, str]]],
    sides: tuple[Sequence[Object], Sequence[Object]],
    facts: Facts,
    reader: Backends,
) -> _Left:
    was = {identity_of(each) for each in sides[0]}
    lasting = [each for each in sides[1] if is_lasting(str(each.get("kind"))) and identity_of(each) not in gone]
    served = _served(reader.among(lasting))
    taken = (ids if key in growing else ids - before.get(key, frozenset()) for key, ids in served.items())
    return _Left(
        frozenset((identity_of(each)[0], identity_of(each)[2]) for each in lasting),
        frozenset(identity_of(each)[1:] for each in lasting if identity_of(each) not in was),
        frozenset(component for each in lasting if (component := component_of(each)) is not None),
        frozenset(name for each in lasting for name in names_of(model_of(each), facts.moved_from)),
        frozenset(chain.from_iterable(served.values())),
        frozenset(chain.from_iterable(taken)),
    )


def _is_router(obj: Object, backend: Backend | None) -> bool:
    return component_of(obj) == "router" or (backend is not None and backend.is_router)


def _removed(workload: Workload, by: str, *, router: bool, still_served: tuple[str, ...]) -> Removed:
    gpus = workload.old.total if workload.old is not None else 0
    return Removed(
        workload.kind,
        workload.name,
        workload.model,
        workload.before,
        workload.before * gpus,
        by,
        namespace=workload.namespace,
        router=router,
        still_served=still_served,
    )


def _tool(change: OwnerChange | None) -> str:
    """Who deletes a workload that its manifests keep; nobody where they lose it."""
    if change is None:
        return ""
    return change.tool_name


def _pruned(
    before: Sequence[Object], there: set[Identity], owned: Scalers, facts: Facts, near: Surroundings
) -> Iterator[Removed]:
    """Workloads that are in the manifests on both sides, and that a sync tool deletes all the same."""
    pruned = near.pruned
    for object in before:
        key = identity_of(object)
        if key in pruned and key in there and is_counted(key[0]):
            replicas = replicas_of(object, owned)
            gpus = replicas * template_of(object, facts, None).total
            yield Removed(key[0], key[2], model_of(object), replicas, gpus, pruned[key].tool_name, key[1])
