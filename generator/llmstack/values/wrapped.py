"""Values inside something else: a Flux HelmRelease, an Argo CD Application, a file of another tool, a parent
chart's section.

What such a file is, where the chart's values stand in it, and the release that they are of. Flux names a release
`spec.releaseName`, else `<targetNamespace>-<name>` where there is a target namespace, else by the object's name
(fluxcd.io, HelmRelease, "Release name"); Argo CD `helm.releaseName`, else by the Application's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from llmstack import yamlio
from llmstack.finding import Finding, Place, Route, Severity, show_route
from llmstack.values.nodes import Node, Source, to_data

CHART_KEYS = frozenset((
    "servingEngineSpec", "routerSpec", "cacheserverSpec", "cacheServerSpec", "sharedPvcStorage", "sharedStorage",
    "loraAdapters", "loraController", "grafanaDashboards", "gitops",
))  # fmt: skip
"""Top-level keys by which a values file of the chart is known."""

_SEPARATOR = re.compile(r"^---(?:[ \t].*)?\r?$\n?", re.MULTILINE)

Read = Callable[[str], Source]


@dataclass(frozen=True)
class Wrapped:
    """What a file is, and the values in it; `text` is None where they stand in another file or object."""

    what: str
    where: str
    text: str | None
    release: str | None = None
    namespace: str | None = None
    beside: tuple[str, ...] = ()
    """What else says values, and is not read here."""


def unwrap(text: str, read: Read) -> Wrapped | None:
    """What a file's text wraps; None where it is a values file, or nothing known. `read` reads one document."""
    documents = [part for part in _SEPARATOR.split(text) if part.strip()]
    found = [wrapped for part in documents if (wrapped := _document(part, read, alone=len(documents) == 1))]
    return next((wrapped for wrapped in found if wrapped.text is not None), found[0] if found else None)


def wrapped_finding(source: Source, wrapped: Wrapped) -> Finding:
    """The finding that says what a file is."""
    message = f"this is {wrapped.what}, no values file: the chart's values are {wrapped.where}"
    help = f"`llmstack migrate {source.path} --write` makes values/<env>.yaml of them, and leaves this file alone"
    if wrapped.text is None:
        help = "migrate the file that they are in"
    return Finding("wrapped-values", Severity.ERROR, message, place=Place(source.path), help=help)


def _document(text: str, read: Read, *, alone: bool) -> Wrapped | None:
    source = read(text)
    if source.root is None or source.root.kind != "map":
        return None
    data = source.data
    kind, version = data.get("kind"), str(data.get("apiVersion") or "")
    for name, group, function in _KINDS:
        if kind == name and version.startswith(group):
            return function(source, data, read)
    if CHART_KEYS & data.keys():
        return None
    return _of_a_tool(source, data, read) or (_section(source, data, read) if alone else None)


