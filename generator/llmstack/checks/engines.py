"""The engines of an environment as several rules see them: what is asked of each, and where the values say it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import cast

from llmstack.checks.rule import Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.fault import About, Fault
from llmstack.finding import Route
from llmstack.fit.card import Pools
from llmstack.fit.question import Question, ask
from llmstack.flags import split_flags
from llmstack.model.models import Model
from llmstack.objects.parallel import says_elsewhere

FLAGS: dict[About, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "tensor": (("--tensor-parallel-size",), ("vllmConfig", "tensorParallelSize")),
    "pipeline": (("--pipeline-parallel-size",), ("vllmConfig", "pipelineParallelSize")),
    "context": (("--decode-context-parallel-size",), ()),
    "experts": (("--enable-expert-parallel",), ()),
    "length": (("--max-model-len",), ("vllmConfig", "maxModelLen")),
    "quantization": (("--quantization",), ()),
    "dtype": (("--dtype",), ("vllmConfig", "dtype")),
    "kv-dtype": (("--kv-cache-dtype",), ()),
    "backend": (("--attention-backend",), ()),
    "lora": (("--enable-lora",), ("enableLoRA",)),
    "batch": (("--max-num-batched-tokens", "--max-num-seqs"), ("vllmConfig", "maxNumSeqs")),
    "chunked": (("--enable-chunked-prefill",), ("vllmConfig", "enableChunkedPrefill")),
    "utilization": (("--gpu-memory-utilization",), ("vllmConfig", "gpuMemoryUtilization")),
    "adapters": (("--max-cpu-loras", "--max-loras"), ()),
    "modules": (("--lora-modules",), ()),
    "tools": (("--tool-call-parser", "--enable-auto-tool-choice"), ("toolCallParser",)),
    "reasoning": (("--reasoning-parser",), ()),
    "speculation": (("--speculative-config",), ()),
    "transfer": (("--kv-transfer-config",), ()),
    "model": ((), ("modelURL",)),
}
"""What a fault may be about: the flags that say it among extra arguments, and the typed key."""
TYPED: dict[str, tuple[str, ...]] = {flag: typed for flags, typed in FLAGS.values() for flag in flags[:1] if typed} | {
    "--max-num-seqs": ("vllmConfig", "maxNumSeqs")
}
"""The typed key of a flag, where it has one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One model of the values and what is asked of its engine."""

    route: Route
    model: Model
    question: Question

    @property
    def releases(self) -> tuple[str, ...]:
        """The releases whose tables may be the right ones; none where the release is not known."""
        match = self.question.match
        return () if match.sureness == "guess" else (match.catalogue.version, *match.others)


@lru_cache(maxsize=8)
def engines(subject: Subject) -> tuple[Asked, ...]:
    """Every engine of an environment whose arguments the values say: several rules speak of them."""
    stack, pools = subject.stack, Pools.of(subject.stack)
    known = ((at, model) for at, model in subject.models() if not says_elsewhere(model))
    return tuple(Asked(at, model, ask(stack, model, subject.facts, pools)) for at, model in known)


def problems_of(asked: Asked, faults: Iterator[Fault]) -> Iterator[Problem]:
    """Yield a problem for each fault, where the values say what it is about."""
    for fault in faults:
        yield Problem(fault.message, route_of(asked, fault.about), help=fault.help)


def route_of(asked: Asked, about: About | str) -> Route:
    """The argument that counts, else the typed key, else the model."""
    flags, typed = FLAGS.get(cast(About, about), ((about,), TYPED.get(about, ())))
    at, model = asked.route, asked.model
    config = model.vllm_config
    for keys, arguments in ((("extraArgs",), model.extra_args), (("vllmConfig", "extraArgs"), config.extra_args)):
        given = split_flags([str(each) for each in arguments or ()], asked.question.match.catalogue) if flags else []
        found = [flag.index for flag in given if flag.name in flags]
        if found:
            return (*at, *keys, found[-1])
    values = {
        "tensorParallelSize": config.tensor_parallel_size,
        "pipelineParallelSize": config.pipeline_parallel_size,
        "maxModelLen": config.max_model_len,
        "maxNumSeqs": config.max_num_seqs,
        "enableChunkedPrefill": config.enable_chunked_prefill,
        "gpuMemoryUtilization": config.gpu_memory_utilization,
        "dtype": config.dtype,
        "enableLoRA": model.enable_lora,
        "toolCallParser": model.tool_call_parser,
        "modelURL": model.model_url,
    }
    return (*at, *typed) if typed and values[typed[-1]] is not None else (*at, "name")
