"""Units that lose or change their owner, as `sync` tells them: who it is said of, what to do, and of how many objects."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from llmstack.review.assess import assess
from llmstack.review.facts import Facts
from llmstack.review.result import Risk
from llmstack.review.risks.sync import UNITS
from llmstack.review.surroundings import Surroundings
from llmstack.sync.side import OwnerChange

FOLLOW = "Follow the order of commits that this review gives for the cluster."


def owner(unit: str = "prod.models.a", **given: Any) -> OwnerChange:
    own = {
        "tool": "flux", "action": "pruned", "cause": "contents", "by": "x", "objects": 3, "deletes": True,
        "why": "is deleted by `clusters/c/a.yaml`", "file": "clusters/c/a.yaml", "path": "overlays/prod/models/a",
    }  # fmt: skip
    return OwnerChange(unit=unit, **(own | given))


def told(*changes: OwnerChange, environment: str = "prod") -> list[Risk]:
    near = Surroundings(environment, sync=changes)
    facts = Facts()
    risks = assess((), [], [], facts, facts, date(2026, 6, 1), near=near).risks
    return [risk for risk in risks if risk.id == "sync"]


@pytest.mark.parametrize(
    ("change", "environment", "subject"),
    [
        (owner(), "prod", "Kustomization/prod.models.a"),
        (owner(tool="argo"), "prod", "Application/prod.models.a"),
        (owner("clusters/c"), "prod", "Cluster/c"),
        (owner("GitRepository/a"), "prod", "GitRepository/a"),
        (owner(), "", "Kustomization/prod.models.a"),
    ],
)
def test_one_unit_is_told_by_its_owner(change: OwnerChange, environment: str, subject: str) -> None:
    [risk] = told(change, environment=environment)
    assert (risk.object, risk.file, risk.amount) == (subject, "clusters/c/a.yaml", 3)
    assert risk.message == f"`{change.unit}` is deleted by `clusters/c/a.yaml`"


def test_several_of_one_kind_are_one() -> None:
    several = [
        owner(f"u{n}", file=f"clusters/c/{n}.yaml", why=f"is deleted by `clusters/c/{n}.yaml`", objects=n or None)
        for n in range(UNITS + 2)
    ]
    [risk] = told(*several)
    assert risk.message == "`u0`, `u1`, `u2`, `u3`, `u4` and 2 more: is deleted by its file"
    assert (risk.object, risk.file) == ("Environment/prod", "clusters/c/0.yaml")
    assert risk.amount == sum(range(UNITS + 2))
    assert [each.object for each in told(*several, environment="")] == ["Cluster/c"]


def test_kinds_are_told_apart() -> None:
    changes = (owner("a"), owner("b", deletes=False), owner("c", action="adopted"), owner("d", why="goes"), owner("e"))
    found = told(*changes)
    assert [(risk.message.partition(" ")[0], str(risk.severity)) for risk in found] == [
        ("`a`,", "error"), ("`c`", "error"), ("`d`", "error"), ("`b`", "warning"),
    ]  # fmt: skip


ADVICE: dict[str, tuple[OwnerChange, str]] = {
    "a source": (owner(cause="source"), "Have the whole tree in the new place before this is merged, and merge it alone."),
    "contents": (owner(), "Build the folder with that by hand and compare, or say it in the values instead."),
    "a cluster": (owner(cause="cluster"), "Delete by hand in the former cluster what shall not go on there."),
    "shared": (owner(cause="shares"), "Let one unit alone apply an object."),
    "asked": (owner(cause="asked"), "Have Argo CD say what it would make of it (`argocd appset generate FILE`), and compare."),
    "blocked": (owner(action="blocked"), "Mend what stops it; until then later commits do not reach the cluster either."),
    "blocked by who goes": (
        owner(action="blocked", cause="goes"),
        "Delete it by hand where it shall go, so that its objects stay: docs/operations.md, Move an environment."),
    "goes and deletes": (owner(cause="goes"), FOLLOW),
    "goes, and deletes nothing": (
        owner(cause="goes", deletes=False),
        "Delete by hand what shall not stay, or give an owner to what shall be applied again."),
    "a folder": (owner(cause="folder"), FOLLOW),
}  # fmt: skip


@pytest.mark.parametrize("case", ADVICE)
def test_what_to_do(case: str) -> None:
    change, advice = ADVICE[case]
    [risk] = told(change)
    assert risk.advice == advice


@pytest.mark.parametrize(
    ("change", "matters"),
    [
        (owner(action="added"), False),
        (owner(gone=(("v1", "n", "Service", "a"),)), True),  # it is in the tree no more, and nothing else says so
        (owner(action="moved", cause="folder", path="custom/prod/a", deletes=False), False),
        (owner(action="moved", cause="folder", path="overlays/prod/a", deletes=False), False),
        (owner(action="moved", cause="folder", path="overlays/prod/a", deletes=True), True),
        (owner(action="moved", cause="folder", path="elsewhere/a", deletes=False), True),
        (owner(action="moved", cause="source", path="custom/prod/a", deletes=False), True),
    ],
)
def test_what_is_no_more_than_the_tree_says(change: OwnerChange, matters: bool) -> None:
    assert bool(told(change)) is matters
