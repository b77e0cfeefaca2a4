"""Values in layers: our defaults, values/base.yaml, values/<env>.yaml, merged as Helm merges.

Maps merge deep, lists are replaced, null removes. Two exceptions: `modelSpec` merges by `name`, and a map with
exclusive members (a probe's handler, a strategy's type) replaces the lower layer's member. The merge remembers nothing:
a place is looked up when it is asked for, in the topmost layer that has the key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack.finding import Finding, Place, Route, Severity
from llmstack.values.nodes import UNREAD, Source

MODELS = ("servingEngineSpec", "modelSpec")

EXCLUSIVE: tuple[frozenset[str], ...] = (frozenset(("httpGet", "tcpSocket", "exec", "grpc")),)
"""Keys of which a map has one: a probe's handlers."""

ALIASES: Mapping[Route, Mapping[str, Route]] = {
    (): {"cacheserverSpec": ("cacheServerSpec",), "sharedPvcStorage": ("sharedStorage",)},
    ("cacheServerSpec",): {
        "enabled": ("enableServer",),
        "repository": ("image", "repository"),
        "tag": ("image", "tag"),
        "imagePullPolicy": ("image", "pullPolicy"),
    },
    (*MODELS, "*"): {"existingClaim": ("pvcExistingClaimName",)},
    (*MODELS, "*", "lmcacheConfig"): {"workerPorts": ("workerPort",)},
}
"""Other spellings of a key, by the section that holds it."""


class Layer(Struct, frozen=True):
    """One file under its canonical spelling."""

    source: Source
    data: dict[str, Any]
    renamed: Mapping[Route, Route]
    """Canonical route of a section or key → the route the file spells."""
    findings: tuple[Finding, ...]

    def written(self, route: Route) -> Route:
        """`route` as this file spells it."""
        for length in range(len(route), 0, -1):
            if route[:length] in self.renamed:
                return (*self.renamed[route[:length]], *route[length:])
        return route


class Layers(Struct, frozen=True):
    """The merged values of one environment, and the files they came from, lowest first."""

    layers: tuple[Layer, ...]
    data: dict[str, Any]
    models: tuple[Mapping[int, int], ...]
    """For each layer: merged index in modelSpec → index in that file."""

    @property
    def findings(self) -> tuple[Finding, ...]:
        return tuple(f for layer in self.layers for f in (*layer.source.findings, *layer.findings))

    def place(self, route: Route, *, on_value: bool = False, within: str | None = None) -> Place | None:
        """Where the values say `route`: the topmost file that has it, else what encloses it; of the file `within` alone
        where that is one of them.

        None only when no file holds any part of it.
        """
        pairs = list(zip(self.layers, self.models, strict=True))
        pairs = [pair for pair in pairs if pair[0].source.path == within] or pairs
        for length in range(len(route), 0, -1):
            for layer, models in reversed(pairs):
                own = _own_route(route[:length], models)
                if own is None:
                    continue
                place = layer.source.place(layer.written(own), on_value=on_value and length == len(route))
                if place is not None:
                    return place
        return Place(pairs[-1][0].source.path) if pairs else None

    def states(self, route: Route) -> bool:
        """Whether a file has `route` itself, null included; what only a default sets is not stated."""
        for layer, models in zip(self.layers, self.models, strict=True):
            own = _own_route(route, models)
            if own is not None and layer.source.node(layer.written(own))[1] is not None:
                return True
        return False

    def text(self, route: Route) -> str | None:
        """The scalar at `route` as the file writes it."""
        for layer, models in reversed(list(zip(self.layers, self.models, strict=True))):
            own = _own_route(route, models)
            node = layer.source.node(layer.written(own))[1] if own is not None else None
            if node is not None:
                return node.text if node.kind == "scalar" else None
        return None


def merge_layers(sources: Sequence[Source], defaults: Mapping[str, Any]) -> Layers:
    """Merge files, lowest first, over `defaults` (maps only; scalar defaults are the model's)."""
    layers = tuple(_canonical(source) for source in sources)
    data: dict[str, Any] = dict(defaults)
    indexes: list[dict[int, int]] = [{} for _ in layers]
    for number, layer in enumerate(layers):
        data = merge(data, layer.data, index=indexes[: number + 1])
    return Layers(layers, data, tuple(indexes))


