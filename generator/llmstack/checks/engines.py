"""The engines of an environment as several rules see them: what is asked of each, and where the values say it."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import cast

from msgspec import Struct

from llmstack.checks.rule import Problem
from llmstack.checks.subject import Subject
from llmstack.engine.exact.fault import About, Fault
from llmstack.finding import Route
from llmstack.fit.card import Pools
from llmstack.fit.question import Question, ask_all
from llmstack.flags import split_flags
from llmstack.flags.length import of_any_length
from llmstack.model.models import Model
from llmstack.objects.parallel import runs_own_command

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


class Asked(Struct, frozen=True):
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
def asked_of_all(subject: Subject) -> tuple[Asked, ...]:
    """Every model of an environment: several rules speak of them."""
    stack, pools = subject.stack, Pools.of(subject.stack)
    found = tuple(subject.models())
    questions = ask_all(stack, [model for _, model in found], subject.facts, pools)
    return tuple([Asked(at, model, question) for (at, model), question in zip(found, questions, strict=True)])


@lru_cache(maxsize=8)
def engines(subject: Subject) -> tuple[Asked, ...]:
    """Every engine of an environment whose arguments the values say."""
    return tuple(asked for asked in asked_of_all(subject) if not asked.question.elsewhere)


@lru_cache(maxsize=8)
def alike(subject: Subject) -> tuple[tuple[Asked, ...], ...]:
    """The models in groups whose engines differ in name, place and length alone, so that vLLM's own checks say the same
    of each: a fleet has far fewer engines than models."""
    by_question: dict[int, list[Asked]] = {}
    for asked in asked_of_all(subject):
        by_question.setdefault(id(asked.question), []).append(asked)
    groups: dict[Hashable, list[Asked]] = {}
    for same in by_question.values():
        question, model = same[0].question, same[0].model
        said = (of_any_length(question.arguments), tuple(question.variables.items()), runs_own_command(model))
        known = (question.facts, question.card, question.match, question.missing, question.pool, model.repository)
        groups.setdefault((said, known), []).extend(same)
    return tuple(tuple(group) for group in groups.values())


def alike_engines(subject: Subject) -> Iterator[tuple[Asked, ...]]:
    """Yield the groups of `engines`."""
    return (group for group in alike(subject) if not group[0].question.elsewhere)


def alike_with_length(subject: Subject, flags: frozenset[str] | None = None) -> Iterator[Sequence[Asked]]:
    """Yield the groups of `engines` that are of one length as well; with `flags`, whatever its length each group that
    gives none of them."""
    for group in alike_engines(subject):
        if flags is not None and flags.isdisjoint(group[0].question.flags):
            yield group
            continue
        by_length: dict[int | None, list[Asked]] = {}
        for asked in group:
            by_length.setdefault(asked.question.settings.length, []).append(asked)
        yield from by_length.values()


def problems_alike(groups: Iterable[Sequence[Asked]], find: Callable[[Asked], Iterable[Fault]]) -> Iterator[Problem]:
    """Yield a problem at each engine of a group for each fault that is found in the first of it."""
    for group in groups:
        faults = tuple(find(group[0]))
        for asked in group if faults else ():
            yield from problems_of(asked, faults)


def problems_of(asked: Asked, faults: Iterable[Fault]) -> Iterator[Problem]:
    """Yield a problem for each fault, where the values say what it is about."""
    for fault in faults:
        yield Problem(fault.message, route_of(asked, fault.about), help=fault.help)


def route_of(asked: Asked, about: About | str) -> Route:
    """The argument that counts, else the typed key, else the variable of the model, else the model."""
    flags, typed = FLAGS.get(cast(About, about), ((about,), TYPED.get(about, ())))
    at, model = asked.route, asked.model
    config = model.vllm_config
    for keys, arguments in ((("extraArgs",), model.extra_args), (("vllmConfig", "extraArgs"), config.extra_args)):
        given = split_flags([str(each) for each in arguments or ()], asked.question.match.catalogue) if flags else []
        found = [flag.index for flag in given if flag.name.partition(".")[0] in flags]
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
    if typed and values[typed[-1]] is not None:
        return (*at, *typed)
    number = last_entry(model, about)
    return (*at, "name") if number is None else (*at, "env", number, "value")


def last_entry(model: Model, variable: str) -> int | None:
    """The place among a model's `env` of the entry that says a variable, the last one; None where none does."""
    found = [number for number, entry in enumerate(model.env or ()) if entry.get("name") == variable]
    return found[-1] if found else None
