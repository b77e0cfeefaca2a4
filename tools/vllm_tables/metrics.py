"""Metrics of the engine: their names, as the sources spell them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"""["'](vllm:[a-z0-9_]+)["']""")


def read_metrics(package: Path) -> Iterator[str]:
    """Yield the name of each metric, without the `_total` that a counter is exported with."""
    for file in sorted(package.rglob("*.py")):
        yield from (name.removesuffix("_total") for name in NAME.findall(file.read_text(encoding="utf-8")))
