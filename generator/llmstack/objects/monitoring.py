"""What Prometheus and Grafana are told: ServiceMonitors, and config maps of dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.model.monitoring import ServiceMonitor
from llmstack.model.stack import Stack
from llmstack.objects import engine, labels, names, router
from llmstack.objects.dashboards import DASHBOARDS
from llmstack.objects.labels import Labels
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place

UNIT = "stack"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the monitors of what is deployed, and the dashboards."""
    engines, routers = stack.engine, stack.router_spec
    if engines.enable_engine and engines.service_monitor.enabled:
        selects = labels.selects_all(stack, labels.ENGINE)
        own = _labels(selects, engines.labels, engines.service_monitor)
        found = monitor(stack, engine.SERVICE_PORT, own, selects, engines.service_monitor, _named(stack, labels.ENGINE))
        yield place(UNIT, found, "servicemonitor-engine")
    if routers.enable_router and routers.service_monitor.enabled:
        selects = labels.selector(stack, labels.ROUTER, labels.ROUTER)
        own = _labels(selects, routers.labels, routers.service_monitor)
        found = monitor(stack, router.SERVICE_PORT, own, selects, routers.service_monitor, _named(stack, labels.ROUTER))
        yield place(UNIT, found, "servicemonitor-router")
    for model in stack.models:
        if (stated := model.service_monitor) and stated.enabled and not engines.service_monitor.enabled:
            selects = labels.selector(stack, labels.ENGINE, model.name or labels.ENGINE)
            own = _labels(selects, engines.labels, stated)
            name = names.of_model(stack, model.name or labels.ENGINE, "servicemonitor")
            yield place(f"models/{model.name}", monitor(stack, engine.SERVICE_PORT, own, selects, stated, name))
    if stack.grafana_dashboards.enabled:
        for name, dashboard in DASHBOARDS.items():
            yield place(UNIT, dashboard_config_map(stack, name, dashboard), f"configmap-{name}")


def _named(stack: Stack, component: str) -> str:
    return names.of_release(stack, f"{component}-servicemonitor")


def _labels(selects: Labels, users: Labels | None, stated: ServiceMonitor) -> Labels:
    return {**(users or {}), **(stated.additional_labels or {}), **labels.PART_OF, **selects}


def monitor(stack: Stack, port: str, own: Labels, selects: Labels, stated: ServiceMonitor, name: str) -> dict[str, Any]:
    """A ServiceMonitor of all Services of a component, or of one model, found by the frozen labels."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(stack, name, own),
        "spec": {
            "selector": {"matchLabels": dict(selects)},
            "endpoints": [
                {
                    "port": port,
                    "honorLabels": stated.honor_labels,
                    "interval": stated.interval or None,
                    "scrapeTimeout": stated.scrape_timeout or None,
                    "metricRelabelings": stated.metric_relabelings or None,
                    "relabelings": stated.relabelings or None,
                }
            ],
        },
    }


def dashboard_config_map(stack: Stack, name: str, dashboard: Mapping[str, Any]) -> dict[str, Any]:
    """The config map of one dashboard, as Grafana's sidecar looks for it: by its labels."""
    stated = stack.grafana_dashboards
    own = metadata(stack, names.of_release(stack, f"grafana-{name}"), stated.labels, stated.annotations)
    text = json.dumps(dashboard, indent=2) + "\n"
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": own, "data": {f"{name}.json": text}}
