"""Files of tools that install charts with values inside: Rancher Fleet, kustomize, helmfile."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from llmstack.finding import Route, show_route
from llmstack.values.excerpt import excerpt
from llmstack.values.holding import CHART_KEYS, Read, Wrapped, held_keys, map_at, maps_at, plain, text_at
from llmstack.values.nodes import Source, to_data


def of_a_tool(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    """What a file of Fleet, kustomize or helmfile holds: the values of its first release of this chart."""
    for place in _tool_places(data):
        _, node = source.node(place.route)
        held = to_data(node) if node is not None else None
        if isinstance(held, dict) and CHART_KEYS & held.keys():
            text, names = excerpt(source, place.route, read), (plain(place.release), plain(place.namespace))
            return Wrapped(place.what, f"in {show_route(place.route)}", text, *names, place.beside)
    return None


class _ToolPlace(Struct, frozen=True):
    """Where a file of a tool has the values of a release: what the file is, the route, and whose they are."""

    what: str
    route: Route
    release: str | None
    namespace: str | None
    beside: tuple[str, ...]


_HELMFILE = ("set", "setTemplate", "secrets", "strategicMergePatches", "jsonPatches", "transformers")


def _tool_places(data: Mapping[str, Any]) -> Iterator[_ToolPlace]:
    """Yield where those tools have a release's values.

    Rancher Fleet's fleet.yaml (fleet.rancher.io, "fleet.yaml reference"), kustomize's `helmCharts`
    (api/types/helmchartargs.go) and helmfile's `releases`, whose `values` may be files or maps.
    """
    fleet = map_at(data, "helm")
    namespace = text_at(data, "namespace") or text_at(data, "defaultNamespace")
    beside = held_keys(fleet, ("valuesFiles", "valuesFrom"), "helm") + held_keys(data, ("targetCustomizations",))
    yield _ToolPlace("a fleet.yaml", ("helm", "values"), text_at(fleet, "releaseName"), namespace, beside)
    for number, chart in enumerate(maps_at(data, "helmCharts")):
        names = text_at(chart, "releaseName"), text_at(chart, "namespace") or text_at(data, "namespace")
        beside = held_keys(chart, ("valuesFile", "additionalValuesFiles"), f"helmCharts[{number}]")
        beside += held_keys(data, ("patches", "transformers"))
        yield _ToolPlace("a kustomization", ("helmCharts", number, "valuesInline"), *names, beside)
    for number, release in enumerate(maps_at(data, "releases")):
        listed = release.get("values")
        listed = listed if isinstance(listed, list) else []
        names = text_at(release, "name"), text_at(release, "namespace")
        for place in range(len(listed)):
            others = [f"releases[{number}].values[{other}]" for other in range(len(listed)) if other != place]
            beside = (*others, *held_keys(release, _HELMFILE, f"releases[{number}]"))
            yield _ToolPlace("a helmfile", ("releases", number, "values", place), *names, beside)
