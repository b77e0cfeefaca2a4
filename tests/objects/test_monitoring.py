"""ServiceMonitors and dashboards."""

from __future__ import annotations

import json
import re

from tests.objects.support import MODEL, objects_of, one

VALUES = """
servingEngineSpec:
  serviceMonitor: {enabled: true, interval: 5s, additionalLabels: {prometheus: main}}
  modelSpec:
  - {name: a, repository: r, tag: v1, modelURL: x/a}
  - {name: b, repository: r, tag: v1, modelURL: x/b, raySpec: {enabled: true}}
routerSpec:
  serviceMonitor: {enabled: true, honorLabels: true, relabelings: [{action: drop}]}
"""


def test_monitors_select_the_services_they_are_for_on_a_port_these_have() -> None:
    found = objects_of(VALUES)
    services = {name: o for (kind, name), o in found.items() if kind == "Service"}
    for component, wanted in (
        ("engine", {"llmstack-a-engine-service", "llmstack-b-engine-service"}),
        ("router", {"llmstack-router-service"}),
    ):
        monitor = found["ServiceMonitor", f"llmstack-{component}-servicemonitor"]
        selector = monitor["spec"]["selector"]["matchLabels"].items()
        selected = {name for name, service in services.items() if selector <= service["metadata"]["labels"].items()}
        assert selected == wanted
        (endpoint,) = monitor["spec"]["endpoints"]
        for name in selected:
            assert endpoint["port"] in {port["name"] for port in services[name]["spec"]["ports"]}
        assert monitor["metadata"]["labels"]["app.kubernetes.io/part-of"] == "vllm-stack"


def test_what_is_stated_of_a_scrape() -> None:
    engine = one(VALUES, "ServiceMonitor", "llmstack-engine-servicemonitor")
    assert engine["metadata"]["labels"]["prometheus"] == "main"
    (endpoint,) = engine["spec"]["endpoints"]
    assert endpoint == {
        "port": "service-port",
        "honorLabels": False,
        "interval": "5s",
        "scrapeTimeout": "25s",
    }
    (endpoint,) = one(VALUES, "ServiceMonitor", "llmstack-router-servicemonitor")["spec"]["endpoints"]
    assert endpoint["honorLabels"] is True
    assert endpoint["relabelings"] == [{"action": "drop"}]


def test_dashboards_are_found_and_whole() -> None:
    values = MODEL + "grafanaDashboards: {enabled: true, labels: {folder: llm}, annotations: {a: b}}\n"
    maps = [o for (kind, _), o in objects_of(values).items() if kind == "ConfigMap"]
    assert {o["metadata"]["name"] for o in maps} == {
        "llmstack-grafana-vllm-dashboard",
        "llmstack-grafana-vllm-model-metrics-dashboard",
    }
    uids = set()
    for config_map in maps:
        assert config_map["metadata"]["labels"] == {"grafana_dashboard": "1", "folder": "llm"}
        assert config_map["metadata"]["annotations"] == {"a": "b"}
        ((_, text),) = config_map["data"].items()
        dashboard = json.loads(text)
        uids.add(dashboard["uid"])
        panels = dashboard["panels"]
        assert len({panel["id"] for panel in panels}) == len({panel["title"] for panel in panels}) == len(panels) > 6
        places = {(p["gridPos"]["x"], p["gridPos"]["y"]) for p in panels}
        assert len(places) == len(panels)
        known = {variable["name"] for variable in dashboard["templating"]["list"]} | {"__rate_interval"}
        for panel in panels:
            for target in panel["targets"]:
                assert target["expr"].count("(") == target["expr"].count(")")
                assert set(re.findall(r"\$(\w+)", target["expr"])) <= known
                assert re.search(r"\b(vllm|lmcache):\w+\{", target["expr"])
    assert len(uids) == 2
