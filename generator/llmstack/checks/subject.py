"""What a rule looks at: one environment's stack, its values, and the objects they make."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from llmstack.finding import Route
from llmstack.model.engine import Model
from llmstack.model.stack import Stack
from llmstack.objects.components import build_all
from llmstack.objects.placed import Placed
from llmstack.values.layers import MODELS, Layers


@dataclass(frozen=True)
class Subject:
    """One environment under the checks. `others` are the stacks of the other environments, by name."""

    environment: str
    stack: Stack
    layers: Layers
    others: Mapping[str, Stack] = field(default_factory=dict)

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
        return tuple(build_all(self.stack))
