"""What an engine takes of a GPU's memory, term by term, and what is left for its KV cache.

    KV = utilization x total - weights - activation - other - graphs                                    [GiB per GPU]

The form of each term is that of vLLM's profiling run (`GPUModelRunner.profile_run`, `_dummy_sampler_run`,
vllm/v1/worker/gpu_model_runner.py; `Worker.determine_available_memory`, gpu_worker.py); the constants come from the
published starts that `support.TUNED_ON` names, and from nothing else. Each constant below says its row.
"""

from __future__ import annotations

from msgspec import Struct

from llmstack.engine.defaults import Batch, batch_of, utilization
from llmstack.engine.facts import Groups, ModelFacts
from llmstack.engine.settings import AUTO_LENGTH, Settings
from llmstack.engine.support import Engine

GIB = 1 << 30
HALF = 2
"""Bytes of a bfloat16 or float16 number."""

ALLOCATOR = 0.03
"""GiB that weights take beside their own bytes (r018: 14.99 logged, 14.96 in its files)."""
SORTING_SAMPLER = (38.6, 0.0)
"""Bytes per request and word that sampling takes, and GiB beside them, while it sorted the vocabulary (r070)."""
FLASHINFER_UNTIL = (0, 10)
"""Up to here FlashInfer samples, without sorting, where its package is there (`TopKTopPSampler`,
vllm/v1/sample/ops/topk_topp_sampler.py): what it takes is between nothing and the sort (f113)."""
TRITON_SAMPLER = (14.3, 0.14)
"""The same since 0.17, which finds top-k and top-p without sorting (r012, r018)."""
NEW_RUNNER_SAMPLER = (6.5, 0.0)
"""What "model runner v2" takes: logits in float32 and what stands beside them."""
COMPILING = 0.95
"""GiB that "model runner v2" takes more while it profiles where it has to compile first, and not where the compiled
graph is at hand (`support.PAIR`: 89,040 and 95,936 tokens of the same engine)."""
OTHER_ALONE = {"old": 0.13, "new": 0.25}
"""GiB outside PyTorch's allocator on a GPU that works alone: to 0.17 (r070), from 0.18 (r018)."""
OTHER_EAGER = 0.05
"""The same without CUDA graphs: what the context itself has grown by."""
OTHER_STAGE = 0.07
"""The same on the first stage of a pipeline (r025)."""
OTHER_TENSOR = {2: 2.07, 4: 2.13}
"""The same with tensor parallelism since 0.17: buffers of NCCL and of the custom all-reduce (r027, r028)."""
OTHER_TENSOR_OLD = 1.1
"""The same before 0.17: half-way between what a GPU alone and two GPUs since 0.17 take, within a band as wide."""
GRAPHS_PER_LAYER, GRAPHS_BASE = 0.02, 0.2
"""GiB of CUDA graphs, a layer and in all (r018: 0.84 estimated for 32 layers)."""


class Terms(Struct, frozen=True):
    """GiB of one GPU; what is left of the budget is the KV cache. One of a fixed size makes the budget instead."""

    budget: float
    weights: float
    activation: float
    other: float
    graphs: float
    kv: float


class Stage(Struct, frozen=True):
    """One stage of the pipeline: how many layers a GPU of it holds, its terms, and how much less of activation there
    is where nothing has to be compiled, or sorted."""

    layers: int
    terms: Terms
    spare: float = 0.0


def stages(engine: Engine, length: int) -> tuple[Stage, ...]:
    """The terms of each stage of an engine, whose model and settings `support_of` accepts.

    `length` is the longest request it serves.
    """
    batch = batch_of(engine.card, engine.release, engine.settings.sequences, engine.settings.tokens, length)
    layers = stage_layers(engine.facts.sizes.layers, engine.settings.pipeline)
    return tuple(_stage(engine, batch, layers, number) for number in range(len(layers)))


def stage_layers(layers: int, pipeline: int) -> tuple[int, ...]:
    """How many layers each stage holds (`get_pp_indices`, vllm/distributed/utils.py: what is left over goes to the
    stages before the last)."""
    each, left = divmod(layers, pipeline)
    counts = [each] * pipeline
    for number in range(left):
        counts[-(number + 2)] += 1
    return tuple(counts)


