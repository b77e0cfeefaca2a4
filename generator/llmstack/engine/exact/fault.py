"""What is wrong with an engine for certain."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

About = Literal[
    "tensor", "pipeline", "context", "experts", "length", "model", "quantization", "dtype", "backend", "kv-dtype",
    "lora", "batch", "chunked", "utilization", "adapters", "modules", "tools", "reasoning", "speculation", "transfer",
]  # fmt: skip


class Fault(Struct, frozen=True):
    """One thing that ends a start: what it is about, what is wrong, and what to do."""

    about: About | str
    """A subject of the list, or the flag itself."""
    message: str
    help: str
