"""What comes in the place of a workload that goes: a model that is renamed, or that is made anew under another release,
as another kind or in another namespace."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from msgspec.structs import replace

from llmstack.kubernetes.pods import Identity, Object, identity_of
from llmstack.kubernetes.replicas import component_of
from llmstack.review.facts import names_of
from llmstack.review.forecast import Rollout
from llmstack.review.rollout.workload import Workload
from llmstack.review.ways_in.backends import Backend, Backends

_Mark = tuple[str, str]
"""By what one workload is known to follow another: what it is, and its value."""


def with_former(
    rollouts: Sequence[Rollout],
    workloads: Sequence[Workload],
    sides: tuple[Sequence[Object], Sequence[Object]],
    moved_from: Mapping[str, str],
    reader: Backends,
) -> tuple[Rollout, ...]:
    """Return the rollouts; those of what is new and takes the place of what goes have the name of that. A model takes
    that of one of its name, that it was renamed from (`movedFrom`), or of which it serves an id; another workload that
    of one of its name, or of the same part of the stack."""
    gone = {each.identity: each for each in workloads if each.before and each.move == "remove"}
    if not gone or all(each.why != "new" for each in rollouts):
        return tuple(rollouts)
    parts = {identity_of(each): component_of(each) for side in sides for each in side}
    engines = [reader.among(side) for side in sides]
    former: dict[_Mark, str] = {}
    for key, each in gone.items():
        for mark in _marks(key, each.model, {}, parts, engines[0]):
            former.setdefault(mark, each.model or f"{each.kind}/{each.name}")
    marks = ((each, _marks(each.identity, each.model, moved_from, parts, engines[1])) for each in rollouts)
    found = ((each, next((former[mark] for mark in own if mark in former), None)) for each, own in marks)
    return tuple(replace(each, former=name) if each.why == "new" and name else each for each, name in found)


def _marks(
    key: Identity,
    model: str | None,
    moved_from: Mapping[str, str],
    parts: Mapping[Identity, str | None],
    engines: Mapping[Identity, Backend],
) -> Iterator[_Mark]:
    """What a workload is known by, the surest first."""
    if model is None:
        part = parts.get(key)
        yield from (("name", key[2]), *((("part", part),) if part is not None else ()))
        return
    yield from (("model", name) for name in (model, *sorted(names_of(model, moved_from) - {model})))
    yield from (("id", id) for id in (engines[key].served if key in engines else ()))
