"""What the classes behind flags refuse: never a release's own defaults and names, and what vLLM's sources name."""

from __future__ import annotations

import json

import pytest

from llmstack.engine import registry
from llmstack.engine.exact.configs import misconfigured
from llmstack.flags.catalogue import load_catalogue, versions

IMAGE = "vllm/vllm-openai"


def said(release: str, flag: str, text: str, repository: str = IMAGE) -> list[tuple[str, str]]:
    faults = misconfigured({flag: text}, load_catalogue(release), (release,), repository)
    return [(fault.message, fault.help) for fault in faults]


@pytest.mark.parametrize("release", versions())
def test_no_default_choice_or_known_value_of_a_release_is_refused(release: str) -> None:
    for flag in load_catalogue(release).flags.values():
        for value in (flag.default, *(flag.choices or ()), *flag.known_values):
            if value is not None and not isinstance(value, (bool, list)):
                text = json.dumps(value) if isinstance(value, dict) else str(value)
                assert said(release, flag.name, text) == [], (flag.name, text)


@pytest.mark.parametrize("release", versions())
def test_every_method_of_quantization_is_taken(release: str) -> None:
    for name in registry.methods(release):
        assert said(release, "--quantization", name) == []


@pytest.mark.parametrize(
    ("release", "flag", "text", "message"),
    [
        ("0.19.1", "--max-num-seqs", "0", "vLLM 0.19.1 refuses --max-num-seqs 0"),
        ("0.19.1", "--data-parallel-backend", "rya", "vLLM 0.19.1 refuses --data-parallel-backend rya"),
        ("0.10.2", "--compilation-config", "3", "--compilation-config of vLLM 0.10.2 is no 3"),
        ("0.19.1", "--hf-overrides", "{bad", "--hf-overrides of vLLM 0.19.1 is no {bad"),
        ("0.19.1", "--load-format", "safetensor", "`safetensor` is nothing that --load-format of vLLM 0.19.1 takes"),
        ("0.33.0", "--load-format", "gguf", "`gguf` is nothing that --load-format of vLLM 0.33.0 takes"),
        ("0.19.1", "--tokenizer-mode", "mistal", "`mistal` is nothing that --tokenizer-mode of vLLM 0.19.1 takes"),
        ("0.19.1", "--quantization", "int4", "`int4` is nothing that --quantization of vLLM 0.19.1 takes"),
        (
            "0.33.0",
            "--compilation-config",
            '{"encoder_cudagraph_token_budgets": [0, 512]}',
            "vLLM 0.33.0 refuses this `encoder_cudagraph_token_budgets` of --compilation-config",
        ),
        (
            "0.19.1",
            "--compilation-config",
            '{"cudagraph_capture_sizes": [1, 2.5]}',
            "vLLM 0.19.1 refuses this `cudagraph_capture_sizes` of --compilation-config",
        ),
        (
            "0.33.0",
            "--attention-config",
            '{"backend_per_kind": {"full": "FLASH_ATTN"}}',
            "vLLM 0.33.0 refuses this `backend_per_kind` of --attention-config",
        ),
        (
            "0.33.0",
            "--attention-config",
            '{"backend_per_kind": {"full_attention": "FLASH"}}',
            "vLLM 0.33.0 refuses this `backend_per_kind` of --attention-config",
        ),
        (
            "0.33.0",
            "--speculative-config",
            '{"method": "ngram", "num_speculative_tokens": 3, "attention_backend": "XFORMERS"}',
            "vLLM 0.33.0 refuses this `attention_backend` of --speculative-config",
        ),
        (
            "0.19.1",
            "--compilation-config",
            '{"cudagraph_modes": "FULL"}',
            "vLLM 0.19.1 has no `cudagraph_modes` in --compilation-config",
        ),
        (
            "0.19.1",
            "--compilation-config",
            '{"cudagraph_mode": "FUL"}',
            "vLLM 0.19.1 refuses this `cudagraph_mode` of --compilation-config",
        ),
        (
            "0.19.1",
            "--compilation-config",
            '{"pass_config": {"fuse": true}}',
            "vLLM 0.19.1 has no `fuse` in `pass_config` of --compilation-config",
        ),
        (
            "0.19.1",
            "--speculative-config",
            '{"method": "ngram", "num_speculative_tokens": 0}',
            "vLLM 0.19.1 refuses this `num_speculative_tokens` of --speculative-config",
        ),
        (
            "0.12.0",
            "--kv-transfer-config",
            '{"kv_connector": "NixlConnector", "kv_role": "both"}',
            "vLLM 0.12.0 refuses this `kv_role` of --kv-transfer-config",
        ),
    ],
)
def test_what_ends_a_start_is_said(release: str, flag: str, text: str, message: str) -> None:
    ((told, help),) = said(release, flag, text)
    assert told == message
    assert help


