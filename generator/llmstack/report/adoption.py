"""What `llmstack adopt` found and does: the values, what restarts and why, what is held, what comes, what is left."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from llmstack.adopt.plan import Adoption, Taken
from llmstack.adopt.release import Release
from llmstack.disk.plan import unified_diff
from llmstack.kubernetes.pods import identity_of, told
from llmstack.report.visible import visible
from llmstack.review.wording import listed, plural
from llmstack.values.nodes import Source

_SHOWN = 4
"""Fields that are named for one reason."""


def show_adoption(before: Source, after: Source, release: Release, plan: Adoption, *, written: bool) -> str:
    """The whole account as text, its lines inert."""
    diff = unified_diff(before.path, before.text.encode(), after.text.encode()) if before.text != after.text else ""
    head = f"release {release.name}, selectors of the chart ({release.selectors})\n"
    words = "".join(f"{line}\n" for line in _account(plan, release.namespace or "default", written=written))
    return visible(diff, keep="\n\t\r") + visible(f"{head}{words}", keep="\n")


def _account(plan: Adoption, namespace: str, *, written: bool) -> Iterator[str]:
    workloads = [each for each in plan.taken if each.runs_pods]
    yield _count(workloads)
    for each in workloads:
        yield from _workload(each)
    others = [each for each in plan.taken if not each.runs_pods and each.patch is not None]
    yield from _listed("held as they are, no pods:", (told(identity_of(each.live)) for each in others))
    yield from _listed("holds:" if written else "holds (--write writes them):", _folders(plan))
    yield from _listed("made, the release has none:", map("/".join, plan.fresh))
    yield from _listed("left in the cluster, in no tree:", map("/".join, plan.left))
    for unit in plan.let_go:
        yield f"let go: {unit}; a hold of it that is there goes with its folder under custom/"
    yield from _moves(plan, namespace)
    yield "next: `llmstack gen`, commit, and the steps of docs/adopt.md"


def _count(workloads: Sequence[Taken]) -> str:
    equal = sum(not each.reasons for each in workloads)
    held = sum(bool(each.reasons) and not each.restarts for each in workloads)
    restarts = sum(each.restarts for each in workloads)
    return f"{plural(len(workloads), 'workload')}: {equal} equal, {held} held, {restarts} to restart"


def _workload(each: Taken) -> Iterator[str]:
    state = "restarts" if each.restarts else "held" if each.reasons else "equal, no pod restarts"
    why = "a secret in plain text" if each.has_secret else "a name twice in a list, which no apply takes"
    unheld = f" (no hold: what runs has {why})" if each.has_secret or each.has_twins else ""
    yield f"{told(identity_of(each.live))} ({each.placed.unit}): {state}{unheld}"
    for reason, fields in each.reasons.items():
        yield f"  {reason.id}: {reason.words}"
        yield f"    {listed(fields, _SHOWN)}"


def _moves(plan: Adoption, namespace: str) -> Iterator[str]:
    """What to do where no hold can be: a pod that waits for its Secret is down for as long."""
    moves = {(move.secret, move.key): move for each in plan.taken for move in each.moves}
    commands = (move.command(namespace) for move in moves.values())
    yield from _listed(
        "make these Secrets first, of what runs; a value is not shown, and its pods restart once:", commands
    )


def _folders(plan: Adoption) -> list[str]:
    return sorted({path.rpartition("/")[0] for path in plan.files})


def _listed(head: str, lines: Iterable[str]) -> Iterator[str]:
    listed = [f"  {line}" for line in lines]
    if listed:
        yield head
        yield from listed
