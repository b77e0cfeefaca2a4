"""Where the repository states what a risk is about: a line of values/, custom/, clusters/, facts/, or of who may read.

What is there after the change has its line there. What is gone stands at what enclosed it; a file that is gone is named
as it was, at its first line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import cache, cached_property
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

from llmstack.disk.ownership import is_ours
from llmstack.finding import Place, Route
from llmstack.kubernetes.pods import Object
from llmstack.kubernetes.stream import Item, read_stream
from llmstack.repository.cases import Case
from llmstack.repository.comparison import Comparison
from llmstack.repository.stated import first_altered, number_in, place_of_object
from llmstack.review.differences import route_to
from llmstack.review.result import Risk
from llmstack.sync.local import is_sourceignore
from llmstack.tree.readers import rule_paths
from llmstack.tree.units import secrets_folder
from llmstack.values.layers import MODELS, Layers


def with_places(risks: Iterable[Risk], comparison: Comparison, case: Case | None = None) -> tuple[Risk, ...]:
    """The risks of an environment, or of a cluster without one, each with its place; None where no file states what it
    is about."""
    ground = _Ground(comparison, case)
    return tuple(replace(risk, place=_show(ground.find(risk))) for risk in risks)


def place_in(items: Mapping[str, Item], risk: Risk) -> str | None:
    """The line of a risk in a stream, whose items are given by `Kind/name`; None where it does not have the object."""
    item = items.get(risk.object)
    return _show(item.place(route_to(item.object, risk.path))) if item is not None else None


def _show(place: Place | None) -> str | None:
    return f"{place.path}:{place.line}" if place is not None else None


class _Ground(Struct, frozen=True, dict=True):
    """The two sides in which places are looked up: what many risks share is looked up once."""

    comparison: Comparison
    case: Case | None

    def find(self, risk: Risk) -> Place | None:
        """What states it, by each of the ways in turn."""
        ways: tuple[Callable[[Risk], Place | None], ...] = (
            self._in_clusters,
            self._of_the_whole,
            self._by_hand,
            self._in_values,
            self._of_what_is_gone,
        )
        return next((place for way in ways if (place := way(risk)) is not None), None)

    @cached_property
    def layers(self) -> tuple[Layers | None, Layers | None]:
        """The values of both sides."""
        readings = self.case.readings if self.case is not None else (None, None)
        before, after = (reading.layers if reading is not None else None for reading in readings)
        return before, after

    @cached_property
    def objects(self) -> Mapping[str, tuple[str, Object]]:
        """By `Kind/name`: the unit of an object and the object, after the change where it is still there."""
        sides = self.case.units if self.case is not None else ()
        return {_name(obj): (unit, obj) for side in sides for unit, objects in side.items() for obj in objects}

    @cached_property
    def changed(self) -> list[str]:
        """The paths that the change touches, in order."""
        return sorted(self.comparison.changed)

    @cached_property
    def of_unit(self) -> Callable[[str], Place | None]:
        """By unit: the changed file of people's own that it is built from, or a generated one that was edited."""
        return cache(lambda unit: self._first_changed(self._own_files(unit)))

    @cached_property
    def of_file(self) -> Callable[[str], Place | None]:
        """By file of clusters/: the first that the change touches of it and of those beside it."""
        return cache(self._touched)

    @cached_property
    def items(self) -> Callable[[str], Mapping[str, Item]]:
        """By file after the change: its objects by `Kind/name`."""
        return cache(lambda path: {_name(item.object): item for item in read_stream(self._text(path), path).items})

    @cached_property
    def there(self) -> Callable[[str], tuple[bool, bool]]:
        """By file: whether it is there before the change, and after."""
        before, after = self.comparison.before, self.comparison.after
        return cache(lambda path: (before.read(path) is not None, after.read(path) is not None))

    @cached_property
    def ours(self) -> Callable[[str], bool]:
        """By file after the change: whether llmstack wrote it."""
        return cache(lambda path: is_ours(self._text(path).encode()))

    def _in_clusters(self, risk: Risk) -> Place | None:
        """Of what stands in clusters/: the values where they change what is generated there, else the file that the
        change touches, or one beside it, else the file that states it."""
        if not risk.file:
            return None
        was_there, is_there = self.there(risk.file)
        if is_there and not was_there and not self.ours(risk.file):
            return self._stated(risk)
        found = self.of_file(risk.file)
        if found is None or self.ours(found.path):
            found = self._altered("gitops", "sync") or found
        return found or (self._stated(risk) if is_there else None)

    def _touched(self, file: str) -> Place | None:
        steps = file.split("/")
        beside = [path for depth in (3, 2) for path in self.changed if path.startswith(f"{'/'.join(steps[:depth])}/")]
        return self._first_changed([file, *beside, *filter(is_sourceignore, self.changed)])

    def _stated(self, risk: Risk) -> Place:
        """The line of the object in its file."""
        item = self.items(risk.file).get(risk.object)
        return Place(risk.file) if item is None else item.place(route_to(item.object, risk.path))

    def _of_the_whole(self, risk: Risk) -> Place | None:
        """Of an environment or its cluster: its models, its pools, its namespace, who reads its secrets, facts."""
        kind, _, name = risk.object.partition("/")
        if risk.id == "stale-facts":
            return self._line_of(f"facts/clusters/{name}.yaml", "date:")
        if risk.id == "recipient":
            return self._altered("gitops", "secrets") or self._in_rules()
        layers = self.layers[1]
        if layers is None:
            return None
        if kind == "Pool":
            number = number_in(layers, ("gitops", "capacity"), pool=name)
            return layers.place(("gitops", "capacity", *(() if number is None else (number,))))
        whole: Mapping[str, Route] = {"Environment": MODELS, "Namespace": ("gitops", "namespace")}
        return layers.place(whole[kind]) if kind in whole and self._unit(risk) in (None, "stack") else None

    def _altered(self, *section: str) -> Place | None:
        before, after = self.layers
        return first_altered(before, after, section) if before is not None and after is not None else None

    def _line_of(self, path: str, begin: str) -> Place:
        """The line of a file that begins so, else its first."""
        lines = enumerate(self._text(path).split("\n"), 1)
        return Place(path, next((number for number, line in lines if line.startswith(begin)), 1))

    def _text(self, path: str) -> str:
        return self.comparison.after.read(path) or self.comparison.before.read(path) or ""

    def _in_rules(self) -> Place | None:
        """The changed rules of SOPS, or the changed file that is encrypted for others."""
        name = self.case.name if self.case is not None else ""
        within = (path for path in self.changed if path.startswith(f"{secrets_folder(name)}/"))
        return self._first_changed(chain(rule_paths(name), within))

    def _by_hand(self, risk: Risk) -> Place | None:
        """The changed file of people's own that the object's unit is built from, or a generated one that was edited:
        what it says, no values say."""
        unit = self._unit(risk)
        return self.of_unit(unit) if unit is not None else None

    def _unit(self, risk: Risk) -> str | None:
        return self.objects[risk.object][0] if risk.object in self.objects else None

    def _own_files(self, unit: str) -> Iterator[str]:
        assert self.case is not None
        stale = self.case.held.stale or ()
        built = self.case.folders[1].get(unit, "")
        reached = self.comparison.after.look_through([built]).files if built.startswith("custom/") else ()
        for path in self.changed:
            if path.startswith(f"overlays/{self.case.name}/{unit}/"):
                if path in stale or not is_ours(self._text(path).encode()):
                    yield path
            elif path in reached and not path.startswith(("base/", "overlays/")):
                yield path

    def _first_changed(self, paths: Iterable[str]) -> Place | None:
        """The first line that differs in the first of the files that the change touches."""
        path = next((path for path in paths if path in self.comparison.changed), None)
        if path is None:
            return None
        before, after = (side.read(path) or "" for side in (self.comparison.before, self.comparison.after))
        return Place(path, _changed_line(before, after))

    def _in_values(self, risk: Risk) -> Place | None:
        before, after = self.layers
        if after is None or risk.object not in self.objects:
            return None
        return place_of_object(before, after, *self.objects[risk.object], risk.path)

    def _of_what_is_gone(self, risk: Risk) -> Place | None:
        """The values of an environment that is there no longer."""
        before, after = self.layers
        if after is not None or before is None or not before.layers:
            return None
        return Place(before.layers[-1].source.path)


def _name(obj: Object) -> str:
    return f"{obj.get('kind')}/{obj['metadata'].get('name')}"


def _changed_line(before: str, after: str) -> int:
    """The number of the first line that differs, in the later text: of lines that are gone, the one that follows."""
    old, new = before.splitlines(), after.splitlines()
    same = next((number for number, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), len(old))
    return max(1, min(same + 1, len(new)))
