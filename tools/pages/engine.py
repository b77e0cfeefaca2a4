"""docs/engine.md: what is said of an engine's start, and which measurements bear it out. Made from the tables of
`llmstack.engine`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from llmstack.engine.cards import CARDS, Card
from llmstack.engine.start_time import BESIDE, EAGER, PER_LAYER, SINCE, UNTIL
from llmstack.engine.support import ARCHITECTURES, CLASSES, PAIR, SEEN, TUNED_ON, VISION_BORNE_OUT, Support

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
vLLM 0.20 on 0.92), `total` what CUDA sees of the card. CUDA graphs are inside the budget from 0.20 on, with model
runner v2 from 0.29 on, and come on top of it before. Model runner v2 takes a GiB more at a start that has to compile
than at one that finds its compiled graph (`VLLM_CACHE_ROOT` on a volume keeps it): the activation is that of the
first, and the band reaches to the second. Up to 0.10 FlashInfer samples, without sorting the vocabulary, where its
package is there: the activation is that of the sort, and the band reaches to none. With a pipeline the tightest stage
decides; `low` and `high` then span all stages.

## What it needs to know

- **The model**: facts/models/&lt;org&gt;--&lt;name&gt;.yaml, written by `llmstack learn model ORG/NAME`, found by
  `modelURL` or named by `modelSpec[].gitops.facts`; else the catalogue that comes with llmstack, whose weights are
  counted from the sizes. A quantized copy that nobody has learned, and whose name says of which model of the catalogue
  it was made (`Qwen/…-AWQ`, `RedHatAI/…-quantized.w8a8`), is assumed to have that model's architecture, heads and
  length; its weights are known at least, by the bits in its name. Of engines over several pods (LeaderWorkerSet,
  RayCluster) no number is given: what the weights leave of each GPU bounds the cache, and the exact checks hold.
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

Constants were taken from these rows of tests/engine/starts.tsv, and from no other: {tuned}; and what compiling takes
from {pair} of tests/engine/fresh.tsv, two starts of one engine. The rows below were held against the result; nothing
was tuned on them. Each row there names its source. The tests hold every row of the file:
a measured memory is inside the band, no start is promised that failed, and tokens follow from memory within 0.4 %.
The error is the largest of these rows, foreseen less measured, in GiB. It says little where all rows share the source
of the constants, one benchmark on one kind of machine: what depends on how GPUs talk to each other, or on kernels for
fp8, holds for Hopper alone, the family of all those rows.

| releases | engines | cards | KV cache, GiB | rows of the constants' source: error | rows of other sources: error |
|---|---|---|---|---|---|
"""

_TIME = """
## How long a start takes

`gitops.loadTime`, or what facts/ has, is what counts. Where nobody measured, a start is foreseen in two parts:

- **Reading the weights**: their bytes over `gitops.capacity[].readRate`. Without a rate it is unknown, and nothing is
  foreseen of the whole; `llmstack fit` says so.
- **All else**: imports, processes, the connections between GPUs and the server ({beside} s), and what vLLM calls "init
  engine": profiling, compiling and capturing graphs ({layer} s for each layer; with `--enforce-eager`
  {eager} s in all). The image pull is apart.

These bands are assumed, not bounds: from half of the least to twice the most of the rows of tests/engine/times.tsv
whose source's hash is even. Rows of all other sources are held against them, and inside are {compiled} of "init
engine" with graphs to compile (experts among them: {experts}), {eager_rows} eager ones, and {served} whole starts of a
server. A new pod has an empty cache, so that the graph has to be compiled. With `VLLM_CACHE_ROOT` (a
volume that keeps it) the band reaches down to no compiling at all: starts that find their graph have no band of their
own, since rows of other sources are below it.

A band is given for NVIDIA cards, vLLM {since} to {until}, and weights as they are. Quantized checkpoints, encoders,
layers that keep a state, sliding windows, pipelines, data parallelism, and flags of which nobody knows what they do to
a start have none: rows bear none out ({quantized} of quantized checkpoints would be inside).

The check `start-up-budget` and the risk `deadline-too-short` compare probes, `progressDeadlineSeconds` and the sync
tool's timeouts with the end of the band, and say which line to write; nothing of it moves a manifest.
"""

