"""Models by environment: what each rolls out, in a cell; models that do the same everywhere share a row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from llmstack.report.rollout_groups import group_rollouts
from llmstack.report.words import say_replicas, say_why
from llmstack.review.result import Review


class Row(Struct, frozen=True):
    """Models (or workloads that belong to none) and their cells, one for each environment."""

    names: tuple[str, ...]
    cells: tuple[str, ...]


def rolling_environments(review: Review) -> list[str]:
    """The environments in which pods come, go or restart, by name."""
    return [name for name, environment in sorted(review.environments.items()) if environment.rollouts]


def rollout_rows(review: Review, names: Sequence[str]) -> list[Row]:
    """Return the rows of a table whose columns are the environments `names`; rows of most models come
    last."""
    cells: dict[str, dict[str, str]] = {}
    for name in names:
        for group in group_rollouts(review.environments[name]):
            told = f"{say_why(group.first)}, {say_replicas(group.first)}, {group.time}"
            for model in group.names:
                here = cells.setdefault(model, {})
                here[name] = f"{here[name]}; {told}" if name in here else told
    return _merge(cells, names)


def _merge(cells: Mapping[str, Mapping[str, str]], names: Sequence[str]) -> list[Row]:
    together: dict[tuple[str, ...], list[str]] = {}
    for model, here in cells.items():
        together.setdefault(tuple(here.get(name, "—") for name in names), []).append(model)
    return [Row(tuple(models), row) for row, models in sorted(together.items(), key=lambda item: len(item[1]))]
