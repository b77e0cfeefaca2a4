"""Grafana dashboards: one of the stack's traffic and caches, one of a model's engines.

Metric names are those of vLLM ("Production Metrics" in its documentation), of the production stack's router
(src/vllm_router/services/metrics_service) and of LMCache ("Metrics" in its documentation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Panel = tuple[str, str, Sequence[tuple[str, str]]]
"""Title, unit, and queries with what each is called in the legend."""

WIDTH, HEIGHT, COLUMNS = 8, 7, 3
ENGINE = 'namespace=~"$namespace",model_name=~"$model_name"'
POD = 'namespace=~"$namespace"'


def _rate(metric: str, by: str, where: str = ENGINE) -> str:
    return f"sum by ({by}) (rate({metric}{{{where}}}[$__rate_interval]))"


def _quantiles(metric: str) -> list[tuple[str, str]]:
    inner = _rate(f"{metric}_bucket", "le, model_name")
    return [
        (f"histogram_quantile({quantile}, {inner})", f"{{{{model_name}}}} p{round(quantile * 100)}")
        for quantile in (0.5, 0.9, 0.99)
    ]


def _sum(metric: str, by: str, where: str = ENGINE) -> tuple[str, str]:
    return f"sum by ({by}) ({metric}{{{where}}})", f"{{{{{by}}}}}"


def _ratio(part: str, whole: str, by: str, where: str) -> tuple[str, str]:
    return f"{_rate(part, by, where)} / {_rate(whole, by, where)}", f"{{{{{by}}}}}"


STACK_PANELS: Sequence[Panel] = (
    ("Healthy engines", "none", [(f"sum(max by (server) (vllm:healthy_pods_total{{{POD}}}))", "engines")]),
    ("Requests per second", "reqps", [_sum("vllm:current_qps", "server", POD)]),
    (
        "Requests by model",
        "reqps",
        [(_rate("vllm:num_incoming_requests_total", "model", POD), "{{model}}")],
    ),
    ("Average latency", "s", [(f"avg by (server) (vllm:avg_latency{{{POD}}})", "{{server}}")]),
    ("Average time between tokens", "s", [(f"avg by (server) (vllm:avg_itl{{{POD}}})", "{{server}}")]),
    (
        "Requests in prefill and in decode",
        "none",
        [
            (f"sum(vllm:num_prefill_requests{{{POD}}})", "prefill"),
            (f"sum(vllm:num_decoding_requests{{{POD}}})", "decode"),
        ],
    ),
    (
        "LMCache: tokens found, of those asked for",
        "percentunit",
        [_ratio("lmcache:num_hit_tokens_total", "lmcache:num_requested_tokens_total", "pod", POD)],
    ),
    ("LMCache: memory in use", "bytes", [_sum("lmcache:local_cache_usage", "pod", POD)]),
    (
        "LMCache: tokens stored",
        "none",
        [(_rate("lmcache:num_stored_tokens_total", "pod", POD), "{{pod}}")],
    ),
)

ENGINE_PANELS: Sequence[Panel] = (
    ("Requests running", "none", [_sum("vllm:num_requests_running", "pod")]),
    ("Requests waiting", "none", [_sum("vllm:num_requests_waiting", "pod")]),
    ("KV cache in use", "percentunit", [_sum("vllm:kv_cache_usage_perc", "pod")]),
    ("Time to first token", "s", _quantiles("vllm:time_to_first_token_seconds")),
    ("Time between tokens", "s", _quantiles("vllm:inter_token_latency_seconds")),
    ("Whole request", "s", _quantiles("vllm:e2e_request_latency_seconds")),
    (
        "Tokens per second",
        "none",
        [
            (_rate("vllm:prompt_tokens_total", "model_name"), "{{model_name}} prompt"),
            (_rate("vllm:generation_tokens_total", "model_name"), "{{model_name}} generated"),
        ],
    ),
    (
        "Prefix cache: tokens found, of those asked for",
        "percentunit",
        [_ratio("vllm:prefix_cache_hits_total", "vllm:prefix_cache_queries_total", "pod", ENGINE)],
    ),
    (
        "Where the time goes",
        "s",
        [
            (_rate(f"vllm:request_{phase}_time_seconds_sum", "model_name"), f"{{{{model_name}}}} {phase}")
            for phase in ("queue", "prefill", "decode")
        ],
    ),
    (
        "Finished requests",
        "reqps",
        [(_rate("vllm:request_success_total", "finished_reason"), "{{finished_reason}}")],
    ),
    ("Preemptions", "none", [(_rate("vllm:num_preemptions_total", "pod"), "{{pod}}")]),
)


def _panel(number: int, panel: Panel) -> dict[str, Any]:
    title, unit, queries = panel
    row, column = divmod(number, COLUMNS)
    return {
        "id": number + 1,
        "type": "timeseries",
        "title": title,
        "datasource": {"type": "prometheus", "uid": "$datasource"},
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "gridPos": {"x": column * WIDTH, "y": row * HEIGHT, "w": WIDTH, "h": HEIGHT},
        "targets": [
            {"refId": chr(ord("A") + place), "expr": expression, "legendFormat": legend}
            for place, (expression, legend) in enumerate(queries)
        ],
    }


def _variable(name: str, query: str) -> dict[str, Any]:
    """A choice of label values; everything at first."""
    return {
        "name": name,
        "type": "query",
        "datasource": {"type": "prometheus", "uid": "$datasource"},
        "query": query,
        "refresh": 2,
        "includeAll": True,
        "multi": True,
        "current": {"text": "All", "value": "$__all"},
    }


def _dashboard(uid: str, title: str, panels: Sequence[Panel], choices: Mapping[str, str]) -> dict[str, Any]:
    source = {"name": "datasource", "type": "datasource", "query": "prometheus"}
    return {
        "uid": uid,
        "title": title,
        "tags": ["vllm"],
        "schemaVersion": 39,
        "timezone": "browser",
        "refresh": "30s",
        "time": {"from": "now-1h", "to": "now"},
        "templating": {"list": [source, *(_variable(name, query) for name, query in choices.items())]},
        "panels": [_panel(number, panel) for number, panel in enumerate(panels)],
    }


_MODELS = {
    "namespace": "label_values(vllm:num_requests_running, namespace)",
    "model_name": 'label_values(vllm:num_requests_running{namespace=~"$namespace"}, model_name)',
}
_NAMESPACES = {"namespace": "label_values(vllm:current_qps, namespace)"}

DASHBOARDS: Mapping[str, Mapping[str, Any]] = {
    "vllm-dashboard": _dashboard("llmstack-stack", "vLLM: router and caches", STACK_PANELS, _NAMESPACES),
    "vllm-model-metrics-dashboard": _dashboard("llmstack-engines", "vLLM: engines", ENGINE_PANELS, _MODELS),
}
"""By the name the chart gives the config map of a dashboard of that kind."""
