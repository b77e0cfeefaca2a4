"""The shipped catalogue of models, the facts of a model out of its files, and the file that keeps them."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from llmstack.engine.bound import least_known
from llmstack.engine.catalogue import catalogued, known_models, source_of
from llmstack.engine.config_json import context_of, is_tied, quantization_of, sizes_of
from llmstack.engine.facts import Groups, ModelFacts, Quantization, Sizes, Weights
from llmstack.engine.facts_file import SIZE_KEYS, file_name, read_facts, write_facts
from llmstack.engine.headers import group_of, header_length, read_header, weigh
from llmstack.engine.learned import learn
from llmstack.engine.memory import ALLOCATOR, GIB
from llmstack.engine.quantized import assumed_of, base_of, named
from llmstack.facts.fields import FactsError
from tests.engine.starts import rows

LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "max_position_embeddings": 131072,
    "model_type": "llama",
    "num_attention_heads": 32,
    "num_hidden_layers": 32,
    "num_key_value_heads": 8,
    "rope_scaling": {"factor": 8.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"},
    "tie_word_embeddings": False,
    "torch_dtype": "bfloat16",
    "vocab_size": 128256,
}


COPIES = [(model, made) for model in known_models() if (made := base_of(model, known_models()))]
"""Quantized copies whose own configuration the catalogue has, beside the model that their name leads to."""


def test_what_is_assumed_of_a_quantized_copy_is_so() -> None:
    assert len(COPIES) >= 4
    for model, (base, naming) in COPIES:
        known, other = catalogued(model), catalogued(base)
        assert known is not None
        assert other is not None
        assumed = assumed_of(other, model, naming)
        assert (assumed.architecture, assumed.context, assumed.base) == (known.architecture, known.context, base)
        assert known.quantization is not None
        assert known.quantization.method == naming.method
        assert known.weights is None or assumed.least is not None
        assert known.weights is None or 0 < (assumed.least or Groups()).total <= known.weights.bytes, model
        for size in ("vocabulary", "hidden", "layers", "heads", "kv_heads", "head_dim", "experts", "kv_rank"):
            stated = getattr(known.sizes, size)
            assert stated in (0, getattr(assumed.sizes, size)), (model, size)


@pytest.mark.parametrize(
    ("model", "base", "method"),
    [
        ("Qwen/Qwen2.5-72B-Instruct-AWQ", "Qwen/Qwen2.5-72B-Instruct", "awq"),
        ("Qwen/Qwen2.5-32B-Instruct-GPTQ-Int4", "Qwen/Qwen2.5-32B-Instruct", "gptq"),
        (
            "RedHatAI/Meta-Llama-3.1-8B-Instruct-quantized.w8a8",
            "meta-llama/Meta-Llama-3.1-8B-Instruct",
            "compressed-tensors",
        ),
        ("RedHatAI/Llama-3.3-70B-Instruct-FP8-dynamic", "meta-llama/Llama-3.3-70B-Instruct", "compressed-tensors"),
        ("hugging-quants/Meta-Llama-3.1-70B-Instruct-AWQ-INT4", "meta-llama/Meta-Llama-3.1-70B-Instruct", "awq"),
        (
            "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8",
            "meta-llama/Meta-Llama-3.1-8B-Instruct",
            "fp8 or compressed-tensors",
        ),
        ("unsloth/Qwen3-14B-unsloth-bnb-4bit", "Qwen/Qwen3-14B", "bitsandbytes"),
        ("nvidia/Llama-3.3-70B-Instruct-FP8", "meta-llama/Llama-3.3-70B-Instruct", "modelopt"),
    ],
)
def test_a_quantized_copy_has_the_facts_of_its_base_but_no_widths_and_no_weights(
    model: str, base: str, method: str
) -> None:
    known, other = catalogued(model), catalogued(base)
    assert known is not None
    assert other is not None
    assert known.base == base
    assert known.quantization is not None
    assert known.quantization.method == method
    assert (known.sizes.heads, known.sizes.intermediate, known.weights) == (other.sizes.heads, 0, None)


def test_a_name_that_no_publisher_gives_leads_nowhere() -> None:
    for model in ("someone/Qwen3-8B-AWQ", "Qwen/Qwen9-8B-AWQ", "Qwen/-AWQ"):
        assert catalogued(model) is None, model
    assert named("Qwen/Qwen9-8B-AWQ").quantization == Quantization("awq"), "of which nothing else is known"
    assert named("someone/Qwen3-8B-AWQ").quantization is None


SIZED = {
    "Qwen/Qwen2.5-72B-Instruct-AWQ": (35, 41.6),
    "RedHatAI/Meta-Llama-3.1-8B-Instruct-FP8-dynamic": (7, 9.1),
    "google/gemma-3-27b-it": (50, 54.9),
    "nvidia/Llama-3.1-70B-Instruct-FP8": (65, 72.7),
    "deepseek-ai/DeepSeek-V3.2": (600, 690),
    "zai-org/GLM-5-FP8": (640, 756),
    "google/gemma-4-31B-it": (52, 62.6),
    "meta-llama/Llama-4-Scout-17B-16E-Instruct": (180, 217.3),
    "meta-llama/Llama-4-Maverick-17B-128E-Instruct": (700, 801.5),
    "RedHatAI/Llama-4-Scout-17B-16E-Instruct-FP8-dynamic": (90, 113),
    "deepseek-ai/DeepSeek-V4-Flash": (128, 160),
}
"""GiB that the weights have at least, and 10^9 bytes that their files have (the models' pages on the hub)."""


@pytest.mark.parametrize("model", SIZED)
def test_weights_that_nobody_counted_are_known_at_least(model: str) -> None:
    facts = catalogued(model)
    assert facts is not None
    assert facts.weights is None
    least, files = SIZED[model]
    assert least * GIB < least_known(facts).total < files * 1e9


@pytest.mark.parametrize("model", known_models())
def test_every_entry_of_the_catalogue_reads(model: str) -> None:
    facts = catalogued(model)
    assert facts is not None
    assert facts.model == model
    assert facts.architecture
    assert facts.sizes.layers > 0
    assert facts.sizes.vocabulary > 0 or str(source_of(model)).startswith("kaito"), "whose catalogue says none"
    assert source_of(model)
    assert facts.weights is None or facts.weights.bytes == facts.weights.groups.total
    assert facts.weights is None or facts.quantization is None or facts.quantization.method in ("fp8", "mxfp4")
    assert read_facts(write_facts(facts)) == replace(facts, least=None), "which no file of facts has"


LOADED = [
    row
    for row in rows()
    if row.number("weights_gib")
    and (facts := catalogued(row.text["model"]))
    and facts.weights
    and row.text["tp"] == row.text["pp"] == "1"
    and not row.text["quantization"]
    and row.text["dtype"] != "float32"
    and row.text["conf"] == "A"
]


def test_many_logs_say_what_a_model_loads() -> None:
    assert len({row.text["model"] for row in LOADED}) >= 6


@pytest.mark.parametrize("row", LOADED, ids=lambda row: row.id)
def test_counted_weights_are_what_a_log_says_was_loaded(row: Any) -> None:
    facts = catalogued(row.text["model"])
    assert facts is not None
    assert facts.weights is not None
    # r095, r096: releases since 0.20 count what else is allocated while loading
    assert facts.weights.bytes / GIB + ALLOCATOR == pytest.approx(row.number("weights_gib"), abs=0.08)


def test_a_configuration_of_plain_attention() -> None:
    facts = learn("meta-llama/Llama-3.1-8B-Instruct", "abc", json.dumps(LLAMA).encode())
    assert facts.sizes == Sizes(128256, 4096, 14336, 32, 32, 8, 128)
    assert facts.context == 131072
    assert facts.weights is not None
    assert facts.weights.bytes == 16060522496, "what the hub says of its files"
    assert facts.weights.origin == "shapes"
    assert facts.config == "sha256:" + hashlib.sha256(json.dumps(LLAMA).encode()).hexdigest()


@pytest.mark.parametrize(
    ("changes", "context"),
    [
        ({}, 131072),
        ({"rope_scaling": {"type": "linear", "factor": 2}}, 262144),
        ({"rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768}}, 131072),
        ({"rope_scaling": {"rope_type": "longrope", "factor": 32}}, 131072),
        ({"rope_scaling": {"rope_type": "dynamic", "factor": None}}, 131072),
        ({"rope_scaling": None, "rope_parameters": {"full": {"rope_type": "linear", "factor": 8}}}, 1048576),
        ({"max_sequence_length": 4096, "rope_scaling": None}, 4096),
        ({"max_position_embeddings": None, "rope_scaling": None}, None),
        ({"model_type": "gemma3_text", "rope_scaling": {"rope_type": "linear", "factor": 8}}, 131072),
    ],
)
def test_context_is_what_vllm_derives(changes: dict[str, Any], context: int | None) -> None:
    assert context_of(LLAMA | changes) == context


def test_the_language_model_inside_another_counts() -> None:
    outer = {"architectures": ["Gemma3ForConditionalGeneration"], "vision_config": {"hidden_size": 1}}
    inner = {"model_type": "gemma3_text", "num_hidden_layers": 34, "sliding_window": 1024, "vocab_size": 262208}
    sizes = sizes_of({**outer, "text_config": inner})
    assert (sizes.layers, sizes.sliding_layers, sizes.window, sizes.vocabulary) == (34, 29, 1024, 262208)


def test_latent_attention_experts_and_their_layers() -> None:
    config = {
        "kv_lora_rank": 512,
        "qk_rope_head_dim": 64,
        "n_routed_experts": 256,
        "num_experts_per_tok": 8,
        "moe_intermediate_size": 2048,
        "n_shared_experts": 1,
        "first_k_dense_replace": 3,
        "num_hidden_layers": 61,
        "num_attention_heads": 128,
        "hidden_size": 7168,
    }
    sizes = sizes_of(config)
    assert (sizes.kv_rank, sizes.rope_dim, sizes.head_dim) == (512, 64, 0)
    assert (sizes.experts, sizes.experts_per_token, sizes.expert_width) == (256, 8, 2048)
    assert (sizes.shared_intermediate, sizes.dense_layers) == (2048, 3)


def test_quantization_and_its_block() -> None:
    given = {"quant_method": "fp8", "weight_block_size": [128, 128]}
    assert quantization_of({"quantization_config": given}) == Quantization("fp8", (128, 128))
    assert quantization_of({"quantization_config": {"quant_method": "AWQ", "bits": 4}}) == Quantization("awq")
    assert quantization_of({}) is None
    side = json.dumps({"quantization": {"quant_algo": "NVFP4"}}).encode()
    assert learn("a/b", None, json.dumps(LLAMA).encode(), side=side).quantization == Quantization("modelopt_fp4")


EIGHT = {"num_bits": 8, "type": "int", "strategy": "channel", "symmetric": True, "dynamic": False}
FOUR = {"num_bits": 4, "type": "int", "strategy": "group", "group_size": 128, "symmetric": True}
FP8 = {"num_bits": 8, "type": "float", "strategy": "channel"}
IN_BLOCKS = {**FP8, "strategy": "block", "block_structure": [128, 128]}
FP4 = {"num_bits": 4, "type": "float", "strategy": "tensor_group", "group_size": 16}
OF_TOKENS = {"strategy": "token", "dynamic": True}


@pytest.mark.parametrize(
    ("format", "parts", "block", "group", "scheme"),
    [
        ("float-quantized", [(FP8, {"num_bits": 8, "type": "float", **OF_TOKENS})], None, None, "FP8"),
        ("naive-quantized", [({**FP8, "strategy": "tensor"}, None)], None, None, "FP8"),
        ("float-quantized", [(IN_BLOCKS, {"num_bits": 8, "type": "float"})], (128, 128), None, "FP8"),
        ("int-quantized", [(EIGHT, {"num_bits": 8, "type": "int", **OF_TOKENS})], None, None, "W8A8"),
        ("pack-quantized", [(EIGHT, None)], None, None, "W8A16"),
        ("pack-quantized", [(FOUR, None)], None, 128, "W4A16"),
        ("pack-quantized", [(FOUR, None), (FOUR, None)], None, 128, "W4A16"),
        ("nvfp4-pack-quantized", [(FP4, FP4)], None, None, "NVFP4"),
        ("nvfp4-pack-quantized", [(FP4, None)], None, None, "NVFP4"),
        ("mixed-precision", [(FP4, FP4), (FP8, None)], None, None, None),
        ("marlin-24", [(FOUR, None)], None, None, None),
        ("pack-quantized", [({**FOUR, "num_bits": 3}, None)], None, None, None),
        ("int-quantized", [({**FOUR}, {"num_bits": 8, "type": "int", **OF_TOKENS})], None, None, None),
        ("pack-quantized", [], None, None, None),
    ],
)
def test_how_compressed_tensors_are_quantized(
    format: str, parts: list[Any], block: Any, group: int | None, scheme: str | None
) -> None:
    """As llm-compressor writes its presets (compressed_tensors/quantization/quant_scheme.py)."""
    groups = {
        f"group_{number}": {"weights": weights, "input_activations": inputs, "targets": ["Linear"]}
        for number, (weights, inputs) in enumerate(parts)
    }
    given = {"quant_method": "compressed-tensors", "format": format, "ignore": ["lm_head"], "config_groups": groups}
    wanted = Quantization("compressed-tensors", block, group, scheme)
    assert quantization_of({"quantization_config": given}) == wanted


def test_families_that_tie_say_so_or_not() -> None:
    assert is_tied({"model_type": "gemma2"})
    assert not is_tied({"model_type": "llama"})
    assert is_tied({"model_type": "qwen2", "tie_word_embeddings": True})


@pytest.mark.parametrize(
    ("name", "group"),
    [
        ("model.embed_tokens.weight", "embeddings"),
        ("language_model.model.embed_tokens.weight", "embeddings"),
        ("lm_head.weight", "head"),
        ("model.layers.0.mlp.experts.7.down_proj.weight", "experts"),
        ("model.layers.0.block_sparse_moe.experts.0.w1.weight", "experts"),
        ("model.layers.0.mlp.experts.gate_up_proj_blocks", "experts"),
        ("model.layers.0.mlp.shared_experts.down_proj.weight", "rest"),
        ("model.layers.0.self_attn.q_proj.weight", "rest"),
        ("vision_tower.vision_model.encoder.layers.0.mlp.fc1.weight", "vision"),
        ("visual.blocks.0.attn.qkv.weight", "vision"),
        ("model.visual.blocks.0.attn.qkv.weight", "vision"),
        ("multi_modal_projector.mm_input_projection_weight", "vision"),
        ("model.norm.weight", "rest"),
    ],
)
def test_a_tensor_belongs_to_one_group(name: str, group: str) -> None:
    assert group_of(name) == group


def test_weights_add_up_over_files() -> None:
    one = {"model.embed_tokens.weight": ("BF16", 100), "model.norm.weight": ("F32", 8)}
    two = {"lm_head.weight": ("BF16", 100), "visual.x.weight": ("BF16", 10)}
    assert weigh([one, two]) == Weights(218, "bfloat16", Groups(100, 100, 0, 10, 8), "headers")


@pytest.mark.parametrize("start", [b"", b"\0" * 8, b"\xff" * 8, b"PK\x03\x04abcd"])
def test_what_is_no_safetensors_file_is_refused(start: bytes) -> None:
    with pytest.raises(FactsError, match="no safetensors file"):
        header_length(start)


@pytest.mark.parametrize("header", [b"[]", b"{", b'{"a": 1}', b'{"a": {"dtype": "F32", "data_offsets": [4, 0]}}'])
def test_a_broken_header_is_refused(header: bytes) -> None:
    with pytest.raises(FactsError, match="no safetensors file"):
        read_header(header)


@given(
    st.builds(
        ModelFacts,
        model=st.from_regex(r"[a-zA-Z0-9-]{1,8}/[a-zA-Z0-9.-]{1,8}", fullmatch=True),
        architecture=st.sampled_from(["LlamaForCausalLM", "Qwen2ForCausalLM"]),
        sizes=st.builds(Sizes, *[st.integers(0, 10**6)] * len(SIZE_KEYS)),
        context=st.none() | st.integers(0, 10**7),
        weights=st.none()
        | st.builds(
            Weights,
            st.integers(0, 10**13),
            st.sampled_from(["bfloat16", "int8"]),
            st.builds(Groups, *[st.integers(0, 10**12)] * 5),
            st.sampled_from(["headers", "shapes"]),
        ),
        quantization=st.none() | st.builds(Quantization, st.just("fp8"), st.none() | st.just((128, 128))),
        revision=st.none() | st.from_regex(r"[0-9a-f]{40}", fullmatch=True),
        config=st.none() | st.just("sha256:" + "0" * 64),
    )
)
def test_facts_survive_their_file(facts: ModelFacts) -> None:
    text = write_facts(facts)
    assert read_facts(text) == facts
    assert write_facts(read_facts(text)) == text
    assert len(text) < 2048


@pytest.mark.parametrize(
    ("text", "message", "line"),
    [
        ("model: a/b\nsizes: {layers: -1}\n", "`layers` is a whole number", 2),
        ("model: a/b\nsizes:\n  layers: '3'\n", "`layers` is a whole number", 3),
        ("model: a/b\nlayer: 3\n", "`layer` is no key of the file", 2),
        ("architecture: X\n", "`model` is missing", None),
        ("model: a/b\nweights: {dtype: bfloat16}\n", "`bytes` is missing", None),
        ("model: a/b\nweights: {bytes: 1, from: guesses}\n", "`from` is headers or shapes", 2),
        ("model: a/b\nquantization: {method: fp8, block: [1]}\n", "`block` is a list", 2),
        ("model: [\n", "is not YAML", 2),
        ("- a\n", "the file is a map", None),
    ],
)
def test_what_facts_cannot_be_is_said_with_its_line(text: str, message: str, line: int | None) -> None:
    with pytest.raises(FactsError, match=message) as caught:
        read_facts(text)
    assert caught.value.line == line


def test_a_file_is_named_after_its_model() -> None:
    assert file_name("meta-llama/Llama-3.1-8B-Instruct") == "meta-llama--Llama-3.1-8B-Instruct.yaml"


@pytest.mark.parametrize(
    ("model", "numbers"),
    [
        ("deepseek-ai/DeepSeek-V3", 671e9),  # "671B total parameters" (its card), layers for further tokens apart
        ("moonshotai/Kimi-K2-Instruct", 1.026e12),  # "1 trillion total parameters"
        ("Qwen/Qwen3-235B-A22B-FP8", 235e9),
        ("Qwen/Qwen3-30B-A3B-FP8", 30.5e9),  # "30.5B in total"
        ("Qwen/Qwen3-32B-FP8", 32.8e9),  # "32.8B"
    ],
)
def test_fp8_checkpoints_have_as_many_numbers_as_their_cards_say(model: str, numbers: float) -> None:
    facts = catalogued(model)
    assert facts is not None
    assert facts.weights is not None
    groups = facts.weights.groups
    counted = (groups.embeddings + groups.head) / 2 + (groups.experts + groups.rest) / (1 + 4 / 128**2)
    assert counted == pytest.approx(numbers, rel=0.004)
    assert facts.weights.dtype == "float8_e4m3fn"


@pytest.mark.parametrize(
    ("model", "size"), [("openai/gpt-oss-20b", 13_761_264_768), ("openai/gpt-oss-120b", 65_248_815_744)]
)
def test_gpt_oss_is_as_large_as_its_files(model: str, size: int) -> None:
    """`total_size` in model.safetensors.index.json of both."""
    facts = catalogued(model)
    assert facts is not None
    assert facts.weights is not None
    assert facts.weights.bytes == size


def test_a_checkpoint_quantized_beside_its_configuration_is_not_counted() -> None:
    side = b'{"quantization": {"quant_algo": "NVFP4"}}'
    content = json.dumps(LLAMA).encode()
    assert learn("a/b", None, content, side=side).weights is None
    assert learn("a/b", None, content).weights is not None
