"""One replica of a workload at one revision: what it takes of which pool, and how long it needs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.accelerators import all_gpus_of_pod, largest
from llmstack.kubernetes.devices import devices_of, named_claims
from llmstack.kubernetes.pods import Object, identity_of, maps
from llmstack.kubernetes.probes import start_up_bounds
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.replicas import Scalers, model_of, replicas_of, specs_of_replica
from llmstack.kubernetes.served import find_served
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.arguments import engine_flags
from llmstack.review.facts import Facts, ForeseenLoad
from llmstack.review.loads import load_of
from llmstack.review.rollout.placement import PoolKey, pool_of

LUMP = 50_000
"""Pods of one replica beyond which they are not told apart."""


class Template(Struct, frozen=True):
    """One replica at one revision: what it takes and how long it needs. Times in seconds."""

    gpus: tuple[int, ...]
    """GPUs of each of its pods that takes any: one for a Deployment, several for a group or a Ray cluster."""
    pool: PoolKey | None
    """None without GPUs."""
    load: int | None
    """From bound to ready, where it was measured: as it usually is."""
    load_min: int | None
    """The earliest moment its probes can call it ready; None without probes."""
    load_max: int | None
    """The moment its start-up (else liveness) probe gives it up; None where nothing does."""
    grace: int
    min_ready: int
    load_worst: int | None = None
    """The longest that was measured; None where `load` is."""
    load_assumed: bool = False
    """Whether `load` is of other pods, or not of all of them."""
    load_band: tuple[int, int] | None = None
    """At the least and at the most, as published starts took; None where it was measured, or none tells."""
    is_lumped: bool = False
    """Whether a replica has so many pods that `gpus` is their sum, as if it were of one."""
    beside: tuple[tuple[PoolKey, int], ...] = ()
    """Other accelerators that a replica takes: counted, and not played."""
    prepares: bool = False
    """Whether init containers run first: probes, and published starts, begin to count once they are done."""

    @property
    def total(self) -> int:
        return sum(self.gpus)

    @property
    def overruns(self) -> bool:
        """Whether its load takes longer than its probes allow, so that they end it."""
        return self.load is not None and self.load_max is not None and self.load > self.load_max


def load_in(obj: Object, facts: Facts) -> int | None:
    """Seconds from bound to ready as they usually are by `facts`; None where nobody measured."""
    measured = load_of(obj, facts)
    return measured.usual if measured is not None else None


def _foreseen(obj: Object, facts: Facts) -> ForeseenLoad | None:
    model = model_of(obj)
    return facts.foreseen_loads.get(model) if model is not None else None


def _band(foreseen: ForeseenLoad | None, low: int | None) -> tuple[int, int] | None:
    """From when to when it loads; what its probes call ready no earlier than `low` is ready no earlier."""
    if foreseen is None or foreseen.low is None or foreseen.high is None:
        return None
    return max(foreseen.low, low or 0), max(foreseen.high, low or 0)


def template_of(obj: Object, facts: Facts, load: int | None) -> Template:
    """Return one replica of an object, its pool by `facts`."""
    held = [(pod, number, _held(pod, obj, facts)) for pod, number in specs_of_replica(obj)]
    counted = [(pod, number, *largest(counts)) for pod, number, counts in held]
    taking = [entry for entry in counted if entry[3] and entry[1]]
    resource = max(taking, key=lambda entry: entry[3])[2] if taking else ""
    pods = [entry for entry in taking if entry[2] == resource]
    low, high = start_up_bounds(counted[0][0])
    measured = load_of(obj, facts) if load is not None else None
    foreseen = _foreseen(obj, facts) if load is None else None
    least = low if foreseen is None else max(low or 0, foreseen.least)
    lumped = sum(number for _, number, _, _ in pods) > LUMP
    sizes = (gpus for _, number, _, gpus in pods for _ in range(number))
    return Template(
        gpus=(sum(number * gpus for _, number, _, gpus in pods),) if lumped else tuple(sorted(sizes, reverse=True)),
        pool=(pool_of(pods[0][0], resource, model_of(obj), facts, _claimed(pods[0][0], obj, facts)), resource)
        if pods
        else None,
        load=load,
        load_min=least,
        load_max=high,
        grace=max(whole(pod.get("terminationGracePeriodSeconds"), 30) for pod, *_ in counted),
        min_ready=whole((obj.get("spec") or {}).get("minReadySeconds"), 0),
        load_worst=measured.worst if measured is not None else load,
        load_assumed=measured is not None and measured.assumed,
        load_band=_band(foreseen, low),
        is_lumped=lumped,
        beside=_beside(held, resource, obj, facts),
        prepares=any(_prepared_by(pod) for pod, *_ in counted),
    )


def _beside(
    held: Iterable[tuple[Mapping[str, Any], int, Mapping[str, int]]], resource: str, obj: Object, facts: Facts
) -> tuple[tuple[PoolKey, int], ...]:
    """What a replica takes of other accelerators than `resource`, by pool."""
    totals: dict[PoolKey, int] = {}
    for pod, number, counts in held:
        for other, count in counts.items():
            if other != resource and number and count:
                pool = pool_of(pod, other, model_of(obj), facts, _claimed(pod, obj, facts)), other
                totals[pool] = totals.get(pool, 0) + number * count
    return tuple(sorted(totals.items(), key=str))


def _held(pod: Mapping[str, Any], obj: Object, facts: Facts) -> dict[str, int]:
    """The accelerators that a pod takes; devices that it claims (DRA) count where a pool names their class."""
    counts = all_gpus_of_pod(pod, [pool.resource for pool in facts.pools])
    for name, count in _claimed(pod, obj, facts).items():
        resource = next((pool.resource for pool in facts.pools if name in pool.device_classes), None)
        if resource is not None:
            counts[resource] = counts.get(resource, 0) + count
    return counts


def _claimed(pod: Mapping[str, Any], obj: Object, facts: Facts) -> Mapping[str, int]:
    """The devices that a pod claims, by DeviceClass, as far as that can be told."""
    return devices_of(pod, identity_of(obj)[1], facts.device_claims) or {}


def claims_uncounted(obj: Object, facts: Facts) -> bool:
    """Whether pods of an object claim devices (DRA) that no declared pool counts."""
    known = {name for pool in facts.pools for name in pool.device_classes}
    for pod, number in specs_of_replica(obj):
        if number and pod.get("resourceClaims"):
            namespace = identity_of(obj)[1]
            devices = devices_of(pod, namespace, facts.device_claims)
            shared = named_claims(pod, namespace) <= facts.shared_claims.keys()
            if devices is None or not devices.keys() <= known or not shared:
                return True
    return False


def fixed_gpus(objects: Iterable[Object], facts: Facts, owned: Scalers) -> dict[PoolKey, dict[int, int]]:
    """Return, by pool, how many pods of which size the workloads among objects that stay have."""
    pools: dict[PoolKey, dict[int, int]] = {}
    for obj in objects:
        if not is_counted(str(obj.get("kind"))):
            continue
        template = template_of(obj, facts, None)
        if template.pool is not None:
            sizes = pools.setdefault(template.pool, {})
            for gpus in template.gpus:
                sizes[gpus] = sizes.get(gpus, 0) + replicas_of(obj, owned)
        for pool, gpus in template.beside:
            sizes = pools.setdefault(pool, {})
            sizes[gpus] = sizes.get(gpus, 0) + replicas_of(obj, owned)
    return pools


def templates_of(
    old: Object | None, new: Object | None, facts: tuple[Facts, Facts]
) -> tuple[Template | None, Template | None]:
    """Both revisions. The old one's pool follows the new facts too, unless pods are sent to other nodes; where these
    name one for the new revision alone, it is by the former facts. A time that was measured is assumed of pods that
    prepare, or read, something else than before."""
    after = template_of(new, facts[1], load_in(new, facts[1])) if new is not None else None
    if old is None:
        return None, after
    known = load_in(old, facts[0])
    known = load_in(old, facts[1]) if known is None else known
    moved = new is not None and _nodes(old) != _nodes(new)
    before = template_of(old, facts[0] if moved else facts[1], known)
    if new is not None and after is not None and known is not None:
        after = replace(after, load_assumed=after.load_assumed or (after.load == known and _reads(old) != _reads(new)))
    stays = not moved and after is not None and after.pool == before.pool
    if before.pool is not None and before.pool[0] is None and not stays:
        before = template_of(old, facts[1] if moved else facts[0], known)
    return before, after


def _reads(obj: Object) -> list[Any]:
    """What pods do before they serve: their init containers, and the weights that they read."""
    return [
        (
            [[each.get(key) for key in ("image", "command", "args")] for each in _prepared_by(pod)],
            [(flags.get("--model") or flags.get("model"), flags.get("--revision")) for flags in _flags_in(pod)],
        )
        for pod, _ in specs_of_replica(obj)
    ]


def _flags_in(pod: Mapping[str, Any]) -> list[dict[str, str]]:
    return [engine_flags(served.arguments) for served in find_served(pod)]


def _prepared_by(pod: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The init containers that end before the others start: sidecars run on (kubernetes.io, "Sidecar Containers")."""
    return [each for each in maps(pod.get("initContainers")) if each.get("restartPolicy") != "Always"]


def _nodes(obj: Object) -> list[Any]:
    return [
        (pod.get("nodeSelector") or None, (pod.get("affinity") or {}).get("nodeAffinity"))
        for pod, _ in specs_of_replica(obj)
    ]
