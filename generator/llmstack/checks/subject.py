"""What a rule looks at: one environment's stack, its values, and the objects they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

from msgspec import Struct, field

from llmstack.checks.fields import Block, walk
from llmstack.checks.neighbour import Neighbour
from llmstack.engine.facts import ModelFacts
from llmstack.engine.measured import Measured
from llmstack.facts.cluster import ClusterFacts
from llmstack.finding import Route
from llmstack.model.models import Model
from llmstack.model.stack import Stack
from llmstack.objects.components import build_all
from llmstack.objects.placed import Placed
from llmstack.values.layers import MODELS, Layers

_SECTIONS: Mapping[str, Route] = {
    "router": ("routerSpec",),
    "cache-server": ("cacheServerSpec",),
    "storage": ("sharedStorage",),
}
"""The section that a unit's objects come from."""

_IN_STACK: Mapping[str, Route] = {
    "LoraAdapter": ("loraAdapters",),
    "Namespace": ("gitops",),
    "ServiceMonitor": ("servingEngineSpec", "serviceMonitor"),
}
"""The section that an object of the unit `stack` comes from, by its kind."""


class Subject(Struct, frozen=True, eq=False, dict=True):
    """One environment under the checks. `others` are the other environments, by name.

    Two subjects are never equal, so that what several rules need can be remembered by subject.
    """

    environment: str
    stack: Stack
    layers: Layers
    others: Mapping[str, Neighbour] = field(default_factory=dict)
    facts: Mapping[str, ModelFacts] = field(default_factory=dict)
    """What is known of models, by the path of the file below facts/."""
    measured: Mapping[str, tuple[Measured, ...]] = field(default_factory=dict)
    """What engines of the environment were measured to take, by model."""
    cluster: ClusterFacts | None = None
    """What is known of the environment's cluster, where that is asked: by `lint`, never by `gen`."""
    built: tuple[Placed, ...] | None = None
    """The objects to look at in the place of those that the stack makes: what overlays of people's own build."""

    def models(self) -> Iterator[tuple[Route, Model]]:
        """Yield each deployed model with its route."""
        if not self.stack.engine.enable_engine:
            return
        for number, model in enumerate(self.stack.engine.model_spec):
            if model.is_enabled:
                yield (*MODELS, number), model

    @cached_property
    def objects(self) -> tuple[Placed, ...]:
        """The environment's objects."""
        return tuple(build_all(self.stack)) if self.built is None else self.built

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The raw Kubernetes blocks, label maps and annotation maps of the values, defaults included."""
        return tuple(walk(self.stack))

    def extra_objects(self) -> Iterator[tuple[Route, dict[str, Any]]]:
        """Yield each object of `extraObjects` with its route; a List is what it holds."""
        yield from _single(("extraObjects",), self.stack.extra_objects or [])

    def states(self, route: Route) -> bool:
        """Whether a values file sets the key at `route` (a default does not)."""
        return self.layers.states(route)

    def route_of(self, placed: Placed) -> Route:
        """The section of the values that an object comes from; the file as a whole where none is known."""
        if placed.unit.startswith("models/"):
            return self._model_routes.get(placed.unit.removeprefix("models/"), ())
        if placed.unit == "extra":
            name = placed.object["metadata"].get("name")
            return self._extra_routes.get((placed.object.get("kind"), name), ("extraObjects",))
        if placed.unit == "stack":
            lora: Route = ("loraController",) if "lora" in placed.slot else ("servingEngineSpec",)
            return _IN_STACK.get(str(placed.object.get("kind")), lora)
        return _SECTIONS.get(placed.unit, ())

    @cached_property
    def _model_routes(self) -> Mapping[str | None, Route]:
        return {model.name: route for route, model in self.models()}

    @cached_property
    def _extra_routes(self) -> Mapping[tuple[Any, Any], Route]:
        found = {}
        for route, object in self.extra_objects():
            metadata = object.get("metadata")
            name = metadata.get("name") if isinstance(metadata, dict) else None
            if isinstance(object.get("kind"), str) and isinstance(name, str):
                found[object["kind"], name] = route
        return found


def _single(route: Route, objects: list[Any]) -> Iterator[tuple[Route, dict[str, Any]]]:
    for number, object in enumerate(objects):
        if isinstance(object, dict):
            items = object.get("items")
            if object.get("kind") == "List" and isinstance(items, list):
                yield from _single((*route, number, "items"), items)
            else:
                yield (*route, number), object
