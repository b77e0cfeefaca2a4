"""What is left of values that cannot be read whole, so that one run names every mistake and not only the first kind."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

from msgspec import Struct

from llmstack.finding import Route
from llmstack.model.reading import MOST_PROBLEMS, is_broken, validate
from llmstack.model.stack import Stack, foreign_keys, without
from llmstack.model.unfit_defaults import without_unfit_defaults
from llmstack.values.layers import MODELS, Layers

STAND_INS = {"repository": "vllm/vllm-openai", "tag": "unknown", "modelURL": "unknown"}
"""The image that nearly every model has, so that the tag still names a release of vLLM."""

ROUNDS = 4
"""How often keys are left out: what stands in for a key may be refused in its turn."""


class Salvage(Struct, frozen=True, dict=True):
    """The stack without the keys that were refused, and where those are. Nothing is generated from it."""

    stack: Stack
    left_out: frozenset[Route]

    def bears_on(self, route: Route) -> bool:
        """Whether a key that was left out is at `route`, above it or below it."""
        return route in self._above or any(route[:length] in self.left_out for length in range(len(route)))

    def is_beside(self, route: Route) -> bool:
        """Whether a key was left out in the same model, or in the same section where it is no model's."""
        return _part(route) in self._parts

    @cached_property
    def _above(self) -> frozenset[Route]:
        """Every route at or above one that was left out."""
        return frozenset(out[:length] for out in self.left_out for length in range(len(out) + 1))

    @cached_property
    def _parts(self) -> frozenset[Route]:
        return frozenset(map(_part, self.left_out))


def salvage(layers: Layers, refused: Iterable[Route] = (), *, complete: bool = False) -> Salvage | None:
    """Leave out every key that is refused, those at `refused` too; None where that leaves nothing to read.

    `complete` gives models the keys that they lack, so that objects can be made of them; as if left out.
    """
    if is_broken(layers):
        return None
    data = copy.deepcopy(without_unfit_defaults(without(layers.data, foreign_keys(layers.data)), layers.states))
    left_out = {_key_at(route) for route in refused}
    for _ in range(ROUNDS):
        if left_out & {(), MODELS, MODELS[:1]}:
            return None
        for route in left_out:
            _leave_out(data, route)
        left_out |= set(_complete(data)) if complete else set()
        stack, problems = validate(data, Stack)
        if stack is not None:
            return Salvage(stack, frozenset(left_out))
        if len(problems) > MOST_PROBLEMS:
            return None
        left_out |= {_key_at(each.route[:-1] if each.kind == "missing" else each.route) for each in problems}
    return None


def _key_at(route: Route) -> Route:
    """The key that holds the place: an item of a list is not left out alone, the others would move up."""
    while route and isinstance(route[-1], int):
        route = route[:-1]
    return route


def _leave_out(data: Any, route: Route) -> None:
    for step in route[:-1]:
        if isinstance(data, list):
            data = data[step] if isinstance(step, int) and step < len(data) else None
        else:
            data = data.get(step) if isinstance(data, dict) else None
    if isinstance(data, dict):
        data.pop(route[-1], None)


def _complete(data: dict[str, Any]) -> Iterator[Route]:
    """Give each model what it cannot be without; yields where."""
    engine = data.get(MODELS[0])
    models = engine.get(MODELS[1]) if isinstance(engine, dict) else None
    for number, model in enumerate(models if isinstance(models, list) else ()):
        for key, value in STAND_INS.items() if isinstance(model, dict) else ():
            if not model.get(key):
                model[key] = value
                yield (*MODELS, number, key)


def _part(route: Route) -> Route:
    return route[:3] if route[:2] == MODELS else route[:1]
