"""A rollout's specification, read from the two sides of a workload."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity, Object, told
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.replicas import Scalers, model_of, ray_cluster_of, replicas_of
from llmstack.kubernetes.revisions import as_it_runs
from llmstack.kubernetes.workloads import (
    PROGRESS_DEADLINE,
    WORKLOADS,
    is_ordered,
    strategy_of,
    updates_several,
)
from llmstack.review.change import ObjectChange
from llmstack.review.facts import Facts
from llmstack.review.rollout.template import LUMP, Template, templates_of

Move = Literal["restart", "scale", "new", "remove"]


class Workload(Struct, frozen=True):
    """One workload whose pods change: from `before` replicas of `old` to `after` replicas of `new`."""

    kind: str
    name: str
    model: str | None
    move: Move
    before: int
    after: int
    old: Template | None
    new: Template | None
    surge: int = 0
    unavailable: int = 0
    recreate: bool = False
    in_place: bool = False
    """A replacement waits until its predecessor is gone, and growth starts at the new revision (ordinals)."""
    deadline: int | None = None
    """progressDeadlineSeconds, where the kind has one."""
    falls_to: int | None = None
    """Replicas at the moment of the apply, where a scaler takes them over."""
    falls_by: int = 0
    """How many of them its strategy takes away then for new ones."""
    causes: tuple[str, ...] = ()
    kept: int = 0
    """Replicas that keep the old template, beside those that change: they are no part of `before` and `after`."""
    stays: tuple[tuple[Template, int], ...] = ()
    """What stays beside those that change, by template: replicas that are kept, a Ray cluster's other groups."""
    namespace: str = ""
    unit: str = ""
    """The unit that it is applied with."""
    unready: int = 0
    """Of the replicas before, those that do not serve when the change comes: a rollout is in progress, or they fail."""
    anew: bool = False
    """Whether the object is deleted with its pods, and made anew."""
    ordered: bool = False
    """Whether a pod is made once those before it are ready."""
    in_part: bool = False
    """Whether what comes, what goes and what stays are parts of one replica, a Ray cluster with groups of several
    sizes: what comes is made in the moment in which what goes ends."""
    perhaps_one: bool = False
    """Whether the cluster may replace one at a time, whatever `unavailable` says."""
    made_old: int = 0
    """Of the replicas that come, the first ones that are made of the old template: they are below a partition."""

    @property
    def key(self) -> str:
        """`Kind/name`, as it is told."""
        return told(self.identity)

    @property
    def identity(self) -> Identity:
        """By which it is told from others of its name, in another namespace."""
        return self.kind, self.namespace, self.name

    @property
    def object(self) -> Identity:
        """The object itself, whichever environment has it."""
        return self.kind, self.namespace, self.name.rpartition("/")[2]

    @property
    def goal(self) -> tuple[tuple[Template, int], ...]:
        """What there is of it after the change, by template; none of what goes."""
        if self.new is None:
            return ()
        made = ((self.old, self.made_old),) if self.old is not None and self.made_old else ()
        return ((self.new, self.after - self.made_old), *made)

    @property
    def pods(self) -> int:
        """How many pods it has at most, those without GPUs counted as one to a replica."""
        templates = [template for template in (self.old, self.new) if template is not None]
        if any(template.is_lumped for template in templates):
            return LUMP * max(self.before, self.after, 1)
        size = max((len(template.gpus) for template in templates), default=0)
        return max(self.before, self.after + self.surge) * max(size, 1)

    @property
    def replicas(self) -> int:
        """All replicas after the change."""
        return 1 if self.in_part else self.after + self.kept

    @property
    def gpus_per_replica(self) -> int:
        """What a replica takes after the change; before it, where it goes."""
        if self.in_part:
            return sum(template.total * number for template, number in (*self.goal, *self.stays))
        template = self.new or self.old
        return template.total if template is not None else 0

    @property
    def kept_ready(self) -> int:
        """Of the replicas that are kept, those that serve for certain."""
        return self.kept - min(self.kept, max(0, self.unready - self.before))

    @property
    def rolls(self) -> bool:
        """Whether old replicas are replaced by new ones while others stay."""
        return self.move == "restart" and not self.recreate and self.before > 0 and self.after > 0

    @property
    def takes_over(self) -> bool:
        """Whether what runs is already as it will be, and only the number of replicas changes."""
        return self.move == "scale" and not (self.in_part and self.before and self.after)

    @property
    def held_up(self) -> bool:
        """Whether it gives up no replica before a new one is ready, and so needs a spare set of GPUs."""
        return self.rolls and self.unavailable == 0


def as_anew(workload: Workload) -> Workload:
    """Return the workload as it goes where its object is deleted and made anew: no old pod waits for a new one. Only a
    Deployment's new pods have names of their own, and are made while the old ones end."""
    beside = workload.after if workload.kind == "Deployment" else 0
    return replace(workload, surge=beside, unavailable=workload.after, recreate=not beside, anew=True, causes=())


