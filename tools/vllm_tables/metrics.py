"""Metrics of the engine: their names, as the sources spell them, and of which kind each is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

NAME = re.compile(r"""["'](vllm:[a-z0-9_]+)["']""")

KINDS = ("histogram", "counter", "gauge")


def read_metrics(package: Path) -> Iterator[str]:
    """Yield the name of each metric, without the `_total` that a counter is exported with."""
    for file in sorted(package.rglob("*.py")):
        yield from (name.removesuffix("_total") for name in NAME.findall(file.read_text(encoding="utf-8")))


def read_kinds(package: Path) -> Iterator[tuple[str, str]]:
    """Yield each metric with the kind of Prometheus' that makes it, by the name of what is called; not one that is made
    as two kinds."""
    found: dict[str, set[str]] = {}
    for file in sorted(package.rglob("*.py")):
        text = file.read_text(encoding="utf-8")
        for call in ast.walk(ast.parse(text)) if NAME.search(text) else ():
            if isinstance(call, ast.Call):
                kinds = [kind for kind in KINDS if kind in ast.unparse(call.func).lower()]
                named = [*call.args[:1], *(word.value for word in call.keywords if word.arg == "name")]
                for name in (str(each.value) for each in named if isinstance(each, ast.Constant)):
                    if name.startswith("vllm:") and len(kinds) == 1:
                        found.setdefault(name, set()).update(kinds)
    yield from ((name, kind) for name, kinds in found.items() if len(kinds) == 1 for kind in kinds)
