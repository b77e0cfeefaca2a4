"""Makes the table of LMCache's settings, by release, from its wheels, without installing or importing them.

    python -m tools.make_lmcache WHEEL… -o generator/llmstack/schemas/lmcache/settings.json

Read as syntax trees: `_CONFIG_DEFINITIONS` and `_CONFIG_ALIASES` in lmcache/v1/config.py (0.3.4 and later).
generator/llmstack/schemas/lmcache/README.md describes the format.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tools.release_tables import dump, steps

CONFIG = "lmcache/v1/config.py"
RELEASE = re.compile(r"lmcache-(\d+(?:\.\d+)+(?:\.post\d+)?)-")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheels", type=Path, nargs="+", help="wheels of lmcache")
    parser.add_argument("-o", "--output", type=Path, help="file to write; else standard output")
    options = parser.parse_args()
    sources = {}
    for wheel in options.wheels:
        match = RELEASE.match(wheel.name)
        if match:
            sources[match[1]] = zipfile.ZipFile(wheel).read(CONFIG).decode()
    text = dump(make(sources))
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def numbers(release: str) -> list[int]:
    return [int(part) for part in re.findall(r"\d+", release)]


def make(sources: Mapping[str, str]) -> dict[str, Any]:
    """The table of all releases that define their settings in one place."""
    found = {release: read(sources[release]) for release in sorted(sources, key=numbers)}
    kept = {release: tables for release, tables in found.items() if tables[0]}
    names = list(kept)
    return {
        "releases": names,
        "settings": steps(names, [tables[0] for tables in kept.values()]),
        "renamed": steps(names, [tables[1] for tables in kept.values()]),
    }


def read(source: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The settings of a release with their defaults ({}: computed), and the current names of old ones."""
    maps = {}
    for node in ast.parse(source).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if isinstance(getattr(node, "value", None), ast.Dict) and isinstance(target, ast.Name):
            value: ast.Dict = node.value  # type: ignore[union-attr,assignment]
            maps[target.id] = {key.value: each for key, each in zip(value.keys, value.values, strict=True)
                               if isinstance(key, ast.Constant)}  # fmt: skip
    settings = {str(name): _default(each) for name, each in maps.get("_CONFIG_DEFINITIONS", {}).items()}
    renamed = {str(name): each.value for name, each in maps.get("_CONFIG_ALIASES", {}).items()
               if isinstance(each, ast.Constant)}  # fmt: skip
    return settings, renamed


def _default(definition: ast.expr) -> dict[str, Any]:
    """`{"default": …}` of a definition, {} where it is no plain value."""
    if isinstance(definition, ast.Dict):
        for key, value in zip(definition.keys, definition.values, strict=True):
            if isinstance(key, ast.Constant) and key.value == "default":
                try:
                    return {"default": ast.literal_eval(value)}
                except ValueError:
                    return {}
    return {}


if __name__ == "__main__":
    sys.exit(main())
