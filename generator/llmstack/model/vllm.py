"""`modelSpec[].vllmConfig`: the typed options of `vllm serve`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmstack.model.flag import Flag
from llmstack.model.types import Count, NumberText, Positive, Section, Text

Convert = Literal[
    "auto",
    "none",
    "token_embed",
    "embed",
    "token_classify",
    "classify",
    "score",
    "reward",
    "mm_encoder_only",
]


class VllmConfig(Section):
    """Options of `vllm serve`. What is not set is left to the engine: no flag is passed."""

    enable_chunked_prefill: Annotated[bool | None, Flag("--enable-chunked-prefill", negated=True)] = Field(
        None, description="Cut long prompts into pieces that share an iteration with decoding."
    )
    enable_prefix_caching: Annotated[bool | None, Flag("--enable-prefix-caching", negated=True)] = Field(
        None, description="Reuse the KV cache of equal beginnings."
    )
    max_model_len: Annotated[Positive | None, Flag("--max-model-len")] = Field(
        None, description="Longest context, in tokens."
    )
    dtype: Annotated[Text | None, Flag("--dtype")] = Field(None, description="Type of the weights, e.g. bfloat16.")
    tensor_parallel_size: Annotated[Positive | None, Flag("--tensor-parallel-size")] = Field(
        None, description="GPUs one layer is spread over. More than 1 mounts /dev/shm."
    )
    pipeline_parallel_size: Annotated[Positive | None, Flag("--pipeline-parallel-size")] = Field(
        None, description="Stages the layers are spread over."
    )
    max_num_seqs: Annotated[Positive | None, Flag("--max-num-seqs")] = Field(
        None, description="Sequences in one iteration."
    )
    gpu_memory_utilization: Annotated[NumberText | None, Flag("--gpu-memory-utilization")] = Field(
        None, description="Fraction of GPU memory to use, 0 to 1."
    )
    max_loras: Annotated[Count | None, Flag("--max-loras")] = Field(
        None, description="LoRA adapters in one batch; 0 means unset."
    )
    runner: Annotated[Literal["auto", "generate", "pooling", "draft"] | None, Flag("--runner")] = Field(
        None, description="What the model is run for."
    )
    convert: Annotated[Convert | None, Flag("--convert")] = Field(
        None, description="Adapter that turns the model into one for another task."
    )
    extra_args: list[NumberText] | None = Field(None, description="Further arguments, last in the list, as written.")
    prometheus_multiproc_dir: Text | None = Field(None, description="PROMETHEUS_MULTIPROC_DIR; /tmp when unset.")
    v0: NumberText | None = Field(None, description="Once chose vLLM's V0 engine, which no current release has.")
    v1: NumberText | None = Field(None, description="Once chose vLLM's V1 engine, now the only one.")
