"""Values inside something else: a Flux HelmRelease, an Argo CD Application, a file of another tool, a parent
chart's section.

What such a file is, where the chart's values stand in it, and the release that they are of. Flux names a release
`spec.releaseName`, else `<targetNamespace>-<name>` where there is a target namespace, else by the object's name
(fluxcd.io, HelmRelease, "Release name"); Argo CD `helm.releaseName`, else by the Application's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from textwrap import indent
from typing import Any

from msgspec.structs import replace

from llmstack import yamlio
from llmstack.finding import Finding, Place, Route, Severity, show_route
from llmstack.values.excerpt import excerpt
from llmstack.values.holding import CHART_KEYS, Read, Wrapped, held_keys, map_at, maps_at, plain, text_at
from llmstack.values.nodes import Source
from llmstack.values.tool_files import of_a_tool

MOST_DOCUMENTS = 1_000
"""How many documents of a file are looked through: more stand in no file that people write."""
_OF_THE_CHART = re.compile(r"^(?:servingEngineSpec|routerSpec):", re.MULTILINE)
_SEPARATOR = re.compile(r"^---(?:[ \t].*)?\r?$\n?", re.MULTILINE)


def unwrap(text: str, read: Read) -> Wrapped | None:
    """What a file's text wraps; None where it is a values file, or nothing known. `read` reads one document."""
    parts = _SEPARATOR.split(text, maxsplit=MOST_DOCUMENTS)[:MOST_DOCUMENTS]
    documents = [part for part in parts if part.strip()]
    return _first(_document(part, read, alone=len(documents) == 1) for part in documents)


def _first(candidates: Iterable[Wrapped | None]) -> Wrapped | None:
    """The first that has values, else the first."""
    found = [wrapped for wrapped in candidates if wrapped is not None]
    return next((wrapped for wrapped in found if wrapped.text is not None), found[0] if found else None)


def wrapped_finding(source: Source, wrapped: Wrapped) -> Finding:
    """The finding that says what a file is."""
    message = f"this is {wrapped.what}, no values file: the chart's values are {wrapped.where}"
    help = f"`llmstack migrate {source.path} --write` makes values/<env>.yaml of them, and leaves this file alone"
    if wrapped.text is None:
        help = "migrate the file that they are in, or one with a single section of them"
    return Finding("wrapped-values", Severity.ERROR, message, place=Place(source.path), help=help)


def _document(text: str, read: Read, *, alone: bool) -> Wrapped | None:
    source = read(text)
    if source.root is None or source.root.kind != "map":
        return None
    data = source.data
    kind, version = data.get("kind"), str(data.get("apiVersion") or "")
    if kind == "List":
        return _first(_document(yamlio.dump(item), read, alone=False) for item in maps_at(data, "items"))
    for name, group, function in _KINDS:
        if kind == name and version.startswith(group):
            return _of_this_chart(function(source, data, read), read)
    if CHART_KEYS & data.keys():
        return None
    if isinstance(kind, str) and version:
        what = f"a {kind} of {version}"
        return _elsewhere(what, source, data, read) or (Wrapped(what, "not in it", None) if alone else None)
    section = _section(source, data, read) if alone else None
    return of_a_tool(source, data, read) or section or _elsewhere("a file of another tool", source, data, read)


def _of_this_chart(wrapped: Wrapped | None, read: Read) -> Wrapped | None:
    """What is wrapped, of a parent chart its section of this one; without values where none is of this chart."""
    if wrapped is None or wrapped.text is None:
        return wrapped
    source = read(wrapped.text)
    if CHART_KEYS & source.data.keys():
        return wrapped
    section = _section(source, source.data, read) if source.data else None
    if section is None:
        return replace(wrapped, what=f"{wrapped.what} of another chart", where="not in it", text=None)
    beside = (*wrapped.beside, *section.beside)
    return replace(wrapped, where=f"{wrapped.where}, {section.where}", text=section.text, beside=beside)


