"""What runs now in the place of what scalers give at the least, and what is said of a rollout in progress."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TypeVar

from llmstack.finding import Finding, Severity
from llmstack.review.facts import Present
from llmstack.review.wording import plural

Key = TypeVar("Key", bound=tuple[str, ...])
"""Of a workload: its kind first, its name last."""


def present_scale(
    least: Mapping[Key, int], most: Mapping[Key, int], present: Mapping[tuple[str, str], Present]
) -> dict[Key, int]:
    """The replicas that scalers have given now, within what they may give; of what nobody looked at, the least."""
    return {
        key: min(present[key[0], key[-1]].replicas, most.get(key, low)) if (key[0], key[-1]) in present else low
        for key, low in least.items()
    }


def unsettled(present: Mapping[tuple[str, str], Present], moving: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """Yield a note for each workload that moves while a rollout of it goes on, or not all of its replicas serve; and
    for each whose pods hold more than its replicas do."""
    for (kind, name), each in sorted(present.items()):
        mid = min(each.available, each.updated) < each.replicas
        if each.beyond or (mid and (kind, name) in moving):
            told = f"{each.available} of {plural(each.replicas, 'replica')} ready, {each.updated} of the new template"
            if each.beyond:
                told += f", {plural(each.beyond, 'pod')} beyond them on nodes"
            message = f"{kind}/{name} is in the middle of a rollout ({told}): figures start there"
            help = "a change that comes meanwhile ends that rollout where it is, and begins its own"
            yield Finding("not-settled", Severity.NOTE, message, help=help)
