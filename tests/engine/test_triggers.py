"""Metrics of queries: what a release exports of a histogram, a counter and a gauge."""

from __future__ import annotations

import pytest

from llmstack.engine.triggers import missing_metrics


@pytest.mark.parametrize(
    ("query", "series"),
    [
        ("vllm:time_to_first_token_seconds", "vllm:time_to_first_token_seconds_bucket"),
        ("vllm:iteration_tokens_total", "vllm:iteration_tokens_total_bucket"),
        ("rate(vllm:prompt_tokens[1m])", "vllm:prompt_tokens_total"),
        ("vllm:num_requests_waiting_total", "vllm:num_requests_waiting"),
        ("histogram_quantile(0.9, rate(vllm:kv_cache_usage_perc_bucket[1m]))", "vllm:kv_cache_usage_perc"),
    ],
)
def test_another_series_than_a_metric_is_exported_as_is_told(query: str, series: str) -> None:
    for release in ("0.11.2", "0.33.0"):
        [(_, where)] = missing_metrics(query, [release])
        assert series in where


@pytest.mark.parametrize(
    "query",
    [
        "sum(rate(vllm:time_to_first_token_seconds_bucket[5m])) by (le)",
        "rate(vllm:e2e_request_latency_seconds_sum[1m]) / rate(vllm:e2e_request_latency_seconds_count[1m])",
        "rate(vllm:iteration_tokens_total_count[1m])",
        "rate(vllm:prompt_tokens_total[1m])",
        "rate(vllm:num_preemptions_total[1m])",
        "vllm:num_requests_waiting",
        "vllm:of_a_recording_rule_sum",
    ],
)
def test_what_is_exported_is_not(query: str) -> None:
    for release in ("0.8.5.post1", "0.11.2", "0.19.1", "0.33.0"):
        assert list(missing_metrics(query, [release])) == []