def merge(
    lower: Mapping[str, Any], upper: Mapping[str, Any], *, route: Route = (), index: Sequence[dict[int, int]] = ()
) -> dict[str, Any]:
    """`upper` over `lower`; neither is changed."""
    merged = dict(lower)
    for exclusive in EXCLUSIVE:
        if stated := exclusive & {key for key, value in upper.items() if value is not None}:
            for key in exclusive - stated:
                merged.pop(key, None)
    if route == ("servingEngineSpec", "strategy") or route[-1:] == ("strategy",):
        _drop_other_strategy(merged, upper)
    for key, value in upper.items():
        below = merged.get(key)
        here = (*route, key)
        if here == MODELS and isinstance(value, list):
            merged[key] = _merge_models(below if isinstance(below, list) else [], value, index)
        elif isinstance(value, dict):
            merged[key] = merge(below if isinstance(below, dict) else {}, value, route=here, index=index)
        else:
            merged[key] = value
    return merged


def _drop_other_strategy(merged: dict[str, Any], upper: Mapping[str, Any]) -> None:
    """`type: Recreate` over a rolling update leaves no rollingUpdate behind."""
    if upper.get("type") == "Recreate":
        merged.pop("rollingUpdate", None)
    elif upper.get("rollingUpdate") is not None and merged.get("type") == "Recreate":
        merged.pop("type")


def _merge_models(lower: list[Any], upper: list[Any], index: Sequence[dict[int, int]]) -> list[Any]:
    """Models by name: those of the lower layer first, each with what the upper one says of it, then the new ones."""
    merged = list(lower)
    by_name: dict[Any, int] = {}
    for number, model in enumerate(lower):
        if isinstance(model, dict) and isinstance(model.get("name"), str):
            by_name.setdefault(model["name"], number)
    seen: set[str] = set()
    for number, model in enumerate(upper):
        name = model.get("name") if isinstance(model, dict) else None
        at = None
        if isinstance(name, str):
            at = by_name.get(name) if name not in seen else None
            seen.add(name)
        if at is None:
            at = len(merged)
            merged.append(model)
        else:
            merged[at] = merge(merged[at], model, route=(*MODELS, "*"))
        if index:
            index[-1][at] = number
    return merged


def _own_route(route: Route, models: Mapping[int, int]) -> Route | None:
    """A merged route in one file's own indices; None when the file does not name that model."""
    if route[:2] != MODELS or len(route) < 3 or not isinstance(route[2], int):
        return route
    own = models.get(route[2])
    return None if own is None else (*MODELS, own, *route[3:])


def _canonical(source: Source) -> Layer:
    """Rename other spellings to the canonical one; the same key under two spellings is a finding."""
    data = {key: value for key, value in source.data.items() if not key.startswith(UNREAD)}
    renaming = _Renaming(source, {}, [])
    renaming.rename(data, ALIASES[()], (), ())
    for section, names in ALIASES.items():
        inner = data.get(str(section[0])) if len(section) == 1 else None
        if isinstance(inner, dict):
            renaming.rename(inner, names, section, renaming.renamed.get(section, section))
    for number, model in models_in(data):
        at: Route = (*MODELS, number)
        renaming.rename(model, ALIASES[(*MODELS, "*")], at, at)
        if isinstance(cache := model.get("lmcacheConfig"), dict):
            at = (*at, "lmcacheConfig")
            renaming.rename(cache, ALIASES[(*MODELS, "*", "lmcacheConfig")], at, at)
    return Layer(source, data, renaming.renamed, tuple(renaming.findings))


def models_in(data: Mapping[str, Any]) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each model that is a map, with its number."""
    engine = data.get("servingEngineSpec")
    models = engine.get("modelSpec") if isinstance(engine, dict) else None
    for number, model in enumerate(models if isinstance(models, list) else []):
        if isinstance(model, dict):
            yield number, model


class _Renaming(Struct, frozen=True):
    """The keys of one file that were renamed, by their canonical route, and what was wrong with them."""

    source: Source
    renamed: dict[Route, Route]
    findings: list[Finding]

    def rename(self, section: dict[str, Any], names: Mapping[str, Route], at: Route, spelled: Route) -> None:
        """Rename the keys of the section at `at`, which the file spells `spelled`."""
        for name in [name for name in section if name in names]:
            value = section.pop(name)
            *parents, last = map(str, names[name])
            holder: Any = section
            for parent in parents:
                holder = holder.setdefault(parent, {}) if isinstance(holder, dict) else None
            if not isinstance(holder, dict) or last in holder:
                self._given_twice((*spelled, name), names[name])
                continue
            holder[last] = value
            self.renamed[(*at, *names[name])] = (*spelled, name)

    def _given_twice(self, spelled: Route, target: Route) -> None:
        message = f"`{spelled[-1]}` is another spelling of `{'.'.join(map(str, target))}`, which is given too"
        place = self.source.place(spelled)
        self.findings.append(Finding("duplicate-key", Severity.ERROR, message, place=place, help="keep one"))