_LIMITS = """
{figures}

Cards: NVIDIA with memory of their own, Volta (0.17 to 0.19 alone) and Ampere to Hopper. Turing, Blackwell, ROCm,
cards that share memory with the CPU, MIG and time-slicing are unknown. Models: bfloat16 and float16 weights, and AWQ,
of {architectures}.
Encoders beside the language model are unknown but for {vision}. Mamba hybrids, sparse attention, checkpoints
quantized in other ways, speculative decoding, LoRA, data and expert parallelism, offloading and KV transfer are
unknown.

Of these forms there are rows, and too few, or too little is known of them, to bear out a band:

{unknown}

Two forms are near to a band and have none. Blackwell alone with 0.24 to 0.27: f019 is 0.49 GiB off and f030 is one of
the constants' own, but of f029 not all flags are known, and of B200 there is no row. Tensor parallelism on other cards
than Hopper: f018 (RTX PRO 6000) is 2.3 GiB off, f035 (L40S) 1.8, since what NCCL and the custom all-reduce take was
taken from H100s; how it depends on the card, nobody has published.

What is unknown may still be refused for certain: where the weights that must be on a GPU leave less than one request
needs. That bound holds for quantized checkpoints, Blackwell, ROCm, MIG slices (never more than the gigabytes in their
name), offloading (less what is offloaded), LoRA (the slots of its adapters), speculative decoding, KV transfer, and
data and expert parallelism (experts spread over all GPUs).

Before 0.20, little is left for graphs outside the budget where `--gpu-memory-utilization` is near 1: then the answer
is too close to tell, as it is wherever the band reaches over what one request needs.

## What another release changes

`llmstack explain upgrade FROM TO`, and the risk `upgrade` of a review, compare two releases:

- **vLLM**: flags that go, are deprecated or have another default, and keys of their JSON, from the catalogues of both
  releases; architectures, metrics, backends and methods that go, from tables that are read out of its sources; and what
  no flag shows, a table kept by hand whose entries name the file.
- **LMCache** (`explain upgrade lmcache FROM TO`): settings that go, are renamed or have another default, from its
  wheels.
- **The router** (`explain upgrade router FROM TO`): flags and routing logics that came later than an older release, and
  what the notes of its releases tell. Its releases are images, not packages, so that its parser is known at one commit
  alone: of a flag or default that the notes do not name, nothing is said.

## Cards

The total is what a start-up log or CUDA itself said, never the number of the data sheet; empty where nobody has
published it. Then, and for cards that are not here, `gitops.capacity[].memory` says it.

| card | total, GiB | compute capability | node label `nvidia.com/gpu.product` |
|---|--:|---|---|
"""


_NEXT = "## What another release changes"
_OF_THE_ROW = ("lack", "nobody has published", "unnamed architecture", "size of the weights")
"""Reasons that are about what a row leaves out, not about a form of engine."""


