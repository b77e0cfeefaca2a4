"""What another release of the router changes: flags that it does not have yet, and what its notes tell beside them.

Tags that name no release (`latest`, a digest, a build of the release in which something came) are compared as far as
they are certain.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from llmstack.engine.upgrade import Item
from llmstack.flags.router import CHANGES, FLAGS, ROUTING_LOGICS, Change, Since, router_has


def compare_routers(before: str, after: str, used: Collection[str] | None, logic: str | None = None) -> Iterator[Item]:
    """Yield what changes from one tag to another: for a router that is given the flags `used` (None: any) and that
    chooses by `logic` (None: any)."""
    for name, since in FLAGS.items():
        if (used is None or name in used) and _goes(before, after, since):
            yield Item("removed", name, "accepted", "refused", str(since), _lacking(name, since), used is not None)
    for name, since in ROUTING_LOGICS.items():
        if logic in (None, name) and _goes(before, after, since):
            text = _lacking(f"--routing-logic {name}", since)
            yield Item("removed", "--routing-logic", name, "refused", str(since), text, logic is not None)
    for change in CHANGES:
        if not change.logic or logic in (None, change.logic):
            yield from _behaviour(before, after, change)


def _lacking(what: str, since: Since) -> str:
    return f"{what} is refused: it came with {since} ({since.source})."


def _goes(before: str, after: str, since: Since) -> bool:
    """Whether a router that may have something becomes one that has not."""
    return router_has(before, since) != "no" and router_has(after, since) == "no"


def _behaviour(before: str, after: str, change: Change) -> Iterator[Item]:
    """Yield a change that comes for certain; on the way back, that it does no longer hold."""
    sides = router_has(before, change.since), router_has(after, change.since)
    text = {("no", "yes"): change.text, ("yes", "no"): f"No longer so: {change.text}"}.get(sides)
    if text:
        yield Item("behaviour", "", "", "", str(change.since), text)
