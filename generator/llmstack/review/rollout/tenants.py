"""Who takes GPUs of a pool, each with its priority."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity, Object, identity_of, told
from llmstack.kubernetes.priorities import Classes, Priority, priority_classes, priority_of
from llmstack.kubernetes.replicas import Scalers, replicas_of, scalers, specs_of_replica
from llmstack.kubernetes.workloads import is_counted
from llmstack.review.facts import Facts
from llmstack.review.rollout.placement import PoolKey
from llmstack.review.rollout.template import template_of

Others = Sequence[tuple[str, Object]]
"""What other environments of the cluster run, each with its environment."""
Tenants = Mapping[Identity, "Tenant"]


class Tenant(Struct, frozen=True):
    """A workload that takes GPUs of a pool."""

    identity: Identity
    """The name of one in another environment has that before it, as `Workload.name` has."""
    priority: int
    preempts: bool
    replicas: int
    sizes: tuple[int, ...]
    """GPUs of each pod of a replica."""
    pool: PoolKey

    @property
    def gpus(self) -> int:
        """Those of a replica."""
        return sum(self.sizes)


def who_loses(winner: Tenant, tenants: Iterable[Tenant], missing: int) -> Iterator[tuple[Tenant, int]]:
    """Yield the tenants below the winner, lowest first, with the replicas that each loses, until enough GPUs are free:
    what is missing, or one spare replica of the winner's."""
    wanted = missing if missing > 0 else winner.gpus
    for tenant in sorted(tenants, key=lambda each: (each.priority, told(each.identity))):
        if wanted <= 0 or tenant.priority >= winner.priority:
            return
        lost = min(tenant.replicas, -(-wanted // tenant.gpus))
        wanted -= lost * tenant.gpus
        yield tenant, lost


def known_classes(objects: Sequence[Object], others: Others, facts: Facts) -> dict[str, Priority]:
    """The PriorityClasses among the objects of a cluster, and those that facts know."""
    known = facts.cluster.priority_classes if facts.cluster is not None else None
    found = {each.name: Priority(each.value, each.preempts) for each in known or ()}
    stated = priority_classes([*objects, *(obj for _, obj in others)])
    default = next((found[each.name] for each in known or () if each.default), stated[""])
    return {**found, **stated, "": default if stated[""] == Priority(0) else stated[""]}


def tenants_of(
    objects: Sequence[Object], others: Others, facts: Facts, classes: Classes, owned: Scalers
) -> Iterator[Tenant]:
    """Yield what takes GPUs, in all environments of a cluster; what is of a class that nobody knows is left out."""
    scaled = scalers([obj for _, obj in others])
    for environment, obj in (*(("", obj) for obj in objects), *others):
        if not is_counted(str(obj.get("kind"))):
            continue
        template = template_of(obj, facts, None)
        priority = priority_of(specs_of_replica(obj)[0][0], classes)
        replicas = replicas_of(obj, scaled if environment else owned)
        if template.pool is not None and priority is not None and replicas:
            kind, namespace, name = identity_of(obj)
            own = kind, namespace, f"{environment}/{name}" if environment else name
            yield Tenant(own, priority.value, priority.preempts, replicas, template.gpus, template.pool)


def tenants_of_sides(
    sides: tuple[Sequence[Object], Sequence[Object]],
    others: Others,
    facts: Facts,
    owned: tuple[Scalers, Scalers],
    moving: Container[Identity],
) -> tuple[Tenants, Tenants] | None:
    """Return what takes GPUs before and after a change; None where all pods have one priority.

    A pod has the priority that its class, or the cluster's default, had when it was made (kubernetes.io, "Pod Priority
    and Preemption", PriorityClass): what is not `moving` keeps that of before.
    """
    classes = [known_classes(side, others, facts) for side in sides]
    classes[1] = {**classes[0], **classes[1]}
    if len({*classes[0].values(), *classes[1].values()}) < 2:
        return None
    before, after = (
        {tenant.identity: tenant for tenant in tenants_of(*each)}
        for each in zip(sides, (others, others), (facts, facts), classes, owned, strict=True)
    )
    staying = {key: before[key] for key in after if key in before and key not in moving}
    after |= {key: replace(after[key], priority=was.priority, preempts=was.preempts) for key, was in staying.items()}
    return before, after
