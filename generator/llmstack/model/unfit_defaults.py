"""A default size that cannot stand beside what a file says gives way: the API refuses a request over its limit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from llmstack.finding import Route
from llmstack.kubernetes.quantities import quantity

SECTIONS: tuple[Route, ...] = (("routerSpec", "resources"), ("cacheServerSpec", "resources"))
"""The sections whose defaults are requests and limits."""


def without_unfit_defaults(data: Mapping[str, Any], states: Callable[[Route], bool]) -> dict[str, Any]:
    """The values without the default requests over a limit that a file states, and the default limits under its
    requests; `states` tells what a file sets. What a file says on both sides stays as it is: that is its own
    mistake."""
    unfit = [route for section in SECTIONS for route in _unfit(data, section, states)]
    result = dict(data)
    for route in unfit:
        result = _without(result, route)
    return result


def _unfit(data: Mapping[str, Any], section: Route, states: Callable[[Route], bool]) -> Iterator[Route]:
    requests, limits = (_map(data, (*section, side)) for side in ("requests", "limits"))
    for resource in requests.keys() & limits.keys():
        wanted, allowed = (quantity(str(sizes[resource])) for sizes in (requests, limits))
        request, limit = (*section, "requests", resource), (*section, "limits", resource)
        if wanted is not None and allowed is not None and wanted > allowed and states(request) != states(limit):
            yield limit if states(request) else request


def _map(data: Mapping[str, Any], route: Route) -> Mapping[str, Any]:
    here: Any = data
    for step in route:
        here = here.get(step) if isinstance(here, Mapping) else None
    return here if isinstance(here, Mapping) else {}


def _without(data: Mapping[str, Any], route: Route) -> dict[str, Any]:
    """A copy without the key at `route`, nor the map that held nothing else."""
    step, *rest = route
    copy = dict(data)
    inner = _without(copy[str(step)], tuple(rest)) if rest else None
    if inner:
        copy[str(step)] = inner
    else:
        del copy[str(step)]
    return copy
