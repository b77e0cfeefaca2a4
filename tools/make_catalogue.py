"""Makes the flag catalogue of a vLLM release from its sources, without installing or importing it.

    python tools/make_catalogue.py vllm-0.33.0.tar.gz -o generator/llmstack/schemas/vllm/
    python tools/make_catalogue.py --changes generator/llmstack/schemas/vllm/

SOURCE is a source archive, a wheel, or a folder that holds `vllm/`. The declarations that the parser of `vllm
serve` reaches are evaluated, with stubs for everything outside vLLM: run it on releases whose origin you
trust. generator/llmstack/schemas/vllm/README.md describes the format.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from vllm_source.serve import read_catalogue
from vllm_source.sources import read_sources


def fix_hash_seed() -> None:
    """Start again with a fixed hash seed: some releases pick one of several types out of a set."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(sys.executable, [sys.executable, *sys.argv], {**os.environ, "PYTHONHASHSEED": "0"})


def main() -> int:
    """Write one catalogue, or bring changes.json up to date; 1 when the sources cannot be read."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, nargs="?", help="archive, wheel or folder of a release")
    parser.add_argument("-o", "--output", type=Path, help="folder to write <version>.json to; else standard output")
    parser.add_argument("--version", help="the release, where the name of the source does not say it")
    parser.add_argument("--changes", type=Path, metavar="FOLDER", help="write changes.json of a folder of catalogues")
    options = parser.parse_args()
    if options.changes:
        path = options.changes / "changes.json"
        old = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
        path.write_text(dump_lines(find_changes(options.changes, old)), encoding="utf-8")
        return 0
    if not options.source:
        parser.error("name a source, or --changes")
    try:
        catalogue, unresolved = read_catalogue(read_sources(options.source, options.version))
    except ValueError as problem:
        print(f"error: {problem}", file=sys.stderr)
        return 1
    for name in unresolved:
        print(f"not evaluated: {name}", file=sys.stderr)
    text = dump_catalogue(catalogue)
    if options.output:
        (options.output / f"{catalogue['version']}.json").write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def find_changes(folder: Path, old: Mapping[str, Any]) -> dict[str, Any]:
    """The first and last catalogue of each long option; what `old` says of replacements is kept."""
    catalogues = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("[0-9]*.json")]
    catalogues.sort(key=lambda catalogue: [int(part) for part in catalogue["version"].split(".")[:3]])
    seen: dict[str, list[str]] = {}
    for catalogue in catalogues:
        for name, flag in catalogue["flags"].items():
            for option in (name, *flag.get("aliases", ())):
                if option.startswith("--"):
                    seen.setdefault(option, []).append(catalogue["version"])
    newest = catalogues[-1]["version"]
    return {
        option: old.get(option, {}) | {"since": found[0], "until": None if found[-1] == newest else found[-1]}
        for option, found in sorted(seen.items())
    }


def dump_catalogue(catalogue: Mapping[str, Any]) -> str:
    """A catalogue as JSON with one flag, and one variable, a line."""
    flags = ",\n".join(f"  {json.dumps(name)}: {json.dumps(flag)}" for name, flag in catalogue["flags"].items())
    env = ",\n".join(f"  {json.dumps(name)}" for name in catalogue["env"])
    version = json.dumps(catalogue["version"])
    return f'{{\n "version": {version},\n "flags": {{\n{flags}\n }},\n "env": [\n{env}\n ]\n}}\n'


def dump_lines(entries: Mapping[str, Any]) -> str:
    """A JSON object with one entry a line."""
    return "{\n" + ",\n".join(f" {json.dumps(key)}: {json.dumps(value)}" for key, value in entries.items()) + "\n}\n"


if __name__ == "__main__":
    fix_hash_seed()
    sys.exit(main())
