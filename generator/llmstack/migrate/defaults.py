"""Which defaults of llmstack differ from the chart's in what a file leaves unset, and the chart's written down.

The chart's numbers are those of its values.yaml, 0.1.12; docs/values.md has the whole table.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from llmstack.finding import Finding, Route, Severity, at_route, show_route
from llmstack.migrate.references import in_one_line
from llmstack.migrate.step import File, Step, make_step
from llmstack.values.edit import CannotEdit, Edit, insert_first, insert_last
from llmstack.values.layers import MODELS, models_in
from llmstack.values.syntax import Document

ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "100%", "maxUnavailable": 0}}
NUMBERS = {"requests": {"cpu": "400m", "memory": "1000Mi"}, "limits": {"cpu": None, "memory": "1000Mi"}}


class Difference(Struct, frozen=True):
    """A key that a file leaves unset: what the chart does then, what llmstack does, and the value that says the
    chart's; None where none is to be written."""

    route: Route
    chart: str
    ours: str
    value: Any = None


def differences(file: File) -> Iterator[Difference]:
    """Yield the defaults that differ for what this file deploys, over the file below it."""
    data = file.layers.data
    router, engine, cache = (_map(data, key) for key in ("routerSpec", "servingEngineSpec", "cacheServerSpec"))
    if router.get("enableRouter") is not False:
        yield from _router(router)
    named = [model for model in engine.get("modelSpec") or [] if isinstance(model, dict)]
    if named and engine.get("enableEngine") is not False:
        yield from _engines(engine, named)
        yield from _models(file)
    if cache.get("enableServer"):
        yield from _cache_server(cache)
    storage = _map(data, "sharedStorage")
    if storage.get("enabled"):
        yield from _storage(storage)


def _router(router: Mapping[str, Any]) -> Iterator[Difference]:
    if router.get("resources") is None:
        chart = "requests 400m CPU and 1000Mi, limit 1000Mi"
        ours = "requests 4 CPUs and 16G, limits 8 and 32G"
        yield Difference(("routerSpec", "resources"), chart, ours, NUMBERS)
    if not router.get("strategy"):
        yield Difference(("routerSpec", "strategy"), "maxSurge 100%, maxUnavailable 0", "maxSurge 1", ROLLING)
    if "failureThreshold" not in _map(router, "startupProbe"):
        route = ("routerSpec", "startupProbe", "failureThreshold")
        yield Difference(route, "3 (20 s to start)", "11 (a minute to start)", 3)


def _engines(engine: Mapping[str, Any], named: list[dict[str, Any]]) -> Iterator[Difference]:
    if not engine.get("strategy") and not all(model.get("strategy") for model in named):
        ours = "chosen by replicas, GPUs and claim, so that a rollout can end where there are no spare GPUs"
        route = ("servingEngineSpec", "strategy")
        yield Difference(route, "maxSurge 100%, maxUnavailable 0", ours, ROLLING)
    if engine.get("enableServiceLinks") is None:
        yield Difference(
            ("servingEngineSpec", "enableServiceLinks"),
            "true",
            "false, since VLLM_PORT of a Service `vllm` ends vLLM",
        )


def _models(file: File) -> Iterator[Difference]:
    for number, own in models_in(file.data):
        model, at = file.merged_model(number), (*MODELS, number)
        config = model.get("vllmConfig")
        if isinstance(config, dict) and config and "enablePrefixCaching" not in config:
            ours = "vLLM's own, which is on for most models"
            yield Difference(
                (*at, "vllmConfig", "enablePrefixCaching"), "false", ours, _unless_absent(own, "vllmConfig")
            )
        lmcache = _map(model, "lmcacheConfig")
        if lmcache.get("enabled") and "cpuOffloadingBufferSize" not in lmcache:
            yield Difference((*at, "lmcacheConfig", "cpuOffloadingBufferSize"), "LMCache's own, 5", "4")


def _unless_absent(own: Mapping[str, Any], section: str) -> bool | None:
    """`false` to write down, where the file itself has the section."""
    return False if isinstance(own.get(section), dict) else None


def _cache_server(cache: Mapping[str, Any]) -> Iterator[Difference]:
    if not _map(cache, "image").get("repository"):
        route = ("cacheServerSpec", "image", "repository")
        yield Difference(route, "lmcache/vllm-openai", "lmcache/lmstack-cache-server", "lmcache/vllm-openai")
    if cache.get("resources") is None:
        ours = "requests 1 CPU and 2G, limits 2 and 4G"
        none = {"requests": None, "limits": None}
        yield Difference(("cacheServerSpec", "resources"), "none", ours, none)


