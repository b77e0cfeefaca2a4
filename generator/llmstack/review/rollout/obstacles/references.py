"""What pods begin to read with the change and what nothing here makes: whether it is there, nobody says."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.pods import identity_of
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.ways_in.needs import needs_of


def find(case: Case) -> Iterator[Obstacle]:
    """The Secrets, config maps and claims that a workload did not read before.

    Without one its pods stay in CreateContainerConfigError, or Pending for a claim. What other pods read already is
    there; of an environment that is new lint says it.
    """
    there = any(identity_of(obj)[1] == case.workload.namespace for obj in case.scene.before)
    if not there or not (case.makes_beside or case.is_restart):
        return
    unknown = sorted(needs_of(case.obj) - case.scene.needs_known)
    told = [need for need in unknown if need[::2] not in case.scene.facts.existing]
    if told:
        names = ", ".join(f"{kind} `{name}`" for kind, _, name in told)
        message = f"the pods begin to read {names}, which nothing here makes: without it none of them starts"
        yield Obstacle(
            message, "See that it is there before the merge, or name it in `gitops.existing`.", "unknown", likely=False
        )
