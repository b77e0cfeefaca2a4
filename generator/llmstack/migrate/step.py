"""One step of a migration: what changes in the data, and the edits of the text that change it.

Edits are never trusted. A step counts only when the text reads again, holds the data that was meant and every
comment it had, and has no problem that it had not before; a step that fails this is left out, and the rest
goes on without it.
"""

from __future__ import annotations

import copy
import json
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.finding import Route
from llmstack.model.reading import Problem, validate
from llmstack.model.stack import Stack, foreign_keys, map_defaults, without
from llmstack.secrecy.places import find_places
from llmstack.values.edit import CannotEdit, Edit, apply_edits
from llmstack.values.layers import MODELS, Layers, merge_layers
from llmstack.values.nodes import Source
from llmstack.values.source import read_source
from llmstack.values.syntax import Document, Spot, own_routes, read_document

AT_ONCE, TOO_MANY = 200, 5_000
"""How many problems of a file one round looks at (the next one goes on), and with how many it is none of values, and
stays as it is."""


class Wanted(Struct, frozen=True):
    """What whoever migrates says of the file: the Helm release it belongs to, and whether its defaults are kept."""

    release: str | None = None
    namespace: str | None = None
    keep_defaults: bool = False


class File(Struct, frozen=True, dict=True):
    """A values file under migration, and the file that lies under it."""

    source: Source
    below: Source | None = None
    wanted: Wanted = field(default_factory=lambda: Wanted())

    @cached_property
    def data(self) -> dict[str, Any]:
        return self.source.data

    @cached_property
    def document(self) -> Document:
        return read_document(self.source.text)

    @cached_property
    def layers(self) -> Layers:
        """The file over the one below it, by canonical names."""
        return merge_layers([*([self.below] if self.below else []), self.source], {})

    @cached_property
    def refused(self) -> tuple[Problem, ...]:
        """What the model refuses of the file alone, by the routes that the file itself has; so many at once."""
        layers = merge_layers([self.source], map_defaults())
        data = without(layers.data, foreign_keys(layers.data))
        problems = validate(data, Stack)[1]
        found = []
        for problem in problems[:AT_ONCE] if len(problems) < TOO_MANY else ():
            own = _own(problem.route, layers.models[0])
            if own is not None:
                found.append(replace(problem, route=layers.layers[0].written(own)))
        return tuple(found)

    def own_route(self, spot: Spot) -> Route:
        """The route at which an entry of a map is written, wherever aliases and merge keys have it stand as well."""
        return (*self._own_routes[id(spot.holder)], spot.key.resolved.text)

    @cached_property
    def _own_routes(self) -> dict[int, Route]:
        return own_routes(self.document)

    @cached_property
    def secrets(self) -> tuple[Route, ...]:
        """The routes of all that is a secret."""
        return tuple(place.route for place in find_places(self.data))

    @cached_property
    def above_secrets(self) -> frozenset[Route]:
        """The routes of all that is a secret or holds one."""
        return frozenset(route[:length] for route in self.secrets for length in range(1, len(route) + 1))

    @cached_property
    def secret_spans(self) -> list[tuple[int, int]]:
        """Where in the text secrets stand, in order; none of a text that cannot be read."""
        if self.source.root is None:
            return []
        spots = map(self.document.find, self.secrets)
        parts = (spot.value.resolved for spot in spots if spot is not None)
        return sorted({(part.body, part.end) for part in parts if part.body < part.end})

    def merged_model(self, number: int) -> dict[str, Any]:
        """The model with this number in the file, over what the file below says of it."""
        at = self._merged_numbers[number]
        model: dict[str, Any] = self.layers.data["servingEngineSpec"]["modelSpec"][at]
        return model

    @cached_property
    def _merged_numbers(self) -> dict[int, int]:
        return {own: merged for merged, own in self.layers.models[-1].items()}

    def with_text(self, text: str) -> File:
        return File(read_source(self.source.path, text.encode()), self.below, self.wanted)


def _own(route: Route, numbers: Mapping[int, int]) -> Route | None:
    """A merged route by the number that the model has in the file."""
    if route[:2] != MODELS or len(route) < 3 or not isinstance(route[2], int):
        return route
    return (*MODELS, numbers[route[2]], *route[3:]) if route[2] in numbers else None


class Step(Struct, frozen=True):
    """`sets` and `deletes` say what becomes of the data, `edits` how the text says it; None where it cannot."""

    route: Route
    advice: str
    """What to write by hand where no edit can."""
    edits: tuple[Edit, ...] | None
    sets: tuple[tuple[Route, Any], ...] = ()
    deletes: tuple[Route, ...] = ()
    said: str | None = None
    """What to tell about it, where the difference does not speak for itself."""
    gone: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    """Comments that go, and that come: what was taken out as a comment."""
    subject: Any = None
    """What the step is about, for whoever made it."""