@pytest.mark.parametrize(
    ("release", "flag", "text"),
    [
        ("0.12.0", "--compilation-config", '{"cudagraph_modes": "FULL"}'),  # passed over before 0.13
        ("0.9.2", "--compilation-config", "3"),  # a level alone, up to here
        ("0.19.1", "--kv-transfer-config", "null"),
        ("0.19.1", "--compilation-config", '{"cudagraph_mode": "full_and_piecewise", "pass_config": {"fuse_norm_quant": true}}'),
        ("0.19.1", "--compilation-config", '{"mode": 3, "cudagraph_capture_sizes": [1, 2, 4]}'),
        ("0.19.1", "--speculative-config", '{"method": "ngram", "num-speculative-tokens": 3, "prompt_lookup_max": 4}'),
        ("0.19.1", "--kv-transfer-config", '{"kv_connector": "Own", "kv_role": "kv_both", "kv_connector_module_path": "a.b"}'),
        ("0.33.0", "--kv-events-config", '{"enable_kv_cache_events": true, "publisher": "zmq", "endpoint": "tcp://*:5557"}'),
        ("0.19.1", "--eplb-config", '{"window_size": 1000, "step_interval": 3000, "num_redundant_experts": 32}'),
        ("0.19.1", "--structured-outputs-config", '{"backend": "xgrammar", "disable_any_whitespace": true}'),
        ("0.19.1", "--distributed-executor-backend", "own.module.Executor"),
        ("0.19.1", "--max-model-len", "-1"),
        ("0.19.1", "--max-num-seqs", "$(SEQS)"),
        ("0.33.0", "--cpu-offload-gb", "0"),
        ("0.33.0", "--data-parallel-rank", "0"),
        ("0.33.0", "--max-logprobs", "-1"),
    ],
)  # fmt: skip
def test_what_starts_is_not_accused(release: str, flag: str, text: str) -> None:
    assert said(release, flag, text) == []


def test_names_of_a_plugin_are_left_alone_in_other_images() -> None:
    assert said("0.19.1", "--load-format", "own", "example/vllm-openai") == []


def test_all_releases_that_may_be_right_have_to_refuse() -> None:
    given = {"--load-format": "gguf"}
    assert list(misconfigured(given, load_catalogue("0.24.0"), ("0.24.0", "0.23.0"), IMAGE)) == []


@pytest.mark.parametrize(
    ("release", "flag", "text"),
    [
        ("0.33.0", "--compilation-config", '{"encoder_cudagraph_token_budgets": [256, 512]}'),
        ("0.19.1", "--compilation-config", '{"encoder_cudagraph_token_budgets": [0]}'),
        ("0.19.1", "--compilation-config", '{"cudagraph_capture_sizes": [1, "2"], "max_cudagraph_capture_size": 2}'),
        ("0.33.0", "--attention-config", '{"backend_per_kind": {"full_attention": "flash_attn"}}'),
        ("0.33.0", "--attention-config", '{"indexer_kv_dtype": "bf8"}'),
        ("0.33.0", "--speculative-config", '{"method": "ngram", "attention_backend": "auto"}'),
    ],
)
def test_what_only_some_starts_refuse_is_taken(release: str, flag: str, text: str) -> None:
    assert said(release, flag, text) == []