class Held(Protocol):
    """A row of published starts, held against what is foreseen of it (`tests/engine/starts.py`)."""

    @property
    def row(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def support(self) -> Support | None: ...
    @property
    def error(self) -> float | None: ...
    @property
    def inside(self) -> bool: ...
    @property
    def unknown(self) -> tuple[str, ...]: ...


def engine_page(held: Sequence[Held], fresh: Sequence[Held], timed: Mapping[str, tuple[int, int]]) -> str:
    """The whole page; `held` are the rows of published starts, each held against what is foreseen of it, and `fresh`
    those that came later; `timed` are, by kind of band, how many rows that were held out are inside it, and of how
    many."""
    shown = {
        "architectures": ", ".join(sorted(ARCHITECTURES)),
        "vision": ", ".join(sorted(VISION_BORNE_OUT)),
        "figures": _figures(held) + _fresh_figures(fresh),
        "unknown": "".join(_unknown_rows(held)).rstrip(),
    }
    classes = "".join(_class_rows(held))
    intro = _INTRO.format(tuned=", ".join(TUNED_ON), pair=" and ".join(PAIR))
    limits, behind = _LIMITS.format(**shown).split(_NEXT)
    return intro + classes + limits.rstrip() + "\n" + _time(timed) + "\n" + _NEXT + behind + "".join(_card_rows())


def _time(timed: Mapping[str, tuple[int, int]]) -> str:
    """The section about the time of a start."""
    bands = {"beside": BESIDE, "layer": PER_LAYER, "eager": EAGER}
    spans = {name: f"{span.low:g} to {span.high:g}" for name, span in bands.items()}
    counts = {name: f"{inside} of {all}" for name, (inside, all) in timed.items()}
    since, until = (".".join(str(part) for part in release) for release in (SINCE, UNTIL))
    return _TIME.format(**spans, **counts, since=since, until=until)


def _class_rows(held: Sequence[Held]) -> Iterator[str]:
    tuned = _tuned_sources(held)
    for each in CLASSES:
        own, others = [], []
        for row in held:
            if row.row in each.rows:
                (own if row.source in tuned else others).append(row)
        cards = each.family or ("Volta to Hopper" if each.era == "0.17-0.19" else "Ampere to Hopper")
        band = f"-{each.below:g} … +{each.above:g}"
        yield f"| {each.era} | {each.form} | {cards} | {band} | {_errors(own)} | {_errors(others)} |\n"


def _errors(rows: Sequence[Held]) -> str:
    """Rows with the largest of their errors."""
    if not rows:
        return "none"
    worst = max((row.error or 0.0 for row in rows), key=abs)
    return f"{', '.join(row.row for row in rows)}: {worst:+.2f}"


def _figures(held: Sequence[Held]) -> str:
    """How many rows are inside their band: all that nothing was tuned on, and those of other sources alone."""
    tuned = _tuned_sources(held)
    every = [row for row in held if row.support is not None and row.row not in (*TUNED_ON, *SEEN)]
    others = [row for row in every if row.source not in tuned]
    counts = [f"{sum(row.inside for row in rows)} of {len(rows)}" for rows in (every, others)]
    return (
        f"Inside their band are {counts[0]} rows that no constant was taken from and no band was set in view of\n"
        f"({', '.join(SEEN)}); several are of one engine at other lengths. With the sources of the constants left\n"
        f"out they are {counts[1]}: {', '.join(row.row for row in others)}."
    )


def _fresh_figures(fresh: Sequence[Held]) -> str:
    """How many of the rows that came later have a band, and are inside it."""
    banded = [row for row in fresh if row.support is not None and row.row not in SEEN]
    inside = sum(row.inside for row in banded)
    return (
        f"\n\nOf {len(fresh)} starts in tests/engine/fresh.tsv, collected later, {len(banded)} have a band that was\n"
        f"not set in view of them; {inside} are inside it. "
        'For the others the answer is "unknown", or that they do not\nstart.'
    )


def _tuned_sources(held: Sequence[Held]) -> set[str]:
    return {row.source for row in held if row.row in TUNED_ON}


def _unknown_rows(held: Sequence[Held]) -> Iterator[str]:
    reasons: dict[str, list[str]] = {}
    for row in held:
        for reason in row.unknown:
            reasons.setdefault(reason, []).append(row.row)
    for reason, rows in reasons.items():
        if not any(word in reason for word in _OF_THE_ROW):
            yield f"- {reason}: {', '.join(rows)}\n"


def _card_rows() -> Iterator[str]:
    for card in CARDS.values():
        total = "" if card.memory is None else f"{card.memory:g}"
        products = ", ".join(f"`{product}`" for product in card.products)
        yield f"| {card.name} | {total} | {_capability(card)} | {products} |\n"


def _capability(card: Card) -> str:
    return "" if card.capability is None else f"{card.capability[0]}.{card.capability[1]}"
