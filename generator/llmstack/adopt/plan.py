"""The adoption of a release: object by object what is equal, what differs and why, what is held and what is let go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack.adopt.holds import goal_of, has_twins, hold_files, patch_of
from llmstack.adopt.moved import Move, secrets_moved
from llmstack.adopt.reasons import Reason, reasons
from llmstack.kubernetes.pods import Object, pod_templates
from llmstack.objects.placed import Placed
from llmstack.secrecy.places import plaintext_in_objects
from llmstack.tree.unit import Files

Key = tuple[str, str]


class Taken(Struct, frozen=True):
    """An object that the release and the tree both have."""

    placed: Placed
    live: Object
    reasons: Mapping[Reason, tuple[str, ...]]
    """Why its pods would restart without a hold."""
    patch: Any
    """What the hold of it says; None where nothing is held."""
    has_secret: bool = False
    """What runs holds a secret in plain text, which no hold repeats."""
    moves: tuple[Move, ...] = ()
    """Where its secrets are to go before the pods restart."""
    has_twins: bool = False
    """What runs has a name twice in a list, which nobody can apply again."""

    @property
    def runs_pods(self) -> bool:
        return next(iter(pod_templates(self.placed.object)), None) is not None

    @property
    def restarts(self) -> bool:
        return bool(self.reasons) and self.patch is None


class Adoption(Struct, frozen=True):
    """How a release is taken over. `files` are the holds."""

    taken: tuple[Taken, ...]
    fresh: tuple[Key, ...]
    """What the tree has and the release has not: it is made."""
    left: tuple[Key, ...]
    """What the release has and the tree has not: it stays in the cluster, in no tree."""
    files: Files
    let_go: tuple[str, ...]
    """The units that are left as they are generated."""


def plan_adoption(
    environment: str, placed: Sequence[Placed], live: Sequence[Object], let_go: Collection[str]
) -> Adoption:
    """Hold the generated objects of an environment against the live ones; units of `let_go` get no hold."""
    running = {_key(each): each for each in live}
    generated = {_key(each.object): each for each in placed}
    taken = [_take(each, running[key], let_go) for key, each in generated.items() if key in running]
    held: dict[str, dict[str, tuple[Object, Any]]] = {}
    for each in taken:
        if each.patch is not None:
            held.setdefault(each.placed.unit, {})[each.placed.slot] = (each.placed.object, each.patch)
    files: Files = {}
    for unit, patches in sorted(held.items()):
        files |= hold_files(environment, unit, patches)
    return Adoption(
        tuple(taken),
        tuple(sorted(generated.keys() - running.keys())),
        tuple(sorted(running.keys() - generated.keys())),
        files,
        tuple(sorted({each.placed.unit for each in taken} & set(let_go))),
    )


def _take(placed: Placed, live: Object, let_go: Collection[str]) -> Taken:
    generated = placed.object
    found = reasons(live, generated)
    if placed.unit in let_go or generated["kind"] == "Secret" or generated["apiVersion"] != live["apiVersion"]:
        return Taken(placed, live, found, None)
    goal = goal_of(generated, live)
    patch = patch_of(generated, goal)
    has_secret = patch is not None and next(plaintext_in_objects([goal]), None) is not None
    twins = patch is not None and has_twins(goal)
    moves = tuple(secrets_moved(generated, live)) if has_secret else ()
    return Taken(placed, live, found, None if has_secret or twins else patch, has_secret, moves, twins)


def _key(object: Object) -> Key:
    return str(object["kind"]), str(object["metadata"]["name"])
