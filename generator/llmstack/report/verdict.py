"""The one line that a reviewer reads first."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from llmstack.finding import RANK, Severity
from llmstack.report.clusters import count_removed
from llmstack.report.words import count_severities, say_pool, say_rollouts, say_total_time
from llmstack.review.result import EnvironmentReview, Review
from llmstack.review.wording import plural

NOTHING = "Nothing changes in the cluster."


@dataclass(frozen=True, slots=True)
class Verdict:
    """The worst of a review and what it does. `level` is None when there is nothing to tell."""

    level: Severity | None
    tally: str
    """`1 error, 2 warnings`; acknowledged risks are counted apart."""
    effects: tuple[tuple[str, str], ...]
    """(environment, what happens in it), only for environments where something does."""
    gone: str = ""
    """`1 model goes`, in all environments together."""

    @property
    def headline(self) -> str:
        """What goes, then what counts; the empty text where there is neither."""
        return " · ".join(filter(None, (self.gone, self.tally)))

    def __str__(self) -> str:
        told = "; ".join(f"{name}: {effect}" for name, effect in self.effects)
        return " — ".join(part for part in (self.tally, told) if part) or NOTHING


def judge(review: Review) -> Verdict:
    """Return the verdict on a review: what counts, then each environment that changes, in a clause."""
    severities = [severity for environment in review.environments.values() for severity in open_severities(environment)]
    acknowledged = sum(risk.acknowledged for environment in review.environments.values() for risk in environment.risks)
    parts = [count_severities(severities), f"{acknowledged} acknowledged" if acknowledged else ""]
    effects = tuple(
        (name, say_effect(environment))
        for name, environment in sorted(review.environments.items())
        if environment.objects or environment.removed
    )
    level = min(severities, key=RANK.__getitem__, default=Severity.NOTE if effects else None)
    gone = count_removed([each for environment in review.environments.values() for each in environment.removed])
    return Verdict(level, ", ".join(filter(None, parts)), effects, gone)


def open_severities(environment: EnvironmentReview) -> Iterator[Severity]:
    """Severities of the risks that nobody acknowledged, and of the findings."""
    yield from (risk.severity for risk in environment.risks if not risk.acknowledged)
    yield from (finding.severity for finding in environment.findings)


def say_effect(environment: EnvironmentReview) -> str:
    """What happens in an environment, deletions first: `1 model goes, 3 models restart, h100 peaks at 24 of 16 GPUs,
    never ends`."""
    gone = count_removed(environment.removed)
    if not environment.rollouts:
        changed = f"{plural(len(environment.objects), 'object')} changed, no pod restarts"
        return ", ".join(filter(None, [gone, changed if environment.objects else ""]))
    pools = [
        f"{say_pool(pool)} peaks at {pool.peak:,} of {plural(pool.capacity, 'GPU')}"
        for pool in environment.gpus
        if pool.capacity is not None and (pool.peak > pool.capacity or pool.deadlock)
    ]
    said = [gone, say_rollouts(environment.rollouts), *pools, say_total_time(environment)]
    return ", ".join(filter(None, said))
