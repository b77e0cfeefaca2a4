"""What becomes of an engine by a change."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from msgspec import Struct

from llmstack.engine.upgrade import Item


class EngineState(Struct, frozen=True):
    """One side of an engine: GiB of one GPU's KV cache, tokens and requests in it, and the terms of its memory.

    What is None is not known; `high` alone is known where no measured start bears a number out.
    """

    version: str | None
    gpu: str | None
    low: float | None = None
    high: float | None = None
    tokens: int | None = None
    requests: float | None = None
    terms: Mapping[str, float] | None = None
    """weights, activation, nonTorch, graphs, kv: GiB per GPU, adding up to `budget`."""


class EngineChange(Struct, frozen=True):
    """One model whose engine changes: what becomes of its start, and what a changed release brings."""

    model: str
    object: str
    """`Kind/name` of its workload."""
    verdict: Literal["starts", "does-not-start", "too-close", "unknown"]
    why: str
    before: EngineState | None
    after: EngineState
    upgrade: tuple[Item, ...] = ()

    @property
    def loses(self) -> float | None:
        """The part of the KV cache that goes, in the middle of both bands; None where it is not known."""
        if self.before is None:
            return None
        sizes = [_middle(state) for state in (self.before, self.after)]
        return None if sizes[0] is None or sizes[1] is None or sizes[0] <= 0 else 1 - sizes[1] / sizes[0]


def _middle(state: EngineState) -> float | None:
    return None if state.low is None or state.high is None else (state.low + state.high) / 2
