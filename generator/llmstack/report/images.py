"""Images that change: each pair of old and new once, with how many models have it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from msgspec import Struct

from llmstack.report.groups import Member, count_members
from llmstack.review.result import Review


class ImageChange(Struct, frozen=True):
    """One image that becomes another, and the workloads in which it does."""

    before: str
    after: str
    members: tuple[Member, ...]

    def say_extent(self) -> str:
        """`in llama`, `in 12 models across 2 environments`."""
        return f"in {count_members(self.members)}" if len(self.members) > 1 else f"in {self.members[0].name}"


def changed_images(review: Review) -> list[ImageChange]:
    """Return the images that change, those of most workloads first. One that is only added or only goes is none."""
    together: dict[tuple[str, str], dict[int, Member]] = {}
    for name, environment in sorted(review.environments.items()):
        for object in environment.objects:
            for change in object.changes:
                if change.path.rpartition(".")[2] == "image" and change.before and change.after:
                    members = together.setdefault((change.before, change.after), {})
                    members[id(object)] = Member(name, object)
    found = [ImageChange(*pair, tuple(members.values())) for pair, members in together.items()]
    return sorted(found, key=lambda each: (-len(each.members), each.before, each.after))


def images_data(images: Sequence[ImageChange]) -> list[dict[str, Any]]:
    """`images` in the JSON of a review: how many models have each, and in which environments."""
    return [
        {
            "from": each.before,
            "to": each.after,
            "models": len({member.name for member in each.members if member.is_model}),
            "objects": len(each.members),
            "envs": sorted({member.environment for member in each.members}),
        }
        for each in images
    ]
