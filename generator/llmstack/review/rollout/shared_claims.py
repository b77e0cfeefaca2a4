"""Devices that pods share: of a ResourceClaim that they name, and not each of a claim that a template makes.

The claim has its devices once, for all pods that name it, as long as one does (kubernetes.io, "Dynamic Resource
Allocation"; pkg/controller/resourceclaim/controller.go). They are counted where pods name it before a change and after
it, and all of them are sent to one pool that counts its classes; else that cannot be told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from llmstack.kubernetes.devices import Devices, named_claims, read_claims
from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.kubernetes.replicas import fewest_scaled, model_of, replicas_of, specs_of_replica
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.facts import Facts
from llmstack.review.rollout.placement import PoolKey, pool_of

_Users = Mapping[Identity, Sequence[tuple[Mapping[str, Any], Object]]]
"""By claim, the pods that name it, each with its workload."""


def find_shared(sides: tuple[Sequence[Object], Sequence[Object]], facts: Facts) -> dict[Identity, tuple[PoolKey, int]]:
    """Return, by claim, the pool whose devices it holds throughout, and how many."""
    if not any(obj.get("kind") == "ResourceClaim" for obj in sides[1]):
        return {}
    asked, users = [read_claims(side) for side in sides], [_users(side) for side in sides]
    found = {}
    for claim in users[0].keys() & users[1].keys():
        devices = asked[1].get(claim)
        if not devices or asked[0].get(claim) != devices:
            continue
        pools = {_pool(pod, obj, devices, facts) for side in users for pod, obj in side[claim]}
        pool = pools.pop()
        if not pools and pool is not None:
            found[claim] = pool, sum(devices.values())
    return found


def _users(objects: Sequence[Object]) -> _Users:
    """Those of workloads that have a pod at any time."""
    fewest = fewest_scaled(objects)
    found: dict[Identity, list[tuple[Mapping[str, Any], Object]]] = {}
    for obj in objects:
        if is_counted(str(obj.get("kind"))) and replicas_of(obj, fewest):
            for pod, number in specs_of_replica(obj):
                for claim in named_claims(pod, identity_of(obj)[1]) if number else ():
                    found.setdefault(claim, []).append((pod, obj))
    return found


def _pool(pod: Mapping[str, Any], obj: Object, devices: Devices, facts: Facts) -> PoolKey | None:
    resources = {_resource(name, facts) for name in devices}
    resource = resources.pop()
    name = pool_of(pod, resource, model_of(obj), facts, devices) if resource and not resources else None
    return (name, resource) if name and resource else None


def _resource(name: str, facts: Facts) -> str | None:
    """What counts the devices of a class."""
    return next((pool.resource for pool in facts.pools if name in pool.device_classes), None)


def shared_gpus(objects: Iterable[Object], facts: Facts) -> dict[PoolKey, dict[int, int]]:
    """The devices of claims that pods of objects share, each claim as one pod that stays."""
    found: dict[PoolKey, dict[int, int]] = {}
    for claim in {identity_of(obj) for obj in objects} & facts.shared_claims.keys():
        pool, gpus = facts.shared_claims[claim]
        sizes = found.setdefault(pool, {})
        sizes[gpus] = sizes.get(gpus, 0) + 1
    return found
