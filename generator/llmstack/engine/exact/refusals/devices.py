"""Which devices, NUMA nodes and processors an engine is bound to (vllm/config/parallel.py, engine/arg_utils.py,
v1/executor/, v1/sample/)."""

from __future__ import annotations

import re

from llmstack.engine import registry
from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.parallel import EXECUTOR
from llmstack.engine.exact.refusals.refusal import Refusal, says

DEVICES, BIND, NODES, CPUS = "--device-ids", "--numa-bind", "--numa-bind-nodes", "--numa-bind-cpus"
BUNDLES, SAMPLER = "VLLM_RAY_BUNDLE_INDICES", "VLLM_USE_FLASHINFER_SAMPLER"
CPU_LIST = re.compile(r"\d+(?:-\d+)?(?:,\d+(?:-\d+)?)*")
"""A list of processors as `numactl` reads it."""


def _devices(line: Line) -> list[str]:
    text = line.text(DEVICES)
    return [each.strip() for each in text.split(",")] if text else []


def _names_twice(line: Line) -> bool:
    return len(set(_devices(line))) < len(_devices(line))


def _mixes_names(line: Line) -> bool:
    return len({each.isdigit() for each in _devices(line)}) > 1


def _is_unbound(line: Line) -> bool:
    return not line.is_on(BIND)


def _names_no_node(line: Line) -> bool:
    return any(re.fullmatch(r"-\d+", each) is not None for each in line.text(NODES).split())


def _lists_nothing(line: Line) -> bool:
    return any(CPU_LIST.fullmatch(each) is None for each in line.text(CPUS).split())


def _descends(line: Line) -> bool:
    ranges = re.findall(r"(\d+)-(\d+)", line.text(CPUS))
    return any(int(first) > int(last) for first, last in ranges)


def _bundles(line: Line) -> list[str]:
    """The places of Ray's group that the workers are to take; none where nobody says them, or Ray is not asked."""
    text = line.variables.get(BUNDLES) or ""
    return text.split(",") if text and "$" not in text and says(EXECUTOR, "ray")(line) else []


def _has_other_bundles(line: Line) -> bool:
    workers = line.settings.tensor * line.settings.pipeline * (line.number("--prefill-context-parallel-size") or 1)
    return bool(_bundles(line)) and line.settings.data == 1 and len(_bundles(line)) != workers


def _samples_on_old_card(line: Line) -> bool:
    """Whether FlashInfer is told to sample on a card that it has no code for."""
    has = line.card.capability if line.card is not None and line.card.maker == "nvidia" else None
    served = registry.backend_traits("FLASHINFER", line.among[0]).capabilities
    asked = (line.variables.get(SAMPLER) or "").strip() == "1" and not line.text("--logprobs-mode").startswith(
        "processed"
    )
    return asked and has is not None and bool(served) and has[0] * 10 + has[1] < min(served or (0,))


REFUSALS: tuple[Refusal, ...] = (
    Refusal("--device-ids must not contain duplicates", DEVICES, _names_twice, f"a device twice in {DEVICES}",
            "name each once"),
    Refusal("--device-ids must not mix integer IDs and UUIDs", DEVICES, _mixes_names,
            f"numbers beside UUIDs in {DEVICES}", "one of both"),
    Refusal("numa_bind_nodes and numa_bind_cpus require", NODES, _is_unbound, f"{NODES} without {BIND}", BIND),
    Refusal("numa_bind_nodes and numa_bind_cpus require", CPUS, _is_unbound, f"{CPUS} without {BIND}", BIND),
    Refusal("numa_bind_nodes must contain non-negative", NODES, _names_no_node, f"a node under 0 in {NODES}",
            "nodes begin at 0"),
    Refusal("numa_bind_cpus entries must use numactl CPU list", CPUS, _lists_nothing,
            f"what {CPUS} has for a list of processors", "0-3 or 0,2,4-7"),
    Refusal("numa_bind_cpus ranges must be ascending", CPUS, _descends, f"a range in {CPUS} that descends",
            "the lower number first"),
    Refusal("VLLM_RAY_BUNDLE_INDICES must have the same size", BUNDLES, _has_other_bundles,
            f"another number of places in {BUNDLES} than workers", "one for each"),
    Refusal("VLLM_RAY_BUNDLE_INDICES cannot have duplicate", BUNDLES,
            lambda line: len(set(_bundles(line))) < len(_bundles(line)),
            f"a place twice in {BUNDLES}", "name each once"),
    *(Refusal(sentence, SAMPLER, _samples_on_old_card, f"{SAMPLER}=1 on this card", "leave it out")
      for sentence in ("unset VLLM_USE_FLASHINFER_SAMPLER=1.", "FlashInfer top-p/top-k sampling unavailable: ")),
)  # fmt: skip
"""In the order in which they are said."""
