"""Which units may build to something else after a change of files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from llmstack.kustomize.reached import Reached


class Side(Struct, frozen=True):
    """A tree: the units of an environment with the folder that stands for each, and what builds of them read."""

    units: Callable[[str], Mapping[str, str]]
    reached: Reached


def affected_units(
    changed: Iterable[str], environments: Iterable[str], before: Side, after: Side
) -> dict[str, list[str]]:
    """The units, by environment and sorted, whose build may differ between two trees.

    `changed` holds the paths of all files that differ, from the root; `environments` the folders of overlays/ on
    either side. A unit is affected when a build of its folder reads a changed file, or passes a link that leads
    elsewhere, on either side; when another folder stands for it; and when it enters or leaves the environment's list.
    Environments without such units are left out.
    """
    differing = {*changed, *_moved_links(before.reached, after.reached)}
    touched = [side.reached.leading_to(differing) for side in (before, after)]
    found = {}
    for environment in environments:
        old, new = before.units(environment), after.units(environment)
        units = {unit for unit in old.keys() | new.keys() if old.get(unit) != new.get(unit)}
        units |= {unit for unit in new if new[unit] in touched[1] or old.get(unit) in touched[0]}
        if units:
            found[environment] = sorted(units)
    return dict(sorted(found.items()))


def _moved_links(before: Reached, after: Reached) -> set[str]:
    return {path for path, end in before.links.items() if after.links.get(path, end) != end}
