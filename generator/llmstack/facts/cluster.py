"""What holds for weeks in one cluster: the shape of facts/clusters/<name>.yaml."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from msgspec import Struct, field

from llmstack.kubernetes.accelerators import is_accelerator
from llmstack.kubernetes.device_selectors import Attribute, Traits
from llmstack.observed.things import Scope, Taint

Amount = int | str
"""Of a resource: a whole number, or a quantity."""


ATTRIBUTES = ("productName", "model", "product", "architecture", "brand", "family", "type")
"""Attributes of devices that hold as long as the device does; the first three name the card: of NVIDIA's and AMD's
drivers, of Intel's and of the example driver."""


class Devices(Struct, frozen=True, order=True):
    """Accelerators of one sort that a node offers to claims (DRA), in the place of counting a resource."""

    driver: str
    count: int
    """On each node."""
    classes: tuple[str, ...]
    """The DeviceClasses that take them, of which all devices in the cluster are known; without any they are nobody's
    to count."""
    resource: str
    """What they are counted as: the resource that pods may ask for instead of a claim, else the driver."""
    attributes: tuple[tuple[str, str], ...] = ()
    """Those of the driver's that say what they are (`ATTRIBUTES`)."""
    memory: str = ""
    """Of each, as the driver writes it; empty where it does not, or they differ."""

    @property
    def product(self) -> str:
        """The name of the card; empty where the driver does not say."""
        found = dict(self.attributes)
        return next((found[name] for name in ATTRIBUTES[:3] if name in found), "")

    @property
    def traits(self) -> Traits:
        """What selectors of claims ask of them."""
        attributes: dict[str, Attribute] = {f"{self.driver}/{name}": value for name, value in self.attributes}
        return Traits(self.driver, attributes, {f"{self.driver}/memory": self.memory} if self.memory else {})


class NodeGroup(Struct, frozen=True):
    """Nodes that are alike in all that the scheduler asks of them."""

    name: str
    count: int
    cordoned: int = 0
    """Those of them that take no pod: cordoned, or not ready."""
    labels: Mapping[str, str] = field(default_factory=dict)
    taints: tuple[Taint, ...] = ()
    allocatable: Mapping[str, Amount] = field(default_factory=dict)
    """Of each node, the least of the group."""
    devices: tuple[Devices, ...] = ()
    """What each node offers to claims, the most first; only where it counts no accelerator as a resource."""
    free: Mapping[int, int] = field(default_factory=dict)
    """By GPUs that no other tenant holds: how many nodes that take pods have so many."""
    priorities: Mapping[int, int] = field(default_factory=dict)
    """GPUs that others hold, by the priority of their pods."""

    @property
    def accelerators(self) -> Mapping[str, int]:
        """How many of each accelerator a node has; of devices that are claimed, those of the first sort."""
        found = {key: each for key, each in self.allocatable.items() if isinstance(each, int) and is_accelerator(key)}
        claimed = {each.resource: each.count for each in self.devices[:1] if each.classes}
        return {key: each for key, each in found.items() if each > 0} or claimed

    @property
    def device_classes(self) -> frozenset[str]:
        """The DeviceClasses through which pods claim its accelerators."""
        return frozenset(self.devices[0].classes if self.devices else ())

    @property
    def gpu(self) -> str | None:
        """The accelerator that `free` counts: the one that a node has most of."""
        found = self.accelerators
        return max(found, key=lambda key: (found[key], key)) if found else None

    @property
    def per_node(self) -> int:
        """How many of them a node has."""
        return self.accelerators.get(self.gpu or "", 0)

    @property
    def nodes(self) -> tuple[int, ...]:
        """GPUs that others leave on each node that takes pods, the fullest last.

        Where the file speaks of fewer nodes, the rest is free; where it speaks of more, the emptiest of them are those
        that take none.
        """
        usable = max(0, self.count - self.cordoned)
        stated = sorted((min(gpus, self.per_node) for gpus, number in self.free.items() for _ in range(number)))[
            :usable
        ]
        return tuple(sorted([*stated, *([self.per_node] * (usable - len(stated)))], reverse=True))


class Load(Struct, frozen=True):
    """How long pods of a model took from scheduled to ready, with one image. Times in seconds."""

    model: str
    image: str
    median: int
    worst: int
    of: int
    """How many were measured."""


class StorageClass(Struct, frozen=True):
    name: str
    default: bool
    expands: bool


class PriorityClass(Struct, frozen=True):
    name: str
    value: int
    default: bool = False
    preempts: bool = True


class Quota(Struct, frozen=True):
    """A ResourceQuota in a namespace of ours."""

    namespace: str
    name: str
    hard: Mapping[str, Amount]
    others: Mapping[str, Amount] = field(default_factory=dict)
    """What pods and claims of others in the namespace use of it."""
    scopes: tuple[Scope, ...] = ()


class ClusterFacts(Struct, frozen=True):
    """All that is known of one cluster; what is None, or no key of a mapping, is not known."""

    date: date
    versions: Mapping[str, str] = field(default_factory=dict)
    """Major and minor, by program: kubernetes, flux, argo, keda, kuberay, lws."""
    concurrent: int | None = None
    """How many Kustomizations Flux reconciles at a time."""
    nodes: tuple[NodeGroup, ...] = ()
    blind: bool = False
    """Whether the nodes were seen and not what others hold of them; never of facts that are written down."""
    loads: tuple[Load, ...] = ()
    storage_classes: tuple[StorageClass, ...] | None = None
    priority_classes: tuple[PriorityClass, ...] | None = None
    """Those that not every cluster has; None where none was seen."""
    quotas: tuple[Quota, ...] | None = None
    """None where nobody looked; a file says the same where there are none."""
    claim_modes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Access modes of claims in our namespaces that are not of our releases, by `namespace/name`."""
    exists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By kind (`EXISTS`), the names of all objects of it; of claims `namespace/name`."""

    def load_of(self, model: str, image: str) -> Load | None:
        """What was measured of a model with an image."""
        return next((each for each in self.loads if (each.model, each.image) == (model, image)), None)

    def loads_of(self, model: str) -> tuple[Load, ...]:
        """What was measured of a model with any image, the most often measured first."""
        return tuple(
            sorted((each for each in self.loads if each.model == model), key=lambda each: (-each.of, each.image))
        )


EXISTS: Mapping[str, str] = {
    "apiServices": "APIService",
    "claims": "PersistentVolumeClaim",
    "customResourceDefinitions": "CustomResourceDefinition",
    "ingressClasses": "IngressClass",
    "priorityClasses": "PriorityClass",
    "runtimeClasses": "RuntimeClass",
}
"""The keys of `exists`, each with its kind."""
