"""`modelSpec[].vllmConfig`: the typed options of `vllm serve`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from llmstack.model.types import NumberText, Section, Text

Positive = Annotated[int, Field(ge=1)]


class VllmConfig(Section):
    """Options of `vllm serve`. What is not set is left to the engine: no flag is passed."""

    enable_prefix_caching: bool | None = Field(
        None, description="`--enable-prefix-caching`; `false` passes `--no-enable-prefix-caching`."
    )
    enable_chunked_prefill: bool | None = Field(
        None, description="`--enable-chunked-prefill`; `false` passes `--no-enable-chunked-prefill`."
    )
    max_model_len: Positive | None = Field(None, description="`--max-model-len`: longest context, in tokens.")
    dtype: Text | None = Field(None, description="`--dtype`, e.g. bfloat16.")
    tensor_parallel_size: Positive | None = Field(
        None,
        description="`--tensor-parallel-size`: GPUs one layer is spread over. More than 1 mounts /dev/shm.",
    )
    pipeline_parallel_size: Positive | None = Field(
        None, description="`--pipeline-parallel-size`: stages the layers are spread over."
    )
    max_num_seqs: Positive | None = Field(None, description="`--max-num-seqs`: sequences in one iteration.")
    max_loras: Annotated[int, Field(ge=0)] | None = Field(
        None, description="`--max-loras`: LoRA adapters in one batch; 0 means unset."
    )
    gpu_memory_utilization: NumberText | None = Field(
        None, description="`--gpu-memory-utilization`: fraction of GPU memory to use, 0 to 1."
    )
    runner: Literal["auto", "generate", "pooling", "draft"] | None = Field(None, description="`--runner`.")
    convert: (
        Literal[
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
        | None
    ) = Field(None, description="`--convert`.")
    extra_args: list[NumberText] | None = Field(None, description="Further arguments, last in the list, as written.")
    prometheus_multiproc_dir: Text | None = Field(None, description="PROMETHEUS_MULTIPROC_DIR; /tmp when unset.")
    v0: NumberText | None = Field(None, description="Once chose vLLM's V0 engine, which no current release has.")
    v1: NumberText | None = Field(None, description="Once chose vLLM's V1 engine, now the only one.")
