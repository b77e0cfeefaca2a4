"""What runs now in the place of what scalers give at the least, and what is said of a rollout in progress."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

from llmstack.finding import Finding, Severity
from llmstack.kubernetes.pods import Identity, told
from llmstack.kubernetes.replicas import Scalers
from llmstack.review.facts import Present
from llmstack.review.wording import plural


def present_scale(least: Scalers, most: Scalers, present: Mapping[Identity, Present]) -> Scalers:
    """The replicas that scalers have given now, within what they may give; of what nobody looked at, the least."""
    return {
        key: min(present[key].replicas, most.get(key, low)) if key in present else low for key, low in least.items()
    }


def unsettled(present: Mapping[Identity, Present], moving: Collection[Identity]) -> Iterator[Finding]:
    """Yield a note for each workload that moves while a rollout of it goes on, or not all of its replicas serve; and
    for each whose pods hold more than its replicas do."""
    for identity, each in sorted(present.items()):
        mid = min(each.available, each.updated) < each.replicas
        if each.beyond or (mid and identity in moving):
            course = f"{each.available} of {plural(each.replicas, 'replica')} ready, {each.updated} of the new template"
            if each.beyond:
                course += f", {plural(each.beyond, 'pod')} beyond them on nodes"
            message = f"{told(identity)} is in the middle of a rollout ({course}): figures start there"
            help = "a change that comes meanwhile ends that rollout where it is, and begins its own"
            yield Finding("not-settled", Severity.NOTE, message, help=help)
