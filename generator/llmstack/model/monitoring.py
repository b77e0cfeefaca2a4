"""`serviceMonitor` and `grafanaDashboards`: what Prometheus and Grafana are told."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from llmstack.model.switch import SectionSwitch
from llmstack.model.types import Section, StringMap, Text


class ServiceMonitor(Section):
    """A ServiceMonitor of the Prometheus operator."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(False, description="Write the ServiceMonitor.")
    additional_labels: StringMap | None = Field(None, description="Labels the Prometheus object selects by.")
    interval: Text | None = Field("30s", description="Time between two scrapes.")
    scrape_timeout: Text | None = Field("25s", description="Time a scrape may take.")
    honor_labels: bool | None = Field(False, description="Keep the scraped labels where they collide.")
    metric_relabelings: Annotated[list[dict[str, Any]], "raw"] | None = Field(
        None, description="Relabelling before ingestion."
    )
    relabelings: Annotated[list[dict[str, Any]], "raw"] | None = Field(
        None, description="Relabelling before the scrape."
    )


class GrafanaDashboards(Section):
    """Config maps that Grafana's sidecar loads as dashboards."""

    enabled: Annotated[bool | None, SectionSwitch()] = Field(False, description="Write the dashboards' config maps.")
    labels: StringMap | None = Field({"grafana_dashboard": "1"}, description="Labels Grafana's sidecar looks for.")
    annotations: StringMap | None = Field(None, description="Annotations of the config maps.")
