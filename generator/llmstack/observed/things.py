"""What of a cluster's objects counts, as plain frozen data. Moments are in UTC; None is what an object does not say."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from fractions import Fraction

from msgspec import Struct, field
from msgspec.structs import astuple


class Meta(Struct, frozen=True, eq=False):
    """What every object has."""

    kind: str
    namespace: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    owner: tuple[str, str] | None = None
    """Kind and name of its controller."""
    created: datetime | None = None
    deleting: bool = False
    deleted: datetime | None = None
    """When its deletion was asked for."""
    version: int = 0
    """resourceVersion, which grows with each write in a cluster (KEP-5504); 0 where it is no number."""

    def __eq__(self, other: object) -> bool:
        """Whether both say the same: a heartbeat of a node is a write, and changes the version alone."""
        return isinstance(other, Meta) and astuple(self)[:-1] == astuple(other)[:-1]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.namespace, self.name


class Taint(Struct, frozen=True, order=True):
    key: str
    effect: str
    value: str = ""


class Node(Struct, frozen=True):
    meta: Meta
    taints: tuple[Taint, ...]
    cordoned: bool
    ready: bool
    allocatable: Mapping[str, Fraction]
    kubelet: str
    """Version of its kubelet, `v1.34.2`."""


class Container(Struct, frozen=True):
    name: str
    image: str
    args: tuple[str, ...] = ()
    """Command and arguments."""


class Pod(Struct, frozen=True):
    meta: Meta
    phase: str
    """Pending, Running, Succeeded, Failed or Unknown."""
    node: str
    """Empty until it is scheduled."""
    containers: tuple[Container, ...]
    gpus: Mapping[str, int]
    """By resource: what counts accelerators."""
    requests: Mapping[str, Fraction]
    """All that the scheduler counts for it."""
    limits: Mapping[str, Fraction]
    """The same of its limits."""
    priority: int
    priority_class: str
    """Its name; empty where the default is."""
    claims: tuple[str, ...]
    """PersistentVolumeClaims."""
    takes_devices: bool
    """Whether it claims devices (DRA)."""
    scheduled: datetime | None
    started: datetime | None
    """When the last of its containers started, the last time."""
    ready: bool
    ready_since: datetime | None
    restarts: int
    start_bound: int | None
    """Seconds after which its probes would have ended a container that does not start; None where nothing does."""
    waiting: str
    """Why a container waits (CrashLoopBackOff …), or the pod does (Unschedulable)."""
    disrupted: str = ""
    """Why something other than its owner ended it (PreemptionByScheduler, EvictionByEvictionAPI …)."""

    @property
    def is_over(self) -> bool:
        """Whether it has ended, and holds nothing any more."""
        return self.phase in ("Succeeded", "Failed")


class Workload(Struct, frozen=True):
    """A Deployment, StatefulSet, DaemonSet, ReplicaSet, LeaderWorkerSet or the like; its kind is `meta.kind`."""

    meta: Meta
    replicas: int | None
    """spec.replicas."""
    current: int
    """Pods that there are; below: those that are ready, available, and of the newest revision."""
    ready: int
    available: int
    updated: int
    generation: int
    paused: bool
    containers: tuple[Container, ...]
    revision: str
    """pod-template-hash of a ReplicaSet; of others empty."""


class Scaler(Struct, frozen=True):
    """A HorizontalPodAutoscaler or ScaledObject."""

    meta: Meta
    target: tuple[str, str]
    """Kind and name of what it scales."""
    least: int | None
    most: int | None
    current: int | None
    wanted: int | None


class Claim(Struct, frozen=True):
    meta: Meta
    phase: str
    storage_class: str | None
    asked: Fraction | None
    """Bytes."""
    modes: tuple[str, ...]


class StorageClass(Struct, frozen=True):
    meta: Meta
    default: bool
    expands: bool


class PriorityClass(Struct, frozen=True):
    meta: Meta
    value: int
    default: bool
    preempts: bool


class Scope(Struct, frozen=True):
    """Pods that a quota counts alone, as its `scopeSelector` says."""

    name: str
    operator: str = "Exists"
    values: tuple[str, ...] = ()


class Quota(Struct, frozen=True):
    meta: Meta
    hard: Mapping[str, Fraction]
    used: Mapping[str, Fraction]
    scopes: tuple[Scope, ...] = ()
    """All of which a pod must be in."""


class Device(Struct, frozen=True):
    """A device that pods may claim (DRA)."""

    name: str
    attributes: Mapping[str, bool | int | str]
    """By `domain/name`."""
    capacity: Mapping[str, str] = field(default_factory=dict)
    """Quantities as they are written, by `domain/name`."""
    open: bool = True
    """Whether no taint keeps claims away from it."""
    whole: bool = True
    """Whether it is one claim's alone, and no part of another device: whether it can be counted."""


class ResourceSlice(Struct, frozen=True):
    """Devices of one node, or a part of them."""

    meta: Meta
    driver: str
    node: str
    """Empty where they are not of one node."""
    devices: tuple[Device, ...]
    pool: str = ""
    generation: int = 0
    """Slices of an older generation of a pool do not count."""
    slices: int = 1
    """How many slices the pool has."""


class DeviceClass(Struct, frozen=True):
    meta: Meta
    selectors: tuple[str, ...] | None
    """CEL expressions, all of which a device must satisfy; None where they are something else."""
    resource: str
    """The resource that pods may ask for instead of a claim; empty without one."""


class ResourceClaim(Struct, frozen=True):
    meta: Meta
    devices: tuple[tuple[str, str, str], ...]
    """Driver, pool and name of each device that it was given for itself."""
    users: tuple[str, ...]
    """Names of the pods, of its namespace, that it is reserved for."""


class Synced(Struct, frozen=True):
    """A Kustomization of Flux or an Application of Argo CD: which revisions it applied, and when."""

    meta: Meta
    applied: tuple[tuple[str, datetime], ...]
    """Commit and the moment when it was first applied, the oldest first."""
    ready: bool | None
    """Whether what it applied is healthy; None where it does not say."""
    suspended: bool
    why: str
    """Why it is not ready, in one word of the controller's."""


class Named(Struct, frozen=True):
    """A RuntimeClass, Namespace or the like: all that counts is that it is there."""

    meta: Meta


Thing = (
    Node | Pod | Workload | Scaler | Claim | StorageClass | PriorityClass | Quota | ResourceSlice | DeviceClass
    | ResourceClaim | Synced | Named
)  # fmt: skip