def _helm_release(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    spec, metadata = _map(data, "spec"), _map(data, "metadata")
    target, name = _text(spec, "targetNamespace"), _text(metadata, "name")
    composed = f"{target}-{name}" if target and name else name
    beside = ("spec.valuesFrom",) if spec.get("valuesFrom") else ()
    text = _values_text(source, ("spec", "values"), read)
    where = "in spec.values" if text is not None else "in the objects that spec.valuesFrom names"
    release, namespace = _text(spec, "releaseName") or composed, target or _text(metadata, "namespace")
    return Wrapped("a Flux HelmRelease", where, text, release, namespace, beside)


def _application(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    at: Route = ("spec", "template", "spec") if data.get("kind") == "ApplicationSet" else ("spec",)
    spec: Any = data
    for step in at:
        spec = _map(spec, str(step))
    what = f"an Argo CD {data['kind']}"
    named = _text(_map(data, "metadata"), "name") if data["kind"] == "Application" else None
    namespace = _plain(_text(_map(spec, "destination"), "namespace"))
    for route, helm in _argo_sources(at, spec):
        release = _plain(_text(helm, "releaseName")) or named
        beside = tuple(f"{show_route(route)}.{key}" for key in ("parameters", "valueFiles") if helm.get(key))
        for key in ("valuesObject", "values"):
            if helm.get(key):
                text = _values_text(source, (*route, key), read)
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
    spec, metadata = _map(data, "spec"), _map(data, "metadata")
    text = _values_text(source, ("spec", "valuesContent"), read)
    where = "in spec.valuesContent" if text is not None else "not in it"
    namespace = _text(spec, "targetNamespace") or _text(metadata, "namespace")
    return Wrapped(f"a {data['kind']} of k3s", where, text, _text(metadata, "name"), namespace)


def _config_map(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    """A config map that a HelmRelease takes values from; another one is none of ours."""
    for key, held in _map(data, "data").items():
        if isinstance(held, str) and re.search(r"^(?:servingEngineSpec|routerSpec):", held, re.MULTILINE):
            return Wrapped("a ConfigMap", f"in data[{key}]", held)
    return None


def _of_a_tool(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    """What a file of Fleet, kustomize or helmfile holds: the values of its first release of this chart."""
    for what, route, release, namespace in _tool_places(data):
        _, node = source.node(route)
        held = to_data(node) if node is not None else None
        if isinstance(held, dict) and CHART_KEYS & held.keys():
            text = _values_text(source, route, read)
            return Wrapped(what, f"in {show_route(route)}", text, _plain(release), _plain(namespace))
    return None


def _tool_places(data: Mapping[str, Any]) -> Iterator[tuple[str, Route, str | None, str | None]]:
    """Yield where those tools have a release's values: what the file is, the route, the release, its namespace.

    Rancher Fleet's fleet.yaml (fleet.rancher.io, "fleet.yaml reference"), kustomize's `helmCharts`
    (api/types/helmchartargs.go) and helmfile's `releases`, whose `values` may be files or maps.
    """
    fleet = _map(data, "helm")
    namespace = _text(data, "namespace") or _text(data, "defaultNamespace")
    yield "a fleet.yaml", ("helm", "values"), _text(fleet, "releaseName"), namespace
    for number, chart in enumerate(_maps(data, "helmCharts")):
        names = _text(chart, "releaseName"), _text(chart, "namespace") or _text(data, "namespace")
        yield "a kustomization", ("helmCharts", number, "valuesInline"), *names
    for number, release in enumerate(_maps(data, "releases")):
        listed = release.get("values")
        for place in range(len(listed) if isinstance(listed, list) else 0):
            names = _text(release, "name"), _text(release, "namespace")
            yield "a helmfile", ("releases", number, "values", place), *names


def _section(source: Source, data: Mapping[str, Any], read: Read) -> Wrapped | None:
    """The section of a parent chart: the one key that holds this chart's values."""
    held = [
        key
        for key, value in data.items()
        if isinstance(value, dict) and {"servingEngineSpec", "routerSpec"} & value.keys()
    ]
    if len(held) != 1:
        return None
    text = _values_text(source, (held[0],), read)
    beside = tuple(key for key in data if key != held[0])
    return Wrapped("the values of a parent chart", f"in its section `{held[0]}`", text, beside=beside)


_KINDS: tuple[tuple[str, str, Callable[[Source, Mapping[str, Any], Read], Wrapped | None]], ...] = (
    ("HelmRelease", "helm.toolkit.fluxcd.io/", _helm_release),
    ("Application", "argoproj.io/", _application),
    ("ApplicationSet", "argoproj.io/", _application),
    ("HelmChart", "helm.cattle.io/", _helm_chart),
    ("HelmChartConfig", "helm.cattle.io/", _helm_chart),
    ("ConfigMap", "v1", _config_map),
)


def _values_text(source: Source, route: Route, read: Read) -> str | None:
    """The values at a route as a file of their own, comments kept where the text allows it; None where there are
    none."""
    key, node = source.node(route)
    if node is None or (node.kind == "scalar" and not node.text.strip()):
        return None
    if node.kind == "scalar":
        return node.text if node.text.endswith("\n") else f"{node.text}\n"
    data = to_data(node)
    shown = _dedented(source, key, node)
    return shown if shown is not None and read(shown).data == data else yamlio.dump(data)


def _dedented(source: Source, key: Node | None, node: Node) -> str | None:
    """The lines of a block map, below its key or after its list's dash, moved to the left margin; None where it is
    not that simple."""
    if key is not None and node.line <= key.line:
        return None
    lines, margin = [line.rstrip("\r") for line in source.lines], node.column
    outside = key.column if key is not None else margin - 1
    below = range(_last_line(node) + 1, len(lines))
    ends = (number for number in below if lines[number].strip() and _indent(lines[number]) <= outside)
    taken = lines[key.line + 1 if key is not None else node.line : next(ends, len(lines))]
    if key is None:
        taken[0] = " " * margin + taken[0][margin:]
    return "\n".join(line[min(margin, _indent(line)) :] for line in taken).rstrip("\n") + "\n"


def _last_line(node: Node) -> int:
    below = [value for _, value in node.keys.values()] + node.items
    return max([node.line, *(_last_line(each) for each in below)])


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _map(data: Any, key: str) -> Mapping[str, Any]:
    held = data.get(key) if isinstance(data, Mapping) else None
    return held if isinstance(held, Mapping) else {}


def _maps(data: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    """The items of a list, an empty map for each that is none."""
    held = data.get(key)
    return [each if isinstance(each, Mapping) else {} for each in held] if isinstance(held, list) else []


def _text(data: Mapping[str, Any], key: str) -> str | None:
    held = data.get(key)
    return held if isinstance(held, str) and held else None


def _plain(text: str | None) -> str | None:
    """A name without a template in it."""
    return text if text and "{{" not in text else None
