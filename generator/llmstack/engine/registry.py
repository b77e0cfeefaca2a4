"""What a vLLM release can run: architectures, attention backends, methods of quantization.

The data is `schemas/engines/registries.json`, described in the README there.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from llmstack.flags.release import read_release

DATA = files("llmstack") / "schemas" / "engines" / "registries.json"
Stretches = list[list[str | None]]


@cache
def _tables() -> Mapping[str, Any]:
    data: Mapping[str, Any] = json.loads(DATA.read_bytes())
    return data


def releases() -> tuple[str, ...]:
    """The releases whose tables are at hand, oldest first."""
    return tuple(_tables()["releases"])


@cache
def has_architecture(name: str, release: str) -> bool:
    """Whether the registry of one of `releases()` has the architecture."""
    return _has(_tables()["architectures"].get(name), release)


@cache
def has_backend(name: str, release: str) -> bool:
    """Whether one of `releases()` knows the attention backend."""
    return _has(_tables()["attentionBackends"].get(name), release)


def backends(release: str) -> tuple[str, ...]:
    """The attention backends that one of `releases()` knows."""
    return tuple(name for name in _tables()["attentionBackends"] if has_backend(name, release))


def first_with(architecture: str) -> str | None:
    """The first of `releases()` whose registry has the architecture; None for one that none has."""
    stretches: Stretches | None = _tables()["architectures"].get(architecture)
    return stretches[0][0] if stretches else None


def last_with(architecture: str) -> str | None:
    """The last of `releases()` whose registry has the architecture; None where it is there still, or was never."""
    stretches: Stretches | None = _tables()["architectures"].get(architecture)
    return stretches[-1][1] if stretches else None


def least_capability(method: str, among: Collection[str]) -> int | None:
    """The least compute capability (75 is 7.5) that a method of quantization wants in any of these releases.

    None where it is in none of them, or unknown.
    """
    found = [each for release in among if (each := _capability(method, release)) is not None]
    return min(found) if found else None


@cache
def _capability(method: str, release: str) -> int | None:
    order = releases()
    steps = [step for step in _tables()["quantization"].get(method, ()) if order.index(step[0]) <= order.index(release)]
    found = steps[-1][1] if steps else None
    return found if isinstance(found, int) else None


def _has(stretches: Stretches | None, release: str) -> bool:
    at = read_release(release).numbers
    return any(
        read_release(first).numbers <= at and (last is None or at <= read_release(last).numbers)
        for first, last in stretches or ()
        if first is not None
    )
