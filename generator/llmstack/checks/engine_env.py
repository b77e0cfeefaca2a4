"""Variables that a person gives to engines and router, over those that llmstack derives."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llmstack.finding import Route
from llmstack.model.models import Model
from llmstack.model.stack import Stack

Variables = Mapping[str, tuple[Route, str | None]]
"""By name: where a variable is given, and its value; None where it comes from elsewhere (`valueFrom`)."""


def engine_variables(stack: Stack, at: Route, model: Model) -> Variables:
    """What `servingEngineSpec.env` and the model's own `env`, which wins, give to a model at the route `at`."""
    return {
        **dict(_entries(("servingEngineSpec", "env"), stack.engine.env)),
        **dict(_entries((*at, "env"), model.env)),
    }


def router_variables(stack: Stack) -> Variables:
    return dict(_entries(("routerSpec", "env"), stack.router_spec.env))


def _entries(at: Route, entries: Sequence[Mapping[str, Any]] | None) -> Iterator[tuple[str, tuple[Route, str | None]]]:
    for number, entry in enumerate(entries or ()):
        value = entry.get("value")
        stated = None if "valueFrom" in entry or (value is not None and not isinstance(value, str)) else value or ""
        yield str(entry.get("name")), ((*at, number), stated)