def moves_whole(workloads: Iterable[Workload]) -> bool:
    """Whether a model goes under one name, or namespace, and comes under another: the release or the namespace of all
    changes with one key, which no two commits can share; or an object goes from one environment to another."""
    moves: dict[str | Identity, set[Move]] = {}
    for workload in workloads:
        moves.setdefault(workload.object, set()).add(workload.move)
        if workload.model is not None:
            moves.setdefault(workload.model, set()).add(workload.move)
    return any({"new", "remove"} <= of_one for of_one in moves.values())


def read_workload(change: ObjectChange, owned: tuple[Scalers, Scalers], facts: tuple[Facts, Facts]) -> Workload | None:
    """Return what a change does to a workload's pods, None where they stay as they are.

    `owned` and `facts` are those before and after the change. All replicas are among those that change (`less_kept`).
    """
    old, new = change.before, change.after
    before = replicas_of(old, owned[0]) if old is not None else 0
    after = replicas_of(new, owned[1]) if new is not None else 0
    handed = _handed_over(change, owned) and before > 1
    move = _move(change, before, after) or ("scale" if handed else None)
    if move is None:
        return _scaled_ray(change, facts) if before and after else None
    templates = templates_of(old, new, facts)
    surge, unavailable, recreate = strategy_of(new, after) if new is not None else (0, 0, False)
    several = updates_several(new, facts[1].kubernetes_version) if new is not None and unavailable > 1 else True
    return Workload(
        kind=change.kind,
        name=change.name,
        model=model_of(new if new is not None else old or {}),
        move=move,
        before=before,
        after=after,
        old=templates[0],
        new=templates[1],
        surge=surge,
        unavailable=1 if several is False else unavailable,
        perhaps_one=several is None,
        recreate=recreate,
        in_place=WORKLOADS[change.kind].ordinals,
        ordered=new is not None and is_ordered(new),
        deadline=_deadline(new) if new is not None else None,
        falls_to=1 if handed else None,
        falls_by=strategy_of(new, 1)[1] if handed and new is not None else 0,
        causes=change.causes,
        namespace=change.namespace,
        unit=change.unit,
        unready=_unready(change, before, facts[1]),
    )


def _unready(change: ObjectChange, before: int, facts: Facts) -> int:
    present = facts.present.get(change.identity)
    return max(0, before - present.available) if present is not None else 0


def _deadline(obj: Object) -> int | None:
    stated = (obj.get("spec") or {}).get("progressDeadlineSeconds")
    return whole(stated, PROGRESS_DEADLINE) if obj.get("kind") == "Deployment" else None


def _move(change: ObjectChange, before: int, after: int) -> Move | None:
    if change.after is None:
        return "remove"
    if change.before is None:
        return "new"
    if change.restarts:
        return "restart" if before else "scale" if after else None
    return "scale" if before != after else None


def _handed_over(change: ObjectChange, owned: tuple[Scalers, Scalers]) -> bool:
    """Whether `replicas` leaves the manifest because a scaler is added: the field then falls to its
    default, 1."""
    if change.before is None or change.after is None:
        return False
    target = change.identity
    dropped = "replicas" in change.before.get("spec", {}) and "replicas" not in change.after.get("spec", {})
    return dropped and target in owned[1] and target not in owned[0]


def _scaled_ray(change: ObjectChange, facts: tuple[Facts, Facts]) -> Workload | None:
    """A Ray cluster whose groups grow or shrink without a restart: the pods of the size that changes; of several sizes
    those that go as one replica, and those that come as another."""
    if change.before is None or change.after is None or ray_cluster_of(change.after) is None:
        return None
    old, new = templates_of(change.before, as_it_runs(change.before, change.after), facts)
    if old is None or new is None:
        return None
    pods = Counter(old.gpus), Counter(new.gpus)
    goes, comes = pods[0] - pods[1], pods[1] - pods[0]
    sizes = (goes | comes).keys()
    if not sizes:
        return None
    size = max(sizes)
    alone = len(sizes) == 1 and (bool(pods[1][size]) or not pods[1])
    moving = ((size,), (size,)) if alone else (_listed(goes or comes), _listed(comes or goes))
    numbers = (pods[0][size], pods[1][size]) if alone else (int(bool(goes)), int(bool(comes)))
    stays = tuple(gpus for gpus in new.gpus if gpus != size) if alone else _listed(pods[0] & pods[1])
    pool = new.pool or old.pool
    return Workload(
        kind=change.kind,
        name=change.name,
        model=model_of(change.after),
        move="scale",
        before=numbers[0],
        after=numbers[1],
        old=replace(old, gpus=moving[0], pool=pool),
        new=replace(new, gpus=moving[1], pool=pool),
        in_part=not alone,
        kept=0 if alone else 1,
        stays=((replace(new, gpus=stays, pool=pool), 1),),
        namespace=change.namespace,
    )


def _listed(pods: Counter[int]) -> tuple[int, ...]:
    """The GPUs of each pod, the largest first."""
    return tuple(sorted(pods.elements(), reverse=True))