def make_step(
    route: Route,
    advice: str,
    edits: Callable[[], Iterable[Edit]],
    *,
    sets: Iterable[tuple[Route, Any]] = (),
    deletes: Iterable[Route] = (),
    subject: Any = None,
    said: str | None = None,
    comments: tuple[tuple[str, ...], tuple[str, ...]] = ((), ()),
) -> Step:
    """A step, with the edits that a function finds, or none where it raises CannotEdit."""
    try:
        found: tuple[Edit, ...] | None = tuple(edits())
    except CannotEdit:
        found = None
    return Step(route, advice, found, tuple(sets), tuple(deletes), said, *comments, subject)


MOST_READ = 8 * 1024 * 1024
"""Characters that the attempts of one phase may read; what could not be taken by then is left to people."""


def take_steps(file: File, steps: Sequence[Step]) -> tuple[File, list[Step]]:
    """Take all steps that can be taken; return the file they lead to, and those that were taken."""
    taken: list[Step] = []
    reached, left = file, MOST_READ

    def take(candidates: list[Step]) -> None:
        nonlocal reached, taken, left
        left -= len(file.source.text)
        if left < 0:
            return
        after = _attempt(file, [*taken, *candidates])
        if after is not None:
            reached, taken = after, [*taken, *candidates]
        elif len(candidates) > 1:
            middle = len(candidates) // 2
            take(candidates[:middle])
            take(candidates[middle:])

    able = list(_join([step for step in steps if step.edits is not None]))
    if able:
        take(able)
    return reached, taken


def _join(steps: Sequence[Step]) -> Iterator[Step]:
    """One step for those with the same edits: an alias shows one text at several routes."""
    by_edits: dict[tuple[Edit, ...] | None, list[Step]] = {}
    for step in steps:
        by_edits.setdefault(step.edits, []).append(step)
    for same in by_edits.values():
        sets = tuple(change for step in same for change in step.sets)
        deletes = tuple(route for step in same for route in step.deletes)
        yield replace(same[0], sets=sets, deletes=deletes)


def _attempt(file: File, steps: Sequence[Step]) -> File | None:
    """The file with these steps taken; None when the text then does not say what it should."""
    try:
        after = file.with_text(apply_edits(file.source.text, dict.fromkeys(_all_edits(steps))))
    except CannotEdit:
        return None
    if after.source.root is None and after.source.findings:
        return None
    if Counter(finding.id for finding in after.source.findings) - Counter(f.id for f in file.source.findings):
        return None
    if _plain(after.data) != _plain(_changed(file.data, steps)):
        return None
    return after if _comments(after.document) == _comments_after(file, steps) else None


def _comments_after(file: File, steps: Sequence[Step]) -> Counter[str]:
    """The comments of the file as steps leave them."""
    left = Counter(_comments(file.document))
    left.subtract(Counter(comment.rstrip() for step in steps for comment in step.gone))
    left.update(comment.rstrip() for step in steps for comment in step.added)
    return +left


def _all_edits(steps: Sequence[Step]) -> Iterator[Edit]:
    for step in steps:
        yield from step.edits or ()


def _changed(data: dict[str, Any], steps: Sequence[Step]) -> dict[str, Any]:
    """The data with the steps' changes made: everything that is set, then what is deleted, last items first."""
    changed = copy.deepcopy(data)
    for step in steps:
        for route, value in step.sets:
            _set(_holder(changed, route), route[-1], value)
    deletes = {route for step in steps for route in step.deletes}
    for route in sorted(deletes, key=lambda route: [(isinstance(s, str), s) for s in route], reverse=True):
        del _holder(changed, route)[route[-1]]
    return changed


def _set(holder: Any, key: str | int, value: Any) -> None:
    """Set a key or an item; the item after the last one is appended."""
    if isinstance(holder, list) and isinstance(key, int) and key >= len(holder):
        holder.append(value)
    else:
        holder[key] = value


def _holder(data: Any, route: Route) -> Any:
    """What holds the last step of a route; a map that is not there yet is made."""
    for step in route[:-1]:
        data = data.setdefault(step, {}) if isinstance(data, dict) else data[step]
    return data


def _plain(data: Any) -> str:
    """Data as text to compare by: the order of keys does not count, `1` and `true` differ."""
    return json.dumps(data, sort_keys=True, ensure_ascii=False)


def _comments(document: Document) -> Counter[str]:
    return Counter(document.text[start:end].rstrip() for start, end in document.comments)
