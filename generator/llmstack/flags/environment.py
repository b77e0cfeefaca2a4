"""Checks `VLLM_*` environment names against a catalogue."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from llmstack.finding import Severity
from llmstack.flags.catalogue import load_catalogue, versions
from llmstack.flags.match import Match
from llmstack.flags.problem import FlagProblem
from llmstack.flags.unknown import nearest

PREFIX = "VLLM_"
LIKENESS = 0.85
"""difflib's ratio from which an unknown name is a slip; below, it may be a plugin's or the user's own."""

_ATTENTION, _PROFILER = "--attention-config.", "--profiler-config."
REPLACED_BY: Mapping[str, str] = {
    "VLLM_ATTENTION_BACKEND": "--attention-backend",
    "VLLM_DISABLE_FLASHINFER_PREFILL": f"{_ATTENTION}disable_flashinfer_prefill",
    "VLLM_FLASHINFER_DISABLE_Q_QUANTIZATION": f"{_ATTENTION}disable_flashinfer_q_quantization",
    "VLLM_FLASH_ATTN_MAX_NUM_SPLITS_FOR_CUDA_GRAPH": f"{_ATTENTION}flash_attn_max_num_splits_for_cuda_graph",
    "VLLM_FLASH_ATTN_VERSION": f"{_ATTENTION}flash_attn_version",
    "VLLM_USE_CUDNN_PREFILL": f"{_ATTENTION}use_cudnn_prefill",
    "VLLM_USE_TRTLLM_ATTENTION": f"{_ATTENTION}use_trtllm_attention",
    "VLLM_USE_TRTLLM_RAGGED_DEEPSEEK_PREFILL": f"{_ATTENTION}use_trtllm_ragged_deepseek_prefill",
    "VLLM_V1_USE_PREFILL_DECODE_ATTENTION": f"{_ATTENTION}use_prefill_decode_attention",
    "VLLM_PROFILER_DELAY_ITERS": f"{_PROFILER}delay_iterations",
    "VLLM_PROFILER_MAX_ITERS": f"{_PROFILER}max_iterations",
    "VLLM_TORCH_CUDA_PROFILE": f"{_PROFILER}profiler",
    "VLLM_TORCH_PROFILER_DIR": f"{_PROFILER}torch_profiler_dir",
    "VLLM_TORCH_PROFILER_DISABLE_ASYNC_LLM": f"{_PROFILER}ignore_frontend",
    "VLLM_TORCH_PROFILER_DUMP_CUDA_TIME_TOTAL": f"{_PROFILER}torch_profiler_dump_cuda_time_total",
    "VLLM_TORCH_PROFILER_RECORD_SHAPES": f"{_PROFILER}torch_profiler_record_shapes",
    "VLLM_TORCH_PROFILER_USE_GZIP": f"{_PROFILER}torch_profiler_use_gzip",
    "VLLM_TORCH_PROFILER_WITH_FLOPS": f"{_PROFILER}torch_profiler_with_flops",
    "VLLM_TORCH_PROFILER_WITH_PROFILE_MEMORY": f"{_PROFILER}torch_profiler_with_memory",
    "VLLM_TORCH_PROFILER_WITH_STACK": f"{_PROFILER}torch_profiler_with_stack",
}
"""Variables that flags took the place of (vllm/config/attention.py and profiler.py of 0.13, which read both)."""


def lint_environment(names: Sequence[str], match: Match) -> list[FlagProblem]:
    """What `VLLM_*` names vLLM does not read: warnings for misspelt ones and for those it has ceased to read.

    A name that is like no other, or that only a later release reads, is a note: platform plugins and
    entrypoints read names of their own. vLLM itself only logs it (`Platform.validate_environ`,
    vllm/platforms/interface.py).
    """
    if not any(name.startswith(PREFIX) for name in names):
        return []
    accepted = [match.catalogue.environment, *(other.environment for other in match.other_catalogues())]
    return [
        explain_name(name, index, match)
        for index, name in enumerate(names)
        if name.startswith(PREFIX) and not any(name in each for each in accepted)
    ]


def explain_name(name: str, index: int, match: Match) -> FlagProblem:
    """The problem of a name that the catalogue does not have."""
    release = match.catalogue.version
    readers = list(releases_with(name))
    if readers and readers[-1] < versions().index(release):
        last = versions()[readers[-1]]
        message = f"vLLM {release} does not read `{name}`; {last} was the last release that did"
        flag = REPLACED_BY.get(name)
        help = f"remove it: `{flag}` takes its place" if flag else "remove it"
        return FlagProblem("removed-env", name, index, message, help, Severity.WARNING)
    if readers:
        message = f"vLLM {release} does not read `{name}` yet: {versions()[readers[0]]} was the first to"
        return FlagProblem("unknown-env", name, index, message, severity=Severity.NOTE)
    like = nearest(name, match.catalogue.environment, LIKENESS)
    message = f"vLLM {release} does not read `{name}`"
    if like:
        return FlagProblem("unknown-env", name, index, message, f"did you mean `{like}`?", Severity.WARNING)
    return FlagProblem("unknown-env", name, index, message, severity=Severity.NOTE)


def releases_with(name: str) -> Iterator[int]:
    """The positions in `versions()` of the releases that read a variable."""
    return (i for i, version in enumerate(versions()) if name in load_catalogue(version).environment)
