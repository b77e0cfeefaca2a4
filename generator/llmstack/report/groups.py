"""Changes that many objects share, told once: «the same in 12 models»."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from msgspec import Struct

from llmstack.report.words import model_of
from llmstack.review.change import Action, Change, ObjectChange
from llmstack.review.result import Review
from llmstack.review.wording import plural


class Member(Struct, frozen=True):
    """One object of a group."""

    environment: str
    object: ObjectChange

    @property
    def name(self) -> str:
        """What the object belongs to: the model, or another unit."""
        return model_of(self.object.unit)

    @property
    def is_model(self) -> bool:
        return self.object.unit.startswith("models/")


class Group(Struct, frozen=True):
    """Field changes that the same objects share; no changes where whole objects come or go."""

    action: Action
    kind: str
    changes: tuple[Change, ...]
    members: tuple[Member, ...]

    @property
    def environments(self) -> list[str]:
        return sorted({member.environment for member in self.members})

    @property
    def names(self) -> list[str]:
        return list(dict.fromkeys(member.name for member in self.members))

    @property
    def restarts(self) -> bool:
        """Whether one of these changes makes pods restart."""
        paths = {change.path for change in self.changes}
        return any(paths.intersection(member.object.causes) for member in self.members)

    def say_extent(self) -> str:
        """`the same in 12 models`; the empty string for a single object."""
        return f"the same in {count_members(self.members)}" if len(self.members) > 1 else ""


def count_members(members: Sequence[Member]) -> str:
    """`12 models and 1 other unit across 2 environments`; of one unit its `2 objects`."""
    if len({(member.environment, member.name) for member in members}) == 1:
        return plural(len(members), "object")
    models = {member.name for member in members if member.is_model}
    others = {member.name for member in members} - models
    counted = [plural(len(models), "model")] if models else []
    counted += [plural(len(others), "other unit" if models else "unit")] if others else []
    environments = len({member.environment for member in members})
    return " and ".join(counted) + (f" across {environments} environments" if environments > 1 else "")


def group_changes(review: Review) -> list[Group]:
    """Return the changes of all environments, equal ones once: field changes that a set of objects shares,
    then objects added and removed, by kind. Those that restart pods come first, then those of most
    objects."""
    members = [
        Member(name, change)
        for name, environment in sorted(review.environments.items())
        for change in environment.objects
    ]
    groups = [*_field_groups(member for member in members if member.object.action == "change")]
    for action in ("add", "remove"):
        groups += _whole_groups(action, [member for member in members if member.object.action == action])
    return sorted(groups, key=lambda group: (not group.restarts, group.action != "change", -len(group.members)))


def _field_groups(members: Iterable[Member]) -> Iterable[Group]:
    """Field changes by the objects that have them; changes of exactly the same objects are one group."""
    owners: dict[tuple[str, Change], list[Member]] = {}
    for member in members:
        for change in dict.fromkeys(map(_without_checksum, member.object.changes)):
            owners.setdefault((member.object.kind, change), []).append(member)
    together: dict[tuple[str, tuple[int, ...]], tuple[list[Change], list[Member]]] = {}
    for (kind, change), having in owners.items():
        key = kind, tuple(id(member.object) for member in having)
        together.setdefault(key, ([], having))[0].append(change)
    for (kind, _), (changes, having) in together.items():
        yield Group("change", kind, tuple(changes), tuple(having))


def _without_checksum(change: Change) -> Change:
    """A change of a checksum annotation as one that is equal wherever a checksum changes."""
    return Change(change.path, "…", "…") if change.path.endswith("[checksum/config]") else change


def _whole_groups(action: Action, members: Iterable[Member]) -> Iterable[Group]:
    by_kind: dict[str, list[Member]] = {}
    for member in members:
        by_kind.setdefault(member.object.kind, []).append(member)
    for kind, having in by_kind.items():
        yield Group(action, kind, (), tuple(having))
