"""Rollouts that do the same, told once: 300 models that restart are not 300 rows."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from llmstack.report.words import say_failure, say_replicas, say_time, say_times, say_why
from llmstack.review.forecast import Rollout
from llmstack.review.result import EnvironmentReview

MANY = 4
"""Rollouts that differ in their times alone, from which on they are told once."""


class RolloutGroup(Struct, frozen=True):
    """Rollouts of an environment that are alike but for their times."""

    rollouts: tuple[Rollout, ...]
    time: str

    @property
    def first(self) -> Rollout:
        return self.rollouts[0]

    @property
    def failure(self) -> str:
        return say_failure(self.rollouts)

    @property
    def names(self) -> list[str]:
        return [name_of(rollout) for rollout in self.rollouts]


def name_of(rollout: Rollout) -> str:
    """The model, or the workload that is none."""
    return rollout.model or f"{rollout.kind}/{rollout.name}"


def group_rollouts(environment: EnvironmentReview) -> list[RolloutGroup]:
    """Return the rollouts in their order, MANY or more that do the same as one."""
    kinds: dict[tuple[object, ...], list[Rollout]] = {}
    for rollout in environment.rollouts:
        kinds.setdefault(kind_of(rollout, environment), []).append(rollout)
    groups = []
    for alike in kinds.values():
        parts = [alike] if len(alike) >= MANY else [[rollout] for rollout in alike]
        groups += [RolloutGroup(tuple(part), say_times(part, environment)) for part in parts]
    order = {id(rollout): number for number, rollout in enumerate(environment.rollouts)}
    return sorted(groups, key=lambda group: order[id(group.first)])


def group_failures(environment: EnvironmentReview) -> list[tuple[list[str], str]]:
    """Return what is left of rollouts whose new pods never get ready, with the names of those that it is said of."""
    left: dict[str, list[str]] = {}
    for group in group_rollouts(environment):
        if group.failure:
            left.setdefault(group.failure, []).extend(group.names)
    return [(names, f"each {told}" if len(names) > 1 else told) for told, names in left.items()]


def kind_of(rollout: Rollout, environment: EnvironmentReview) -> tuple[object, ...]:
    """What makes rollouts alike: all that is said of them, save how long they take where they end."""
    time = say_time(rollout, environment)
    ending = time if rollout.seconds is None and rollout.seconds_max is None else time.partition(", ")[2]
    failure = rollout.if_it_fails
    left = (failure.ready_left, failure.gpus_held, failure.seconds_back is None) if failure is not None else None
    return say_why(rollout), say_replicas(rollout), rollout.min_ready, left, rollout.pool, bool(rollout.model), ending


def say_names(names: Sequence[str], most: int) -> str:
    """`llama, qwen and 12 more`."""
    more = len(names) - most
    return ", ".join(names[:most]) + (f" and {more:,} more" if more > 0 else "")
