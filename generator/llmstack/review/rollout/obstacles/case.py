"""What the rules on obstacles look at, and what they answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal

from msgspec import Struct, field

from llmstack.kubernetes.pods import Identity, Object, identity_of, maps, pod_labels, pod_templates, value_at
from llmstack.kubernetes.quotas import READ, quotas_in, totals_of
from llmstack.kubernetes.replicas import Scalers, replicas_of
from llmstack.kubernetes.workloads import WORKLOADS, is_counted, is_lasting
from llmstack.review.facts import Facts, Pool
from llmstack.review.rollout.nodes import node_sizes
from llmstack.review.rollout.obstacles.neighbours import Neighbours, Pods
from llmstack.review.rollout.template import template_of
from llmstack.review.rollout.workload import Workload
from llmstack.review.standing import Standing
from llmstack.review.ways_in.needs import Need, gone_needs, needs_of, provided

Hangs = Literal["always", "sometimes", "unknown"]


class Obstacle(Struct, frozen=True):
    """Why a rollout may wait for ever."""

    message: str
    advice: str
    hangs: Hangs
    """In every order; in some; or that depends on what the repository does not say."""
    likely: bool = True
    """Of what is not known: whether it is more likely than not."""
    room: int | None = None
    """How many pods of the workload, old ones among them, are let in at a time: those beyond are not made, or find no
    node, and hold nothing. None where all are, or that is not known."""

    @property
    def certain(self) -> bool:
        return self.hangs == "always"


class Scene(Struct, frozen=True, dict=True):
    """All objects of an environment, and what else is known. What several rules ask is read once."""

    before: Sequence[Object]
    after: Sequence[Object]
    facts: Facts
    owned: Scalers
    """Replicas that scalers give after the change, at the least."""
    most: Scalers
    """And at the most."""
    standing: Mapping[Identity, Standing] = field(default_factory=dict)
    """ResourceQuotas of the cluster that are not among the objects."""
    beside: Sequence[Object] = ()
    """What other environments of the cluster run."""

    @cached_property
    def kinds(self) -> Mapping[tuple[str, str], list[Object]]:
        """The objects after the change by kind and namespace, those of other environments in it among them."""
        found: dict[tuple[str, str], list[Object]] = {}
        spaces = {identity_of(obj)[1] for obj in self.after}
        for obj in (*self.after, *(each for each in self.beside if identity_of(each)[1] in spaces)):
            found.setdefault(identity_of(obj)[:2], []).append(obj)
        return found

    @cached_property
    def _gone(self) -> frozenset[Identity]:
        """What was among the objects before, and is not after."""
        return frozenset(map(identity_of, self.before)) - frozenset(map(identity_of, self.after))

    def goes(self, kind: str, name: str, namespace: str) -> bool:
        """Whether an object leaves with the change."""
        return (kind, namespace, name) in self._gone

    @cached_property
    def pods(self) -> Sequence[Pods]:
        """The pods after the change of all workloads that are counted, those of other environments that may be kept
        apart from them among them."""
        return [
            pods
            for obj in (*self.after, *self._meeting)
            if is_counted(str(obj.get("kind"))) and (pods := self._read(obj)) is not None and pods.number
        ]

    def _read(self, obj: Object) -> Pods | None:
        template = template_in(obj)
        if template is None:
            return None
        read = template_of(obj, self.facts, None)
        number = replicas_of(obj, self.owned)
        identity = identity_of(obj)
        space = self._spaces.get(identity[1], {})
        return Pods(identity, pod_labels(dict(template)), spec_of(template), number, read.total, read.pool, space)

    @cached_property
    def is_choosy(self) -> bool:
        """Whether any pods have a rule on others, or take a port of the host."""
        return any(map(_is_choosy, (*self.after, *self.beside)))

    @cached_property
    def _meeting(self) -> Sequence[Object]:
        """What other environments run that has rules on where pods are, or that pods here may have rules on."""
        own = [obj for obj in self.after if is_counted(str(obj.get("kind")))]
        spaces = {identity_of(obj)[1] for obj in own}
        if any(map(_is_choosy, own)):
            return self.beside
        return [obj for obj in self.beside if identity_of(obj)[1] in spaces or _is_choosy(obj)]

    @cached_property
    def _spaces(self) -> Mapping[str, Mapping[str, str]]:
        """The labels of the Namespaces that are among the objects, by name."""
        found = (obj for obj in (*self.after, *self.beside) if obj.get("kind") == "Namespace")
        return {identity_of(obj)[2]: obj["metadata"].get("labels") or {} for obj in found}

    @cached_property
    def neighbours(self) -> Neighbours:
        """Which of them cannot be on one node."""
        return Neighbours(self.pods)

    @cached_property
    def quotas(self) -> Mapping[str, Sequence[Object]]:
        """The ResourceQuotas that are read, by namespace."""
        found = quotas_in((*self.after, *self.beside, *(each.quota for each in self.standing.values())))
        return {space: quotas[:READ] for space, quotas in found.items()}

    @cached_property
    def claims(self) -> Mapping[tuple[str, str], Object]:
        """By namespace and name the claims that the objects after the change make."""
        claims = (found for (kind, _), found in self.kinds.items() if kind == "PersistentVolumeClaim")
        return {identity_of(each)[1:]: each for found in claims for each in found}

    @cached_property
    def quota_totals(self) -> Mapping[Identity, Mapping[str, Fraction]]:
        """What the pods of its namespace count for in each ResourceQuota."""
        objects = (*self.after, *self.beside)
        inside = {space: [obj for obj in objects if identity_of(obj)[1] == space] for space in self.quotas}
        return {
            identity_of(quota): totals_of(quota, inside[space])
            for space, quotas in self.quotas.items()
            for quota in quotas
        }

    @cached_property
    def needs_known(self) -> frozenset[Need]:
        """What pods read that is there: what they read before, and what the objects after the change bring."""
        lasting = [obj for obj in self.before if is_lasting(str(obj.get("kind")))]
        return frozenset((*(need for obj in lasting for need in needs_of(obj)), *self.provided[1]))

    @cached_property
    def provided(self) -> tuple[Mapping[Need, Object], Mapping[Need, Object]]:
        """What the objects of both sides bring that pods may read."""
        return provided(self.before), provided(self.after)

    @cached_property
    def gone_needs(self) -> Mapping[Need, Object]:
        """What is there no longer of what pods may read."""
        return gone_needs(*self.provided)

    @cached_property
    def specs_before(self) -> Sequence[Mapping[str, Any]]:
        """The specs of all pods before the change."""
        return [spec_of(template) for obj in self.before for _, template in pod_templates(dict(obj))]


class Case(Struct, frozen=True):
    """A workload whose pods change, its pods after the change, and the whole that it is in."""

    workload: Workload
    obj: Object
    template: Mapping[str, Any]
    pool: Pool | None
    scene: Scene
    obj_before: Object | None
    """The workload before the change; None where it was not there."""

    @property
    def was(self) -> Mapping[str, Any] | None:
        """The template of its pods before the change; None where there were none."""
        return None if self.obj_before is None else template_in(self.obj_before)

    @property
    def pod(self) -> Mapping[str, Any]:
        return spec_of(self.template)

    @property
    def pod_before(self) -> Mapping[str, Any]:
        return spec_of(self.was)

    @property
    def labels(self) -> Mapping[str, str]:
        return pod_labels(dict(self.template))

    @property
    def most(self) -> int:
        """The pods that the rollout cannot do without at one time."""
        return self.workload.replicas + (1 if self.workload.held_up else 0)

    @property
    def makes_beside(self) -> bool:
        """Whether it makes a pod before one of its own has made room."""
        return self.workload.held_up or self.workload.after > self.workload.before

    @property
    def is_restart(self) -> bool:
        return self.workload.move == "restart"

    @property
    def nodes(self) -> list[int] | None:
        """The GPUs of each node that the pods may be on; None where that is not known."""
        if self.pool is None or (self.pool.per_node is None and self.pool.count > 1):
            return None
        return node_sizes(self.pool)

    @property
    def pool_is_asked(self) -> bool:
        """Whether the pods ask for the labels of their pool's nodes, so that no other nodes count as places."""
        asked = self.pod.get("nodeSelector") or {}
        return self.pool is not None and bool(self.pool.node_selector.items() & asked.items())

    def gentler(self) -> str:
        """Advice to give up a replica first; what has no such strategy is replaced by hand."""
        if WORKLOADS[self.workload.kind].replaces == "rolls":
            fewer = "no replica" if self.workload.after == 1 else "a replica less"
            return f"Set maxSurge 0 and maxUnavailable 1 ({fewer} is ready meanwhile)."
        return "Remove the old one first, and add the new one once its pods are gone (an outage meanwhile)."

    def others_of(self, quota: Object) -> Mapping[str, Fraction]:
        """What pods and claims of others use of a quota, as far as is known."""
        standing = self.scene.standing.get(identity_of(quota))
        return {} if standing is None else standing.others

    def make_room(self) -> str:
        """Advice where it is not known whether there is room for one pod more."""
        return self.gentler() if self.workload.held_up else "See that there is room before the merge."

    def of_kind(self, kind: str) -> Sequence[Object]:
        """The objects of a kind in its namespace after the change."""
        return self.scene.kinds.get((kind, self.workload.namespace), ())

    def other_pods(self) -> Iterator[Pods]:
        """The pods of other workloads in its namespace."""
        namespace = self.workload.namespace
        return (
            each
            for each in self.scene.pods
            if each.identity[1] == namespace and each.identity != self.workload.identity
        )


def spec_of(template: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """The pod's spec of a template."""
    spec: Mapping[str, Any] = (template or {}).get("spec") or {}
    return spec


def template_in(obj: Object) -> Mapping[str, Any] | None:
    """The first pod template of an object: that of the pods that serve."""
    return next((each for _, each in pod_templates(dict(obj))), None)


def _is_choosy(obj: Object) -> bool:
    """Whether pods of an object have a rule on others, or take a port of the host."""
    spec = spec_of(template_in(obj)) if is_counted(str(obj.get("kind"))) else {}
    ports = (port for each in maps(spec.get("containers")) for port in maps(each.get("ports")))
    rules = (value_at(spec, "affinity", each) for each in ("podAffinity", "podAntiAffinity"))
    return any(rules) or bool(spec.get("hostNetwork")) or any(port.get("hostPort") for port in ports)
