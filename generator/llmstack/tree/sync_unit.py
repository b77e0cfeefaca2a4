"""A unit as a sync tool sees it: a folder to build, what that build reads, and the objects that come out."""

from __future__ import annotations

import posixpath
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import lru_cache

from msgspec import Struct

from llmstack import yamlio
from llmstack.kubernetes.probes import startup_probes
from llmstack.kubernetes.quantities import whole
from llmstack.kubernetes.workloads import PROGRESS_DEADLINE, is_lasting
from llmstack.model.gitops import Sync
from llmstack.model.stack import Stack
from llmstack.objects.placed import Object, Placed
from llmstack.objects.pod import progress_deadline

STEPS = 4
"""How many steps, each as long as it may be, a rollout is given."""
SLACK = 300
"""Seconds that a sync tool waits beyond what a rollout may take: image pulls, the build, the apply."""


class SyncUnit(Struct, frozen=True):
    """One unit of an environment: `models/llama`, `router`, …"""

    name: str
    folder: str
    """The folder that is built: the generated unit, or people's own overlay on it."""
    reads: tuple[str, ...]
    """The folders that the build reads, sorted; `folder` is among them."""
    objects: tuple[Object, ...]

    @property
    def is_model(self) -> bool:
        return self.name.startswith("models/")

    @property
    def workloads(self) -> list[Object]:
        """The objects that run pods until they are removed."""
        return [object for object in self.objects if is_lasting(object["kind"])]


class Clusters(Struct, frozen=True):
    """All that a sync tool's objects are made of."""

    environment: str
    stack: Stack
    units: tuple[SyncUnit, ...]
    """Every unit, by name."""

    @property
    def sync(self) -> Sync:
        return self.stack.gitops.sync

    @property
    def name(self) -> str:
        """The name of what stands for the whole environment."""
        return f"llmstack-{self.environment}"

    @property
    def prefix(self) -> str:
        """The folder of this tree in the repository, with `/` at its end; empty for the root."""
        path = posixpath.normpath(f"/{self.sync.path or ''}").strip("/")
        return f"{path}/" if path else ""

    def name_of(self, unit: str) -> str:
        """The name of a unit's objects: `prod.models.llama`.

        Environments and models are DNS labels, without dots, so that no two units share a name.
        """
        return f"{self.environment}.{unit.replace('/', '.')}"


def sync_units(
    environment: str,
    objects: Iterable[Placed],
    files: Mapping[str, str],
    units: Collection[str],
    custom: Collection[str],
) -> tuple[SyncUnit, ...]:
    """The environment's units. `files` holds the texts of base/ and of the environment's overlay by path."""
    grouped: dict[str, list[Object]] = {name: [] for name in sorted(units)}
    for placed in objects:
        grouped[placed.unit].append(placed.object)
    links: dict[str, tuple[str, ...]] = {}
    found = []
    for name, items in grouped.items():
        folder = f"overlays/{environment}/{name}"
        reads = _reach(folder, files, links)
        if name in custom:
            folder = f"custom/{environment}/{name}"
            reads |= {"custom"}
        found.append(SyncUnit(name, folder, tuple(sorted(reads)), tuple(items)))
    return tuple(found)


def _reach(folder: str, files: Mapping[str, str], links: dict[str, tuple[str, ...]]) -> set[str]:
    """The folder and those that its kustomization names, and theirs. `links` keeps what was read."""
    reached: set[str] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        if here in reached:
            continue
        reached.add(here)
        if here not in links:
            links[here] = _links(here, files)
        waiting += links[here]
    return reached


def _links(folder: str, files: Mapping[str, str]) -> tuple[str, ...]:
    paths = [posixpath.normpath(f"{folder}/{entry}") for entry in _named(files[f"{folder}/kustomization.yaml"])]
    return tuple(path for path in paths if f"{path}/kustomization.yaml" in files)


@lru_cache(maxsize=1 << 10)
def _named(text: str) -> tuple[str, ...]:
    """What a kustomization names; those of models have often the same text."""
    body = yamlio.load(text)
    return (*body.get("resources", ()), *body.get("components", ()))


def rollout_seconds(workloads: Sequence[Object]) -> int:
    """As long as a rollout of these objects may take before it counts as failed; 0 without workloads.

    A Deployment's deadline starts again with each step that makes progress (kubernetes.io, "Deployments",
    progressDeadlineSeconds), so it counts STEPS times. The replicas are not asked: a change of them stays in one file.
    """
    return STEPS * max((_step(workload) for workload in workloads), default=0)


def _step(workload: Object) -> int:
    """Seconds for one step: the longest start-up budget, or the deadline that is stated."""
    spec = workload.get("spec")
    stated = spec.get("progressDeadlineSeconds") if isinstance(spec, dict) else None
    budgets = [progress_deadline(probe) for probe in startup_probes(workload)]
    return max([whole(stated, PROGRESS_DEADLINE), *budgets])
