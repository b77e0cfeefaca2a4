"""Which devices, NUMA nodes and processors an engine is bound to (vllm/config/parallel.py, engine/arg_utils.py)."""

from __future__ import annotations

import re

from llmstack.engine.exact.line import Line
from llmstack.engine.exact.refusals.refusal import Refusal

DEVICES, BIND, NODES, CPUS = "--device-ids", "--numa-bind", "--numa-bind-nodes", "--numa-bind-cpus"
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
)  # fmt: skip
"""In the order in which they are said."""
