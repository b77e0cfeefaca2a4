"""What pods begin to read with the change and what nothing here makes: whether it is there, nobody says."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.kubernetes.pods import identity_of
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.ways_in.needs import needs_of, provided, pull_secrets


def find(case: Case) -> Iterator[Obstacle]:
    """What a workload begins to read, and to pull its images with."""
    yield from _read(case)
    yield from _pulled(case)


def _pulled(case: Case) -> Iterator[Obstacle]:
    """Secrets that images are pulled with: without one the kubelet asks the registry without credentials
    (kubernetes.io, "Pull an Image from a Private Registry")."""
    if not case.scene.before or not (case.makes_beside or case.is_restart):
        return
    had = {name for spec in case.scene.specs_before for name in pull_secrets(spec)}
    there = {name for kind, _, name in provided(case.scene.after) if kind == "Secret"}
    for name in sorted(pull_secrets(case.pod) - had - there):
        if ("Secret", name) not in case.scene.facts.existing:
            message = f"the pods begin to pull their images with Secret `{name}`, which nothing here makes"
            advice = "See that it is there before the merge, or name it in `gitops.existing`."
            yield Obstacle(f"{message}: a registry that asks for it refuses them", advice, "unknown", likely=False)


def _read(case: Case) -> Iterator[Obstacle]:
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