def _storage(storage: Mapping[str, Any]) -> Iterator[Difference]:
    if not storage.get("accessModes"):
        route = ("sharedStorage", "accessModes")
        yield Difference(route, "[ReadWriteMany]", "[ReadWriteOnce]", ["ReadWriteMany"])
    if storage.get("storageClass") is None:
        yield Difference(("sharedStorage", "storageClass"), "the cluster's default", "standard")


def keep_defaults(file: File) -> Iterator[Step]:
    """Yield the steps that write the chart's numbers down, where whoever migrates wants them."""
    if not file.wanted.keep_defaults:
        return
    for difference in differences(file):
        if difference.value is not None:
            yield make_step(
                difference.route,
                f"write `{difference.route[-1]}: {in_one_line(difference.value)}`",
                partial(_edits, file.document, difference),
                sets=[(difference.route, difference.value)],
                said=f"{difference.chart}, as the chart has it",
            )


def _edits(document: Document, difference: Difference) -> list[Edit]:
    """The key in its section; sections that are missing come with it."""
    for length in range(len(difference.route) - 1, -1, -1):
        holder = document.part(difference.route[:length]) if length else document.root
        if holder is None or holder.kind != "map":
            continue
        inner = in_one_line(difference.value)
        for step in reversed(difference.route[length + 1 :]):
            inner = f"{{{step}: {inner}}}"
        insert = insert_last if holder.entries else insert_first
        return insert(document, holder, {str(difference.route[length]): inner})
    raise CannotEdit


def notes(file: File) -> Iterator[Finding]:
    """Yield a note for each default that differs, and for each key that the chart did not read."""
    for difference in differences(file):
        message = f"`{show_route(difference.route)}` is unset: the chart's default is {difference.chart}; "
        kept = "`--keep-defaults` writes the chart's down" if difference.value is not None else None
        yield Finding(
            "default-differs",
            Severity.NOTE,
            f"{message}llmstack's is {difference.ours}",
            difference.route,
            file.layers.place(difference.route),
            kept,
        )
    for route, what in _unread(file):
        message = f"the chart did not read `{show_route(route)}`; llmstack does: {what}"
        yield Finding("chart-ignored", Severity.NOTE, message, route, file.layers.place(route))


UNREAD: Mapping[Route, Mapping[str, str]] = {
    ("servingEngineSpec",): {
        "nodeSelector": "pods of engines may move to other nodes",
        "affinity": "pods of engines may move to other nodes",
        "nodeSelectorTerms": "pods of engines may move to other nodes",
        "topologySpreadConstraints": "pods of engines may move to other nodes",
        "priorityClassName": "pods of engines get this priority",
        "lifecycle": "the hooks run",
        "terminationGracePeriodSeconds": "pods get this time to end",
        "dnsPolicy": "pods resolve names by it",
        "enableServiceLinks": "pods have variables for Services, or none",
    },
    ("routerSpec",): {
        "k8sNamespace": "the router looks for engines there",
        "k8sLabelSelector": "the router finds engines by it",
        "topologySpreadConstraints": "the router's pods may move to other nodes",
        "terminationGracePeriodSeconds": "pods get this time to end",
        "lifecycle": "the hooks run",
        "enableServiceLinks": "pods have variables for Services, or none",
        "registry": "the image is pulled from there",
    },
    (*MODELS, "*"): {
        "pvcExistingClaimName": "charts before 0.1.12 did not mount the claim",
        "topologySpreadConstraints": "pods may move to other nodes",
        "strategy": "rollouts go by it",
        "startupProbe": "the probe changes",
        "livenessProbe": "the probe changes",
        "readinessProbe": "the probe changes",
        "lifecycle": "the hooks run",
        "terminationGracePeriodSeconds": "pods get this time to end",
        "serviceMonitor": "Prometheus scrapes the model",
        "resourceClaims": "pods get the devices",
        "dnsPolicy": "pods resolve names by it",
        "enableServiceLinks": "pods have variables for Services, or none",
        "registry": "the image is pulled from there",
    },
}
"""Keys that the chart up to 0.1.12 accepts and does not read, and what changes with llmstack, which does."""


def _unread(file: File) -> Iterator[tuple[Route, str]]:
    for section, keys in UNREAD.items():
        many = section[-1] == "*"
        places = [(*section[:-1], number) for number, _ in models_in(file.data)] if many else [section]
        for place in places:
            held = at_route(file.data, place)
            for key, what in keys.items():
                if isinstance(held, dict) and held.get(key) not in (None, {}, [], ""):
                    yield (*place, key), what


def _map(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    held = data.get(key)
    return held if isinstance(held, dict) else {}
