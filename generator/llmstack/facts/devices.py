"""Accelerators that nodes offer to claims (DRA): how many of which sort, for which classes, and who holds them."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct, field

from llmstack.facts.cluster import ATTRIBUTES, Devices
from llmstack.kubernetes.accelerators import is_accelerator_driver
from llmstack.kubernetes.device_selectors import Traits, select
from llmstack.observed.observation import Observation
from llmstack.observed.things import Device, DeviceClass, Pod, ResourceClaim, ResourceSlice

EXTENDED_RESOURCES_SINCE = (1, 36)
"""The minor version from which pods get devices for a resource that a class names (`DRAExtendedResource` is on by
default: k8s.io/kubernetes, pkg/features/kube_features.go, v1.36)."""
_Name = tuple[str, str, str]
"""Driver, pool and name of a device."""
_Sort = tuple[str, tuple[tuple[str, str], ...], tuple[str, ...]]
"""Driver, attributes and classes: what devices of one sort share."""


class NodeDevices(Struct, frozen=True):
    """The accelerators that one node offers to claims."""

    sorts: tuple[Devices, ...] = ()
    """The most first."""
    held: tuple[tuple[Devices, int], ...] = ()
    """Those of them that others hold, each with the priority of who does."""


class _Offer(Struct, frozen=True):
    """A device with all that decides of which sort it is."""

    name: _Name
    node: str
    device: Device
    whole: bool
    """Whether it can be counted."""
    classes: set[str] = field(default_factory=set)

    @property
    def traits(self) -> Traits:
        return Traits(self.name[0], self.device.attributes, self.device.capacity)

    @property
    def sort(self) -> _Sort:
        driver = self.name[0]
        found = ((name, self.device.attributes.get(f"{driver}/{name}")) for name in ATTRIBUTES)
        texts = [(name, each) for name, each in found if isinstance(each, str) and each and each.isprintable()]
        return driver, tuple(sorted(texts)), tuple(sorted(self.classes))

    @property
    def memory(self) -> str:
        return self.device.capacity.get(f"{self.name[0]}/memory", "")


def devices_by_node(seen: Observation, others: Collection[Pod], version: str) -> dict[str, NodeDevices]:
    """What each node offers, by its name; `others` are the pods of other tenants, `version` is that of Kubernetes.

    A class counts where all its expressions can be read, and all that it takes are accelerators which can be counted.
    None does where pods hold claims that were not seen.
    """
    offers = list(_offers(seen.now(ResourceSlice)))
    classes = [] if claims_unseen(seen) else [each for each in seen.now(DeviceClass) if _counts(each, offers)]
    counted = [offer for offer in offers if offer.whole and offer.device.open and is_accelerator_driver(offer.name[0])]
    resources = {each.meta.name: each.resource for each in classes if each.resource and _bridges(version)}
    alike: dict[str, dict[_Sort, list[_Offer]]] = {}
    for offer in counted:
        alike.setdefault(offer.node, {}).setdefault(offer.sort, []).append(offer)
    sorts = {node: _sorts(found, resources) for node, found in alike.items()}
    held = _held(seen.now(ResourceClaim), others)
    taken: dict[str, list[tuple[Devices, int]]] = {}
    for offer in counted:
        if offer.name in held:
            of = next(each for each in sorts[offer.node] if _is_of(offer, each))
            taken.setdefault(offer.node, []).append((of, held[offer.name]))
    return {node: NodeDevices(found, tuple(taken.get(node, ()))) for node, found in sorts.items()}


def claims_unseen(seen: Observation) -> bool:
    """Whether pods that run hold claims of devices which the observation does not have."""
    known = {(claim.meta.namespace, name) for claim in seen.now(ResourceClaim) for name in claim.users}
    running = (pod for pod in seen.now(Pod) if pod.takes_devices and pod.node and not pod.is_over)
    return any((pod.meta.namespace, pod.meta.name) not in known for pod in running)


def _offers(slices: Iterable[ResourceSlice]) -> Iterator[_Offer]:
    """The devices of the newest generation of each pool; those of a pool of which slices lack cannot be counted
    (`ResourcePool`, k8s.io/api/resource/v1)."""
    pools: dict[tuple[str, str], list[ResourceSlice]] = {}
    for each in slices:
        pools.setdefault((each.driver, each.pool), []).append(each)
    for (driver, pool), members in pools.items():
        newest = max(each.generation for each in members)
        valid = [each for each in members if each.generation == newest]
        complete = len(valid) == max(each.slices for each in valid)
        for each in valid:
            for device in each.devices:
                whole = complete and device.whole and bool(each.node)
                yield _Offer((driver, pool, device.name), each.node, device, whole)


def _counts(each: DeviceClass, offers: Iterable[_Offer]) -> bool:
    """Whether all devices of a class are known; if so, they are marked with it."""
    if each.selectors is None:
        return False
    found = []
    for offer in offers:
        answer = select(each.selectors, offer.traits)
        if answer is None or (answer and not (offer.whole and is_accelerator_driver(offer.name[0]))):
            return False
        found += [offer] if answer else []
    for offer in found:
        offer.classes.add(each.meta.name)
    return True


def _sorts(alike: Mapping[_Sort, Sequence[_Offer]], resources: Mapping[str, str]) -> tuple[Devices, ...]:
    found = []
    for (driver, attributes, classes), offers in alike.items():
        named = {resources[name] for name in classes if name in resources}
        resource = named.pop() if len(named) == 1 else driver
        sizes = {offer.memory for offer in offers}
        memory = sizes.pop() if len(sizes) == 1 else ""
        found.append(Devices(driver, len(offers), classes, resource, attributes, memory))
    return tuple(sorted(found, key=lambda each: (-each.count, each)))


def _is_of(offer: _Offer, sort: Devices) -> bool:
    return offer.sort == (sort.driver, sort.attributes, sort.classes)


def _held(claims: Iterable[ResourceClaim], others: Iterable[Pod]) -> dict[_Name, int]:
    """The devices that are not held by our own pods alone, each with the highest priority of who holds it."""
    priorities = {(pod.meta.namespace, pod.meta.name): pod.priority for pod in others}
    held = {}
    for claim in claims:
        users = [(claim.meta.namespace, name) for name in claim.users]
        if not users or any(user in priorities for user in users):
            for device in claim.devices:
                held[device] = max((priorities[user] for user in users if user in priorities), default=0)
    return held


def _bridges(version: str) -> bool:
    major, _, minor = version.partition(".")
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= EXTENDED_RESOURCES_SINCE
