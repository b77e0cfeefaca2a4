"""What of a cluster's objects counts, as plain frozen data. Moments are in UTC; None is what an object does not say."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Meta:
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
    version: int = field(default=0, compare=False)
    """resourceVersion, which grows with each write in a cluster (KEP-5504); 0 where it is no number."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.namespace, self.name


@dataclass(frozen=True, slots=True, order=True)
class Taint:
    key: str
    effect: str
    value: str = ""


@dataclass(frozen=True, slots=True)
class Node:
    meta: Meta
    taints: tuple[Taint, ...]
    cordoned: bool
    ready: bool
    allocatable: Mapping[str, Fraction]
    kubelet: str
    """Version of its kubelet, `v1.34.2`."""


@dataclass(frozen=True, slots=True)
class Container:
    name: str
    image: str
    args: tuple[str, ...] = ()
    """Command and arguments."""


@dataclass(frozen=True, slots=True)
class Pod:
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


@dataclass(frozen=True, slots=True)
class Workload:
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


@dataclass(frozen=True, slots=True)
class Scaler:
    """A HorizontalPodAutoscaler or ScaledObject."""

    meta: Meta
    target: tuple[str, str]
    """Kind and name of what it scales."""
    least: int | None
    most: int | None
    current: int | None
    wanted: int | None


@dataclass(frozen=True, slots=True)
class Claim:
    meta: Meta
    phase: str
    storage_class: str | None
    asked: Fraction | None
    """Bytes."""
    modes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StorageClass:
    meta: Meta
    default: bool
    expands: bool


@dataclass(frozen=True, slots=True)
class PriorityClass:
    meta: Meta
    value: int
    default: bool
    preempts: bool


@dataclass(frozen=True, slots=True)
class Scope:
    """Pods that a quota counts alone, as its `scopeSelector` says."""

    name: str
    operator: str = "Exists"
    values: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Quota:
    meta: Meta
    hard: Mapping[str, Fraction]
    used: Mapping[str, Fraction]
    scopes: tuple[Scope, ...] = ()
    """All of which a pod must be in."""


@dataclass(frozen=True, slots=True)
class Device:
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


@dataclass(frozen=True, slots=True)
class ResourceSlice:
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


@dataclass(frozen=True, slots=True)
class DeviceClass:
    meta: Meta
    selectors: tuple[str, ...] | None
    """CEL expressions, all of which a device must satisfy; None where they are something else."""
    resource: str
    """The resource that pods may ask for instead of a claim; empty without one."""


@dataclass(frozen=True, slots=True)
class ResourceClaim:
    meta: Meta
    devices: tuple[tuple[str, str, str], ...]
    """Driver, pool and name of each device that it was given for itself."""
    users: tuple[str, ...]
    """Names of the pods, of its namespace, that it is reserved for."""


@dataclass(frozen=True, slots=True)
class Synced:
    """A Kustomization of Flux or an Application of Argo CD: which revisions it applied, and when."""

    meta: Meta
    applied: tuple[tuple[str, datetime], ...]
    """Commit and the moment when it was first applied, the oldest first."""
    ready: bool | None
    """Whether what it applied is healthy; None where it does not say."""
    suspended: bool
    why: str
    """Why it is not ready, in one word of the controller's."""


@dataclass(frozen=True, slots=True)
class Named:
    """A RuntimeClass, Namespace or the like: all that counts is that it is there."""

    meta: Meta


Thing = (
    Node | Pod | Workload | Scaler | Claim | StorageClass | PriorityClass | Quota | ResourceSlice | DeviceClass
    | ResourceClaim | Synced | Named
)  # fmt: skip
