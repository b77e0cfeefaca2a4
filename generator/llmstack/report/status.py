"""The models of environments at a glance: as a table, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

from msgspec import Struct

from llmstack.report.inert import inert_json


class Served(Struct, frozen=True):
    """One model of an environment. `gpus` are those of all its replicas; under a scaler, of the fewest."""

    environment: str
    model: str
    image: str
    vllm: str | None
    replicas: int
    scales: bool
    gpus: int
    resource: str | None


HEAD = ("environment", "model", "image", "vLLM", "replicas", "GPUs")


def show_status(served: Sequence[Served]) -> str:
    """A row for each model, and the sum of each environment's GPUs; `2+` are the fewest that a scaler leaves."""
    if not served:
        return "no models\n"
    rows = [HEAD, *(_row(each) for each in served)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEAD))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([*lines, "", *_sums(served)]) + "\n"


def _row(each: Served) -> tuple[str, ...]:
    more = "+" if each.scales else ""
    gpus = f"{each.gpus}{more} {each.resource}" if each.resource else "0"
    return (each.environment, each.model, each.image, each.vllm or "unknown", f"{each.replicas}{more}", gpus)


def _sums(served: Sequence[Served]) -> Iterator[str]:
    for name in dict.fromkeys(each.environment for each in served):
        own = [each for each in served if each.environment == name]
        more = any(each.scales for each in own)
        sums = [f"{'at least ' if more else ''}{count} {resource}" for resource, count in _gpus(own).items()]
        yield f"{name}: {', '.join(sums) or 'no GPUs'}"


def _gpus(served: Iterable[Served]) -> dict[str, int]:
    found: dict[str, int] = {}
    for each in served:
        if each.resource:
            found[each.resource] = found.get(each.resource, 0) + each.gpus
    return found


def status_json(served: Sequence[Served]) -> str:
    """`{"envs": {"prod": {"gpus": {"nvidia.com/gpu": 6}, "models": [...]}}}`; `scales`: the numbers are the fewest."""
    environments = {
        name: {
            "gpus": _gpus(own),
            "models": [
                {
                    "model": each.model,
                    "image": each.image,
                    "vllm": each.vllm,
                    "replicas": each.replicas,
                    "gpus": each.gpus,
                    "resource": each.resource,
                    "scales": each.scales,
                }
                for each in own
            ],
        }
        for name in dict.fromkeys(each.environment for each in served)
        if (own := [each for each in served if each.environment == name])
    }
    return inert_json(json.dumps({"envs": environments}, indent=2)) + "\n"


STATUS_FORMATS: Mapping[str, Callable[[Sequence[Served]], str]] = {"table": show_status, "json": status_json}
"""Every format of `status` by its name."""
