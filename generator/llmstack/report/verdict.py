"""The one line that a reviewer reads first."""

from __future__ import annotations

from msgspec import Struct

from llmstack.finding import RANK, Severity
from llmstack.report.clusters import count_removed, say_sync
from llmstack.report.words import count_severities, say_pool, say_rollouts, say_total_time, short_revision
from llmstack.review.foreign import runs_foreign_pods
from llmstack.review.result import EnvironmentReview, Review, RuleChange
from llmstack.review.wording import plural

NOTHING = "Nothing changes in the cluster."


class Verdict(Struct, frozen=True):
    """The worst of a review and what it does. `level` is None when there is nothing to tell."""

    level: Severity | None
    tally: str
    """`1 error, 2 warnings`; acknowledged risks, and rules that the change itself alters, are counted apart."""
    effects: tuple[tuple[str, str], ...]
    """(environment, what happens in it), only where something does; then clusters of which nothing is told so."""
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
    severities = [risk.severity for _, risk in review.all_risks() if not risk.acknowledged]
    severities += [finding.severity for each in review.environments.values() for finding in each.findings]
    acknowledged = sum(risk.acknowledged for _, risk in review.all_risks())
    parts = [count_severities(severities), f"{acknowledged} acknowledged" if acknowledged else ""]
    parts.append(f"{plural(len(review.rules), 'rule')} changed" if review.rules else "")
    effects = tuple(
        (name, say_effect(environment))
        for name, environment in sorted(review.environments.items())
        if environment.objects or environment.removed
    )
    told = {name for name, _ in effects}
    effects += tuple(
        (name, say_sync(cluster))
        for name, cluster in sorted(review.clusters.items())
        if cluster.sync and told.isdisjoint(cluster.environments)
    )
    level = min(severities, key=RANK.__getitem__, default=Severity.NOTE if effects else None)
    gone = count_removed([each for environment in review.environments.values() for each in environment.removed])
    return Verdict(level, ", ".join(filter(None, parts)), effects, gone)


def say_rules(review: Review) -> str:
    """What comes before the rules that a change alters; empty where there is nothing to say."""
    if review.rules_from is None:
        return "This change alters the rules that it is judged by:" if review.rules else ""
    ruling = f"The rules of {short_revision(review.rules_from)} hold for this review"
    return f"{ruling} and the change itself alters them:" if review.rules else f"{ruling} alone."


def say_rule(rule: RuleChange) -> str:
    """`prod acknowledges gpu-deadlock at Deployment/x (values/prod.yaml:12)`."""
    subject = "it" if rule.kind == "facts" else rule.environment or "every environment"
    return f"{subject} {rule.text}" + (f" ({rule.place})" if rule.place else "")


def say_effect(environment: EnvironmentReview) -> str:
    """What happens in an environment, deletions first: `1 model goes, 3 models restart, h100 peaks at 24 of 16 GPUs,
    never ends`."""
    gone = count_removed(environment.removed)
    if not environment.rollouts:
        pods = "whether pods restart cannot be judged" if _foreign(environment) else "no pod restarts"
        changed = f"{plural(len(environment.objects), 'object')} changed, {pods}"
        return ", ".join(filter(None, [gone, changed if environment.objects else ""]))
    pools = [
        f"{say_pool(pool)} peaks at {pool.peak:,} of {plural(pool.capacity, 'GPU')}"
        for pool in environment.gpus
        if pool.capacity is not None and (pool.peak > pool.capacity or pool.deadlock)
    ]
    foreign = _foreign(environment)
    unjudged = f"of {plural(foreign, 'object')} it cannot be judged" if foreign else ""
    said = [gone, say_rollouts(environment.rollouts), unjudged, *pools, say_total_time(environment)]
    return ", ".join(filter(None, said))


def _foreign(environment: EnvironmentReview) -> int:
    """How many of the changed objects have pods that a controller makes which nobody here knows."""
    sides = ((change.before, change.after) for change in environment.objects)
    return sum(any(side is not None and runs_foreign_pods(side) for side in both) for both in sides)
