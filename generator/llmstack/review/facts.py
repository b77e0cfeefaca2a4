"""What a review knows besides the objects: capacity, load times and acknowledgements, from the values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date


@dataclass(frozen=True, slots=True)
class Pool:
    """GPUs that an environment may use: `count` of `resource`, on nodes of `per_node` that carry `node_selector`."""

    name: str
    resource: str
    count: int
    per_node: int | None = None
    node_selector: Mapping[str, str] = field(default_factory=dict)
    device_class: str | None = None
    """The DeviceClass by which pods claim these GPUs (DRA)."""


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """A risk that somebody accepted: it stays visible and stops failing, up to and including `until`."""

    risk: str
    object: str
    """`Kind/name`, or a name alone."""
    until: date | None
    reason: str
    up_to: int | None = None
    """The amount that is accepted, in the risk's unit; None for any."""


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one environment at one revision.

    `load_seconds` and `pool_of` are by model name; `places` maps `Kind/name` of an object (and `Kind/name#path` of a
    field, where known) to `values/prod.yaml:12`.
    """

    pools: tuple[Pool, ...] = ()
    load_seconds: Mapping[str, int] = field(default_factory=dict)
    pool_of: Mapping[str, str] = field(default_factory=dict)
    acknowledgements: tuple[Acknowledgement, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    sync_timeout_seconds: Mapping[str, int] = field(default_factory=dict)
    """By model name: the time the sync tool waits for the model's unit."""
    moved_from: Mapping[str, str] = field(default_factory=dict)
    """The former name of a model, by its name now."""
    claim_modes: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Access modes of claims that are there already, by name, where the values say them."""
    existing: frozenset[tuple[str, str]] = frozenset()
    """Kind and name of what the cluster has, as `gitops.existing` says."""
    device_claims: Mapping[tuple[str, str, str], Mapping[str, int] | None] = field(default_factory=dict)
    """The devices that each claim among the objects asks for (`kubernetes.devices.read_claims`)."""
    recipients: tuple[str, ...] = ()
    """Who can read the secrets of the repository, or gives them to the cluster: age recipients, a store, a
    certificate."""
