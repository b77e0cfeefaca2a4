"""Whether a scaler's trigger can ever fire: what the metrics of one engine can be at most."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches

from llmstack.engine import registry

METRIC = re.compile(r"vllm:[a-z0-9_]+")
_NUMBER = r"\d+(?:\.\d+)?"
_ONE = r"(vllm:[a-z0-9_]+)\s*(?:\{[^{}]*\})?\s*"
_RANGE = r"\[[^\]:]*\]\s*\)\s*"
_OVER_TIME = rf"(?:(?:avg|max|min|last)_over_time\s*\(\s*(?=vllm:[^\[]*{_RANGE}))?{_ONE}(?:{_RANGE})?"
_ALONE = re.compile(
    rf"\s*(?:({_NUMBER})\s*\*\s*)?"
    rf"(?:(?:sum|avg|max|min)\s*(?:by\s*\([^()]*\)\s*)?\(\s*)?{_OVER_TIME}\)?"
    rf"(?:\s*by\s*\([^()]*\))?\s*(?:([*/])\s*({_NUMBER}))?\s*\Z"
)
"""A query of one metric, as it is or over some time, summed or averaged over pods, and times or by a number."""
_MEAN = re.compile(r"\s*sum\s*\(([^()]*)\)\s*/\s*count\s*\(\1\)\s*\Z")
"""An average as many write it."""
_SUFFIXES = ("_total", "_bucket", "_sum", "_count", "_created")

EXPORTED: Mapping[str, tuple[str, ...]] = {
    "histogram": ("_bucket", "_sum", "_count", "_created"),
    "counter": ("_total", "_created"),
    "gauge": ("",),
}
"""The endings under which a metric of each kind is exported."""

SHARES = frozenset(("vllm:kv_cache_usage_perc", "vllm:gpu_cache_usage_perc", "vllm:cpu_cache_usage_perc"))
"""Metrics from 0 to 1, whatever their names say (vllm/v1/metrics/loggers.py)."""
ROUTERS = frozenset(("vllm:request_latency_seconds",))
"""Metrics of the router that are called almost as one of vLLM's (src/vllm_router/services/metrics_service)."""
ALMOST = 0.9
RUNNING = "vllm:num_requests_running"
MOST_SEQUENCES = 1024
"""The largest default of `--max-num-seqs` (`get_batch_defaults`, vllm/engine/arg_utils.py)."""


def base_name(metric: str) -> str:
    """A metric's own name: Prometheus exports counters and histograms under suffixes."""
    if registry.is_metric(metric):
        return metric
    return next((metric.removesuffix(suffix) for suffix in _SUFFIXES if metric.endswith(suffix)), metric)


def missing_metrics(query: str, among: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each metric of a query that some release has, and none of these: its name, and which do; and each that is
    written almost as one.

    Another name that no release has may be the router's, or a recording rule's. What is exported of a metric depends on
    its kind (`generate_latest` of prometheus_client): a histogram has no series of its own name, a gauge no other.
    """
    for metric in dict.fromkeys(METRIC.findall(query)):
        name = base_name(metric)
        said = [_exported(metric, name, each) for each in among]
        if said and all(said):
            yield metric, said[0] or ""
            continue
        if among and registry.is_metric(name) and not any(registry.has_metric(name, each) for each in among):
            first, last = registry.metric_span(name)
            yield metric, f"{first} and later have it" if last is None else f"{first} to {last} have it"
        elif among and name not in ROUTERS and not registry.is_metric(name):
            near = get_close_matches(name, registry.metrics(among[0]), 1, ALMOST)
            if near and near[0].count("_") == name.count("_"):  # one with a word more is a recording rule
                yield metric, f"it has `{near[0]}`"


def _exported(metric: str, name: str, release: str) -> str | None:
    """What a release exports instead of a metric of a query, where it has one of that name; None where it has none
    such, or exports it."""
    for own in (metric, f"{name}_total", name):
        kind = registry.metric_kind(own, release)
        if kind is not None:
            series = [own + suffix for suffix in EXPORTED[kind]]
            if kind == "counter":
                series = [f"{own.removesuffix('_total')}{suffix}" for suffix in EXPORTED[kind]]
            return None if metric in series else f"it is a {kind}, as {', '.join(series)}"
    return None


def most_of_one(query: str, sequences: int) -> tuple[str, float] | None:
    """A plain query, by its metric, and what one engine makes of it at most, where that is known; `sequences` is how
    many requests it runs at once."""
    match = _ALONE.match(_MEAN.sub(r"avg(\1)", query))
    if match is None:
        return None
    before, metric, sign, after = match.groups()
    most = 1.0 if metric in SHARES else float(sequences) if metric == RUNNING else None
    if most is None or (sign == "/" and not float(after)):
        return None
    if before or after:
        factor = float(before or 1) * (float(after) if sign == "*" else 1 / float(after or 1))
        return f"the query of `{metric}`", most * factor
    return f"`{metric}`", most
