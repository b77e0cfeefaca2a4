"""What pods begin to read with the change and what nothing here makes, or makes without the key that they read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set

from llmstack.kubernetes.pods import Object, identity_of
from llmstack.review.rollout.obstacles.case import Case, Obstacle
from llmstack.review.ways_in.needs import WITHOUT_KEY, Need, keys_of, keys_read, needs_of, stays_in


def find(case: Case) -> Iterator[Obstacle]:
    """What the new pods read and is not there."""
    if case.makes_beside or case.is_restart:
        needs = needs_of(case.obj)
        yield from _unknown(case, needs)
        yield from _without_key(case)
        yield from _gone(case, needs)


def _gone(case: Case, needs: Set[Need]) -> Iterator[Obstacle]:
    """What goes with this change, whole, while the new pods read it."""
    for kind, _, name in sorted(needs & case.scene.gone_needs.keys()):
        message = f"{kind} `{name}` goes with this change, and the pods ask for it: they stay in {stays_in(kind)}"
        yield Obstacle(message, "Keep it until no pod asks for it any more.", "always")


def _unknown(case: Case, needs: Set[Need]) -> Iterator[Obstacle]:
    """The Secrets, config maps and claims that a workload did not read before.

    Without one its pods stay in CreateContainerConfigError, or Pending for a claim. What other pods read already is
    there; of an environment that is new lint says it.
    """
    new = needs - needs_of(case.obj_before) if needs and case.obj_before is not None else needs
    unknown = sorted(new - case.scene.needs_known) if new else []
    told = [need for need in unknown if need[::2] not in case.scene.facts.existing]
    if told and any(identity_of(obj)[1] == case.workload.namespace for obj in case.scene.before):
        names = ", ".join(f"{kind} `{name}`" for kind, _, name in told)
        message = f"the pods begin to read {names}, which nothing here makes: without it none of them starts"
        yield Obstacle(
            message, "See that it is there before the merge, or name it in `gitops.existing`.", "unknown", likely=False
        )


def _without_key(case: Case) -> Iterator[Obstacle]:
    """Keys that pods read of a Secret or config map whose manifest has others: no pod starts without one (Kubernetes
    documentation, "ConfigMaps", optional references). What was so before is not told; an empty one is filled by
    somebody else."""
    old, new = case.scene.provided
    if not new:
        return
    before = () if case.obj_before is None else keys_read(case.obj_before)
    lacked = {read for read in before if _lacks(old, *read[:2])}
    for need, key, how in sorted({read for read in keys_read(case.obj) if _lacks(new, *read[:2])} - lacked):
        message = f"{need[0]} `{need[2]}` has no key `{key}`, which the pods read: they stay in {WITHOUT_KEY[how]}"
        yield Obstacle(message, "Add the key, or read one that is there.", "always")


def _lacks(there: Mapping[Need, Object], need: Need, key: str) -> bool:
    """Whether an object says its keys, and this one is not among them."""
    keys = keys_of(there[need]) if need in there else None
    return bool(keys) and key not in (keys or ())
