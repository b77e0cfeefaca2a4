"""Makes the tables of what vLLM releases can run, from their sources, without installing or importing them.

    python -m tools.make_registries FOLDER… -o generator/llmstack/schemas/engines/registries.json

Each FOLDER is named after a release and holds its `vllm/` (of the source archive or the wheel), read as syntax trees.
`tools/vllm_tables/` has a module for each kind of table; generator/llmstack/schemas/engines/README.md describes the
format.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tools.release_tables import dump, steps
from tools.vllm_tables.backends import read_backends, read_traits
from tools.vllm_tables.configs import read_fields, read_strict
from tools.vllm_tables.metrics import read_kinds, read_metrics
from tools.vllm_tables.models import read_by_transformers, read_lacking, read_models
from tools.vllm_tables.names import read_names as read_registered
from tools.vllm_tables.quantization import number, read_methods, read_names, read_on_rocm, types
from tools.vllm_tables.sentences import read_sentences
from tools.vllm_tables.speculation import read_speculation
from tools.vllm_tables.variables import read_values


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", help="folders named after releases")
    parser.add_argument("-o", "--output", type=Path, help="file to write; else standard output")
    options = parser.parse_args()
    folders = sorted(options.folders, key=lambda folder: numbers(folder.name))
    text = dump(make(folders))
    if options.output:
        options.output.write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
    return 0


def numbers(release: str) -> list[int]:
    return [int(part) for part in release.split(".")[:3]]


def make(folders: Iterable[Path]) -> dict[str, Any]:
    """The tables of all releases: stretches of releases that have a name, and facts from where they change."""
    folders = list(folders)
    names = [folder.name for folder in folders]
    packages = [folder / "vllm" for folder in folders]
    return {
        "releases": names,
        "architectures": spans(names, [set(read_models(each)) for each in packages]),
        "byTransformers": spans(names, [set(read_by_transformers(each)) for each in packages]),
        "withoutLora": spans(names, [set(read_lacking(each, "SupportsLoRA", "supports_lora")) for each in packages]),
        "withoutPipeline": spans(names, [set(read_lacking(each, "SupportsPP", "supports_pp")) for each in packages]),
        "attentionBackends": spans(names, [set(read_backends(each)) for each in packages]),
        "backendTraits": steps(names, [dict(read_traits(each)) for each in packages]),
        "quantizationNames": spans(names, [set(read_names(each)) for each in packages]),
        "quantization": steps(names, [dict(read_methods(each, "get_min_capability", number)) for each in packages]),
        "rocmQuantization": spans(names, [set(read_on_rocm(each)) for each in packages]),
        "activationTypes": steps(
            names, [dict(read_methods(each, "get_supported_act_dtypes", types)) for each in packages]
        ),
        "speculation": spans(names, [set(read_speculation(each)) for each in packages]),
        "metrics": spans(names, [set(read_metrics(each)) for each in packages]),
        "metricKinds": steps(names, [dict(read_kinds(each)) for each in packages]),
        "configFields": steps(names, [dict(read_fields(each)) for each in packages]),
        "strictConfigs": spans(names, [set(read_strict(each)) for each in packages]),
        "registered": steps(names, [dict(read_registered(each)) for each in packages]),
        "variables": steps(names, [dict(read_values(each)) for each in packages]),
        "sentences": spans(names, [set(read_sentences(each)) for each in packages]),
    }


def spans(names: list[str], sets: list[set[str]]) -> dict[str, list[list[str | None]]]:
    """For each member the stretches of releases that have it: first and last, null where it is still there."""
    found: dict[str, list[list[str | None]]] = {}
    for member in sorted(set().union(*sets)):
        stretches: list[list[str | None]] = []
        for index, name in enumerate(names):
            if member in sets[index]:
                if index and member in sets[index - 1]:
                    stretches[-1][1] = name
                else:
                    stretches.append([name, name])
        if member in sets[-1]:
            stretches[-1][1] = None
        found[member] = stretches
    return found


if __name__ == "__main__":
    sys.exit(main())