def _helm_release(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    spec, metadata = map_at(data, "spec"), map_at(data, "metadata")
    target, name = text_at(spec, "targetNamespace"), text_at(metadata, "name")
    composed = f"{target}-{name}" if target and name else name
    beside = held_keys(spec, ("valuesFrom", "postRenderers"), "spec")
    beside += held_keys(map_at(map_at(spec, "chart"), "spec"), ("valuesFiles",), "spec.chart.spec")
    text = excerpt(source, ("spec", "values"), read)
    where = "in spec.values" if text is not None else "in the objects that spec.valuesFrom names"
    release, namespace = text_at(spec, "releaseName") or composed, target or text_at(metadata, "namespace")
    return Wrapped("a Flux HelmRelease", where, text, release, namespace, beside)


def _application(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    at: Route = ("spec", "template", "spec") if data.get("kind") == "ApplicationSet" else ("spec",)
    spec: Any = data
    for step in at:
        spec = map_at(spec, str(step))
    what = f"an Argo CD {data['kind']}"
    named = text_at(map_at(data, "metadata"), "name") if data["kind"] == "Application" else None
    namespace = plain(text_at(map_at(spec, "destination"), "namespace"))
    for route, helm in _argo_sources(at, spec):
        release = plain(text_at(helm, "releaseName")) or named
        beside = held_keys(helm, ("parameters", "fileParameters", "valueFiles"), show_route(route))
        for key in ("valuesObject", "values"):
            if helm.get(key):
                text = excerpt(source, (*route, key), read)
                return Wrapped(what, f"in {show_route((*route, key))}", text, release, namespace, beside)
        if helm.get("valueFiles"):
            return Wrapped(what, f"in the files that {show_route(route)}.valueFiles names", None, release, namespace)
    return Wrapped(what, "not in it", None, named, namespace)


def _argo_sources(at: Route, spec: Mapping[str, Any]) -> Iterator[tuple[Route, Mapping[str, Any]]]:
    listed = spec.get("sources")
    places: list[tuple[Route, Any]] = [((*at, "source"), spec.get("source"))]
    places += [
        ((*at, "sources", number), each) for number, each in enumerate(listed if isinstance(listed, list) else [])
    ]
    for route, each in places:
        if isinstance(each, Mapping) and isinstance(each.get("helm"), Mapping):
            yield (*route, "helm"), each["helm"]


def _helm_chart(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    spec, metadata = map_at(data, "spec"), map_at(data, "metadata")
    text = excerpt(source, ("spec", "valuesContent"), read)
    where = "in spec.valuesContent" if text is not None else "not in it"
    namespace = text_at(spec, "targetNamespace") or text_at(metadata, "namespace")
    return Wrapped(f"a {data['kind']} of k3s", where, text, text_at(metadata, "name"), namespace)


def _config_map(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    """A config map that a HelmRelease takes values from; another one is none of ours."""
    for key, held in map_at(data, "data").items():
        if isinstance(held, str) and _OF_THE_CHART.search(held):
            return Wrapped("a ConfigMap", f"in data[{key}]", held)
    return None


DEEPEST = 3
"""How many sections of parent charts the values may stand in: a parent chart may have one itself."""


def _section(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    """The section of a parent chart, or of its parent's: the one place that holds this chart's values."""
    held = list(_sections(data, (), DEEPEST))
    if len(held) > 1:
        where = " and ".join(f"`{show_route(route)}`" for route in held)
        return Wrapped("the values of a parent chart", f"in several sections, {where}", None)
    if not held:
        return None
    (route,) = held
    text = _with_global(excerpt(source, route, read), source, read)
    passed = {_GLOBAL} & read(text).data.keys() if text is not None else ()
    beside = tuple(each for each in _siblings(data, route) if each not in passed)
    return Wrapped("the values of a parent chart", f"in its section `{show_route(route)}`", text, beside=beside)


_GLOBAL = "global"


def _with_global(text: str | None, source: Source, read: Read) -> str | None:
    """A section with what the parent chart says of all its charts, as Helm passes it on ("Global Chart Values")."""
    shared = excerpt(source, (_GLOBAL,), read) if text is not None and map_at(source.data, _GLOBAL) else None
    if text is None or shared is None or _GLOBAL in read(text).data:
        return text
    whole = f"{text.rstrip()}\n{_GLOBAL}:\n{indent(shared, '  ')}"
    return whole if _GLOBAL in read(whole).data else text


def _sections(data: Mapping[str, Any], route: Route, depth: int) -> Iterator[Route]:
    for key, value in data.items():
        if isinstance(value, dict) and {"servingEngineSpec", "routerSpec"} & value.keys():
            yield (*route, key)
        elif isinstance(value, dict) and depth > 1 and not _is_for_anchors(key):
            yield from _sections(value, (*route, key), depth - 1)


DEEP = 16
"""How far down values are looked for in a file of which nothing is known."""


def _elsewhere(what: str, source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    """The one place in a file of another tool (Crossplane's Release, Sveltos' ClusterProfile, a program of Pulumi) that
    holds this chart's values, as a map or as text."""
    held = list(_places(data, (), DEEP))
    places = " and ".join(f"`{show_route(route)}`" for route in held)
    if len(held) != 1:
        return Wrapped(what, f"in several places, {places}", None) if held else None
    return Wrapped(what, f"in {places}", excerpt(source, held[0], read))


def _places(value: Any, route: Route, depth: int) -> Iterator[Route]:
    is_of_chart = isinstance(value, Mapping) and {"servingEngineSpec", "routerSpec"} & value.keys() != set()
    if is_of_chart or (isinstance(value, str) and _OF_THE_CHART.search(value)):
        yield route
    elif depth and isinstance(value, Mapping | list):
        items = value.items() if isinstance(value, Mapping) else enumerate(value)
        for step, item in items:
            yield from _places(item, (*route, step), depth - 1)


def _siblings(data: Any, route: Route) -> Iterator[str]:
    """Yield the keys beside each step of a route, those that are there for their anchors left out."""
    for number, step in enumerate(route):
        yield from (show_route((*route[:number], key)) for key in data if key != step and not _is_for_anchors(key))
        data = data[step]


def _is_for_anchors(key: str) -> bool:
    return key.startswith(("x-", "_", "."))


_KINDS: tuple[tuple[str, str, Callable[[Source, Mapping[str, Any], Read], Wrapped | None]], ...] = (
    ("HelmRelease", "helm.toolkit.fluxcd.io/", _helm_release),
    ("Application", "argoproj.io/", _application),
    ("ApplicationSet", "argoproj.io/", _application),
    ("HelmChart", "helm.cattle.io/", _helm_chart),
    ("HelmChartConfig", "helm.cattle.io/", _helm_chart),
    ("ConfigMap", "v1", _config_map),
)
