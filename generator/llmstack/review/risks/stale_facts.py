"""What is known of a cluster was learned too long ago.

Why it matters: nodes come and go, other tenants take GPUs, images load faster or slower. A review that rests on old
facts may say that a rollout finishes which hangs.

How it is judged: the date of facts/clusters/<name>.yaml, of the later dated of both sides, is compared with today and
`gitops.factsMaxAge` (14 days, unless the values say otherwise). Its amount is the age in days. What they know of a
pool's nodes still says that a rollout hangs, and no more that it finishes: that cannot be judged.

Fix: `llmstack learn cluster NAME`, in a pull request of its own; docs/facts.md has a workflow that does it.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.finding import Severity
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.wording import plural

RISK = Declaration("stale-facts", Severity.WARNING, unit="days")


def find(assessment: Assessment) -> Iterator[Risk]:
    """The facts of the environment's cluster, where they are too old."""
    stale = assessment.facts[1].stale
    if stale is not None:
        age, most = plural(stale.age, "day"), plural(stale.most, "day")
        message = f"the facts of the cluster are {age} old, and `gitops.factsMaxAge` is {most}"
        advice = f"Run `llmstack learn cluster {stale.cluster}`."
        yield RISK.at(f"Cluster/{stale.cluster}", message, advice, amount=stale.age)
