"""docs/engine.md: what is said of an engine's start, and which measurements bear it out. Made from the tables of
`llmstack.engine`."""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.engine.cards import CARDS, Card
from llmstack.engine.support import ARCHITECTURES, CLASSES, TUNED_ON, VISION_BORNE_OUT

_INTRO = """# Will the engine start?

<!-- Generated from generator/llmstack/engine/ by `make update`. -->

`llmstack fit` says of each engine whether it starts, and with how much KV cache: *starts*, *does not start*, *too
close to tell*, or *unknown*. "Unknown" is the default. A number is given only for a class of engines (a range of
releases, a family of cards, a form of model, a way of parallelism) that published starts bear out; for everything
else the answer is "unknown" with its reason. One answer holds for all: where the weights alone leave less than one
request needs, the engine does not start.

```
KV cache = utilization x total - weights - activation - outside PyTorch - CUDA graphs      GiB per GPU
```

The terms are those of the GPU that decides, and they add up. `utilization` is `--gpu-memory-utilization` (0.9, from
vLLM 0.20 on 0.92), `total` what CUDA sees of the card. CUDA graphs are inside the budget from 0.20 on and come on top
of it before. With a pipeline the tightest stage decides; `low` and `high` then span all stages.

## What it needs to know

- **The model**: facts/models/&lt;org&gt;--&lt;name&gt;.yaml, written by `llmstack learn model ORG/NAME`, found by
  `modelURL` or named by `modelSpec[].gitops.facts`; else the catalogue that comes with llmstack, whose weights are
  counted from the sizes.
- **The card**: `gitops.capacity[].gpu` (or `memory`) of the model's pool, else the product in the pool's or the
  model's node selector.
- **The release**: the image's tag, or `modelSpec[].gitops.vllmVersion`.
- **The flags**: typed options and extra arguments. A flag or a `VLLM_*` variable of which nobody has measured what it
  does to memory makes the answer unknown, and is named.

## What was measured comes first

`llmstack learn log ENV MODEL FILE` writes facts/engines/&lt;env&gt;--&lt;model&gt;.yaml from the log of a start that
went well: GiB of weights, KV cache and CUDA graphs, tokens, seconds of loading, compiling and capturing. It reads what
vLLM 0.6 and later write, from one worker or many, with the prefixes of kubectl and the wrappers of log collectors; or
the text of `/metrics`, which says the tokens alone. No line of the log is stored.

```
kubectl logs --timestamps POD > start.log
llmstack learn log prod llama start.log
```

While image, card and the arguments that decide memory are those of the values, `fit`, `diff` and the check
`engine-memory` say what was measured, and compute the rest. Otherwise they say that it is of another engine, and do not
use it. The order of arguments, their spelling and those that leave memory alone make no difference. The day of the
facts is that of the newest timestamp with a year (vLLM's own have none: `--timestamps` adds them), or `--at`.

`--max-model-len`, `--gpu` and `--tensor-parallel-size` of `llmstack fit` ask what another setting would do. Where it
knows, it proposes the longest request, or the fewest GPUs, with which the engine starts.

## What bears it out

Constants were taken from these rows of tests/engine/starts.tsv, and from no other: {tuned}. The rows below were held
against the result; nothing was tuned on them. Each row there names its source. The tests hold every row of the file:
a measured memory is inside the band, no start is promised that failed, and tokens follow from memory within 0.4 %.

| releases | engines | KV cache, GiB | rows |
|---|---|---|---|
"""

_LIMITS = """
Cards: NVIDIA with memory of their own, from Volta (0.17 to 0.19 alone) to Hopper. Blackwell, ROCm, cards that share
memory with the CPU, MIG and time-slicing are unknown. Models: bfloat16 and float16 weights of {architectures}.
Encoders beside the language model are unknown but for {vision}. Mamba hybrids, sparse attention, quantized
checkpoints, speculative decoding, LoRA, data and expert parallelism, offloading and KV transfer are unknown.

Before 0.20, little is left for graphs outside the budget where `--gpu-memory-utilization` is near 1: then the answer
is too close to tell, as it is wherever the band reaches over what one request needs.

## Cards

The total is what a start-up log or CUDA itself said, never the number of the data sheet; empty where nobody has
published it. Then, and for cards that are not here, `gitops.capacity[].memory` says it.

| card | total, GiB | compute capability | node label `nvidia.com/gpu.product` |
|---|--:|---|---|
"""


def engine_page() -> str:
    """The whole page."""
    classes = "".join(_class_rows())
    limits = _LIMITS.format(architectures=", ".join(sorted(ARCHITECTURES)), vision=", ".join(sorted(VISION_BORNE_OUT)))
    return _INTRO.format(tuned=", ".join(TUNED_ON)) + classes + limits + "".join(_card_rows())


def _class_rows() -> Iterator[str]:
    for each in CLASSES:
        yield f"| {each.era} | {each.form} | -{each.below:g} … +{each.above:g} | {', '.join(each.rows)} |\n"


def _card_rows() -> Iterator[str]:
    for card in CARDS.values():
        total = "" if card.memory is None else f"{card.memory:g}"
        products = ", ".join(f"`{product}`" for product in card.products)
        yield f"| {card.name} | {total} | {_capability(card)} | {products} |\n"


def _capability(card: Card) -> str:
    return "" if card.capability is None else f"{card.capability[0]}.{card.capability[1]}"