def _stage(engine: Engine, batch: Batch, layers: tuple[int, ...], number: int) -> Stage:
    first, last = number == 0, number == len(layers) - 1
    share = layers[number] / engine.facts.sizes.layers
    weights = loaded_bytes(engine, share, first=first, last=last) / GIB + ALLOCATOR
    compiling = COMPILING if engine.on_new_runner and not engine.settings.eager else 0.0
    activation = _activation(engine, batch, samples=last) + compiling
    sorting = _activation(engine, batch, samples=last) - _activation(engine, batch, samples=False)
    spare = compiling + (sorting if engine.release <= FLASHINFER_UNTIL else 0.0)
    other, graphs = _other(engine, alone=last), _graphs(engine, share)
    spent = weights + activation + other + graphs
    # with a cache of a fixed size vLLM does not ask for a share of the GPU: all of it is what is spent
    fixed = engine.settings.kv_bytes / GIB if engine.settings.kv_bytes else None
    budget = budget_of(engine) if fixed is None else spent + fixed
    kv = budget - spent if fixed is None else fixed
    return Stage(layers[number], Terms(budget, weights, activation, other, graphs, kv), spare)


def budget_of(engine: Engine) -> float:
    """GiB of each GPU that the engine may take."""
    return (engine.card.memory or 0.0) * share_of(engine)


def share_of(engine: Engine) -> float:
    """The share of each GPU's memory that the engine may take."""
    return engine.settings.utilization or utilization(engine.release)


def loaded_bytes(engine: Engine, share: float, *, first: bool, last: bool) -> float:
    """Bytes of weights on one GPU of a stage that holds `share` of the layers."""
    groups, settings = complete_groups(engine.facts), engine.settings
    inside = groups.rest + groups.experts
    if settings.quantization == "fp8":
        inside //= 2  # linear layers become one byte a number; embeddings and head stay
    ends = (groups.embeddings if first else 0) + (head_bytes(groups) if last and (not first or groups.head) else 0)
    return (inside * share + ends) / settings.tensor + (groups.vision if first else 0)


def head_bytes(groups: Groups) -> int:
    """Bytes of the output layer: a tied one is a copy of the embeddings where it is on another GPU than they."""
    return groups.head or groups.embeddings


def complete_groups(facts: ModelFacts) -> Groups:
    """The groups of the weights; where the facts give none, embeddings and head are counted from the sizes."""
    weights = facts.weights
    if weights is None:
        return Groups()
    if weights.groups.total:
        return weights.groups
    table = facts.sizes.vocabulary * facts.sizes.hidden * HALF
    return Groups(embeddings=min(table, weights.bytes), rest=max(0, weights.bytes - table))


def _activation(engine: Engine, batch: Batch, *, samples: bool) -> float:
    """GiB at the peak of the profiling run, where nothing has to be compiled."""
    sizes, tensor = engine.facts.sizes, engine.settings.tensor
    width = 3 * sizes.intermediate / tensor + 4 * sizes.hidden
    forward = 0.0 if engine.facts.is_moe else batch.tokens * width * HALF / GIB
    routed = 2 * sizes.expert_width / tensor + sizes.hidden
    experts = batch.tokens * sizes.experts_per_token * routed * HALF / GIB if engine.facts.is_moe else 0.0
    return max(forward, _sampling(engine, batch) if samples else 0.0) + experts


def _sampling(engine: Engine, batch: Batch) -> float:
    """GiB that one step of sampling takes."""
    per_word, beside = SORTING_SAMPLER if engine.release < (0, 17) else TRITON_SAMPLER
    if engine.on_new_runner:
        per_word, beside = NEW_RUNNER_SAMPLER
    return per_word * batch.sequences * engine.facts.sizes.vocabulary / GIB + beside


def _other(engine: Engine, *, alone: bool) -> float:
    """GiB that something else than PyTorch takes; `alone`: this stage is the last or only one."""
    settings, release = engine.settings, engine.release
    if settings.tensor > 1:
        return OTHER_TENSOR[settings.tensor] if release >= (0, 17) else OTHER_TENSOR_OLD
    if not alone:
        return OTHER_STAGE
    if settings.eager:
        return OTHER_EAGER
    return OTHER_ALONE["old" if release < (0, 18) else "new"]


def _graphs(engine: Engine, share: float) -> float:
    """GiB of CUDA graphs inside the budget."""
    return graph_memory(engine, share) if engine.graphs_in_budget else 0.0


def graph_memory(engine: Engine, share: float = 1.0) -> float:
    """GiB that CUDA graphs take, inside the budget or on top of it."""
    if engine.settings.eager:
        return 0.0
    return GRAPHS_PER_LAYER * engine.facts.sizes.layers * share + GRAPHS_BASE


def longest_request(facts: ModelFacts, settings: Settings) -> int | None:
    """The longest request that the engine has to serve; None where neither flags nor facts say, and where vLLM takes
    what fits."""
    return None if settings.length == AUTO_LENGTH else settings.length or facts.context
