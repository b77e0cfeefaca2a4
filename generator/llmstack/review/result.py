"""The result of a review, as plain frozen data: what every report and the JSON contract are made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from functools import cached_property
from itertools import chain
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.finding import RANK, Finding, Severity
from llmstack.review.change import ObjectChange
from llmstack.review.cost import Cost, Unserved
from llmstack.review.engine_change import EngineChange
from llmstack.review.forecast import GpuPool, PodPhase, Rollout
from llmstack.review.removed import Removed
from llmstack.review.wave import Wave
from llmstack.review.ways_in.way import WayIn
from llmstack.sync.side import OwnerChange


class Risk(Struct, frozen=True):
    """Something that may go wrong, with what to do about it."""

    id: str
    """One of `RISKS` in risks/table.py."""
    severity: Severity
    object: str
    """`Kind/name`."""
    message: str
    advice: str
    place: str | None = None
    """`values/prod.yaml:12`: where the repository states what it is about, for those that know the files to say."""
    acknowledged: bool = False
    amount: int | None = None
    """How much of it there is, in the unit that its page names; None where it is no amount, or not known."""
    accepted: str = ""
    """What the acknowledgement says: its reason, its last day, the amount that it covers."""
    model: str | None = None
    """The model that its object serves."""
    path: str = ""
    """The field of its object that it is about, as changes spell it; the empty string for the whole."""
    file: str = ""
    """The file of clusters/ that states its object, where no unit of an environment has it."""


class Sources(Struct, frozen=True):
    """What is known of a cluster beside the values, and of which day."""

    file: str | None
    """Of facts/, where there is one."""
    day: date | None
    """On which the nodes in it were seen."""
    observed: date | None = None
    """Of the newest moment that `--observed` shows, which has the last word."""


class ClusterReview(Struct, frozen=True):
    """What changes in one cluster: pools that environments share, and who applies what."""

    environments: tuple[str, ...]
    gpus: tuple[GpuPool, ...]
    seconds: int | None
    """Until the last environment is done; None when one never is, or that is unknown."""
    sync: tuple[OwnerChange, ...] = ()
    risks: tuple[Risk, ...] = ()
    """Those of sync and of shared pools, each told once."""
    advice: tuple[str, ...] = ()
    """The safe order of commits, step by step."""
    foreign: tuple[str, ...] = ()
    """Changed files of the cluster's folder that llmstack did not write."""
    cost: Cost | None = None
    """None where no pool has a price."""
    waves: tuple[Wave, ...] = ()
    """Commits, in order, that get there where the change at once cannot finish or runs short at its peak."""
    facts: Sources | None = None
    """What is learned of the cluster, where rollouts in it are judged by that."""


ENDLESS = frozenset(("gpu-deadlock", "gpu-shortage", "rollout-stuck"))
"""Risks by which a rollout does not end."""


class EnvironmentReview(Struct, frozen=True, dict=True):
    """All that changes in one environment."""

    objects: tuple[ObjectChange, ...]
    rollouts: tuple[Rollout, ...]
    gpus: tuple[GpuPool, ...]
    risks: tuple[Risk, ...]
    timeline: tuple[PodPhase, ...] = ()
    seconds: int | None = 0
    """How long the whole change takes; None when it never ends or is unknown."""
    findings: tuple[Finding, ...] = ()
    """`stale-tree` and whatever else kept part of it from being read."""
    engines: tuple[EngineChange, ...] = ()
    """Models whose engine changes."""
    removed: tuple[Removed, ...] = ()
    """Workloads that go with nothing in their place."""
    unserved: tuple[Unserved, ...] = ()
    """What its rollouts hold without serving, by model and pool."""
    waves: tuple[Wave, ...] = ()
    """An order of commits that gets there where the whole cannot, or runs short: of all environments of its cluster."""
    ways: tuple[WayIn, ...] = ()
    """The ways in that are broken, for a while or for good."""

    @cached_property
    def stuck(self) -> Mapping[str, Severity]:
        """The objects whose rollouts hang for want of GPUs or of something else, and how severe the worst of it is."""
        found: dict[str, Severity] = {}
        for risk in self.risks:
            if risk.id in ENDLESS:
                found[risk.object] = min(risk.severity, found.get(risk.object, risk.severity), key=RANK.__getitem__)
        return found


class RuleChange(Struct, frozen=True):
    """One rule that the change itself alters: what an environment acknowledges, declares, turns off, ignores, or what
    is learned."""

    kind: Literal["acknowledgement", "capacity", "check", "ignore", "facts"]
    environment: str
    """Empty for what holds for all of them."""
    text: str
    """What the change does, without its subject: `acknowledges gpu-deadlock at Deployment/x`."""
    place: str | None = None


class Review(Struct, frozen=True):
    """A comparison of two revisions, by environment."""

    from_revision: str
    to_revision: str
    """A commit's id, or `worktree`."""
    environments: Mapping[str, EnvironmentReview]
    clusters: Mapping[str, ClusterReview] = field(default_factory=dict)
    """By name; an environment that names no cluster is one of its own, `env:<name>`."""
    is_generated: bool = False
    """Whether the later side is what `gen` would write there, and not the files that are."""
    rules: tuple[RuleChange, ...] = ()
    """What the change does to the rules that reviews go by."""
    rules_from: str | None = None
    """The commit whose capacity, acknowledgements and facts this review goes by; None for those of the change."""
    only: str | None = None
    """The one environment that is told of; None for all."""

    def narrowed(self, environment: str) -> Review:
        """The review with what it says of one environment and of its clusters; both were judged with all the others."""
        return replace(
            self,
            environments={name: each for name, each in self.environments.items() if name == environment},
            clusters={home: each for home, each in self.clusters.items() if environment in each.environments},
            rules=tuple(rule for rule in self.rules if rule.environment in ("", environment)),
            only=environment,
        )

    def all_risks(self) -> Iterator[tuple[tuple[str, ...], Risk]]:
        """Yield each risk once, with its environment, those that share the pool which it is about, or the cluster in
        which no environment stands."""
        homes = {name: home for home, cluster in self.clusters.items() for name in cluster.environments}
        every = [(name, risk) for name, environment in sorted(self.environments.items()) for risk in environment.risks]
        of_pools: dict[tuple[str, Risk], list[str]] = {}
        for name, risk in every:
            if risk.object.startswith("Pool/"):
                of_pools.setdefault((homes.get(name, name), risk), []).append(name)
        for name, risk in every:
            sharing = tuple(of_pools.get((homes.get(name, name), risk), (name,))) if of_pools else (name,)
            if sharing[0] == name:
                yield sharing, risk
        for name, cluster in sorted(self.clusters.items()):
            yield from (((name,), risk) for risk in cluster.risks if not cluster.environments)

    def fails(self, level: str) -> bool:
        """Whether a risk of this severity, or a worse one, stands that nobody acknowledged.

        `level` is `error`, `warning` or `never`.
        """
        severities = {"error": (Severity.ERROR,), "warning": (Severity.ERROR, Severity.WARNING)}.get(level, ())
        of_clusters = (risk for cluster in self.clusters.values() for risk in cluster.risks)
        found = chain((risk for _, risk in self.all_risks()), of_clusters)
        return any(risk.severity in severities and not risk.acknowledged for risk in found)
