"""What Prometheus and Grafana are told: ServiceMonitors, and config maps of dashboards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.model.monitoring import ServiceMonitor
from llmstack.model.stack import Stack
from llmstack.objects import engine, labels, names, router
from llmstack.objects.dashboards import DASHBOARDS
from llmstack.objects.metadata import metadata
from llmstack.objects.placed import Placed, place

UNIT = "stack"


def build(stack: Stack) -> Iterator[Placed]:
    """Yield the monitors of what is deployed, and the dashboards."""
    engines = stack.engine
    if engines.enable_engine and engines.service_monitor.enabled:
        own = _labels(stack, labels.ENGINE, engines.labels, engines.service_monitor)
        yield place(
            UNIT,
            monitor(stack, labels.ENGINE, engine.SERVICE_PORT, own, engines.service_monitor),
            "servicemonitor-engine",
        )
    routers = stack.router_spec
    if routers.enable_router and routers.service_monitor.enabled:
        own = _labels(stack, labels.ROUTER, routers.labels, routers.service_monitor)
        yield place(
            UNIT,
            monitor(stack, labels.ROUTER, router.SERVICE_PORT, own, routers.service_monitor),
            "servicemonitor-router",
        )
    if stack.grafana_dashboards.enabled:
        for name, dashboard in DASHBOARDS.items():
            yield place(UNIT, dashboard_config_map(stack, name, dashboard), f"configmap-{name}")


def _labels(
    stack: Stack, component: str, users: Mapping[str, str] | None, stated: ServiceMonitor
) -> dict[str, str]:
    return {
        **(users or {}),
        **(stated.additional_labels or {}),
        **labels.PART_OF,
        **labels.selects_all(stack, component),
    }


def monitor(
    stack: Stack, component: str, port: str, own: Mapping[str, str], stated: ServiceMonitor
) -> dict[str, Any]:
    """A ServiceMonitor of all Services of a component, found by the frozen labels."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "ServiceMonitor",
        "metadata": metadata(stack, names.of_release(stack, f"{component}-servicemonitor"), own),
        "spec": {
            "selector": {"matchLabels": labels.selects_all(stack, component)},
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
