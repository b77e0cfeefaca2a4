"""What a review knows besides the objects: capacity, load times and acknowledgements, from the values."""

from __future__ import annotations

from collections.abc import Mapping
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
    loads_of: Mapping[str, int] = field(default_factory=dict)
    """Load times in seconds by the name of the workload, where no values name its model."""
    acknowledgements: tuple[Acknowledgement, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)
    sync_timeout_seconds: Mapping[str, int] = field(default_factory=dict)
    """By model name: the time the sync tool waits for the model's unit."""
    moved_from: Mapping[str, str] = field(default_factory=dict)
    """The former name of a model, by its name now."""
    recipients: tuple[str, ...] = ()
    """Who can read the secrets of the repository, or gives them to the cluster: age recipients, a store, a
    certificate."""

    def load_of(self, model: str | None, workload: str) -> int | None:
        """The measured load time of a workload in seconds, by its own name, else by its model's."""
        known = self.loads_of.get(workload)
        return self.load_seconds.get(model) if known is None and model is not None else known
