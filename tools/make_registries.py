"""Makes the tables of what vLLM releases can run, from their sources, without installing or importing them.

    python tools/make_registries.py FOLDER… -o generator/llmstack/schemas/engines/registries.json

Each FOLDER is named after a release and holds its `vllm/` (of the source archive or the wheel). Read as syntax trees:
the registries of models (`model_executor/models/registry.py`), the least compute capability of each method of
quantization (`get_min_capability` of its class), and the attention backends (`AttentionBackendEnum`, before 0.11.1
`_Backend`).
generator/llmstack/schemas/engines/README.md describes the format.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

MODELS = "model_executor/models/registry.py"
NOT_MODELS = ("_PREVIOUSLY_SUPPORTED_MODELS", "_OOT_SUPPORTED_MODELS", "_SPECULATIVE_DECODING_MODELS")
QUANTIZATION = "model_executor/layers/quantization"
BACKENDS = ("v1/attention/backends/registry.py", "attention/backends/registry.py", "platforms/interface.py")
BACKEND_CLASSES = ("AttentionBackendEnum", "_Backend")


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
    """The tables of all releases: since and until of architectures and backends, capabilities where they change."""
    folders = list(folders)
    names = [folder.name for folder in folders]
    models = [set(read_models(folder / "vllm")) for folder in folders]
    methods = [dict(read_methods(folder / "vllm")) for folder in folders]
    backends = [set(read_backends(folder / "vllm")) for folder in folders]
    return {
        "releases": names,
        "architectures": spans(names, models),
        "attentionBackends": spans(names, backends),
        "quantization": capabilities(names, methods),
    }


def spans(names: list[str], sets: list[set[str]]) -> dict[str, list[list[str | None]]]:
    """For each member the stretches of releases that have it: first and last, null where it is still there."""
    found: dict[str, list[list[str | None]]] = {}
    for member in sorted(set().union(*sets)):
        stretches: list[list[str | None]] = []
        for number, name in enumerate(names):
            if member in sets[number]:
                if number and member in sets[number - 1]:
                    stretches[-1][1] = name
                else:
                    stretches.append([name, name])
        if member in sets[-1]:
            stretches[-1][1] = None
        found[member] = stretches
    return found


def capabilities(names: list[str], tables: list[dict[str, int]]) -> dict[str, list[list[Any]]]:
    """For each method the releases from which a least capability holds; null where the method is gone."""
    found: dict[str, list[list[Any]]] = {}
    for method in sorted(set().union(*tables)):
        steps: list[list[Any]] = []
        for name, table in zip(names, tables, strict=True):
            least = table.get(method)
            if (least is not None or steps) and (not steps or steps[-1][1] != least):
                steps.append([name, least])
        found[method] = steps
    return found


def read_models(package: Path) -> Iterator[str]:
    """Yield the architectures of all registries, those of draft models left out."""
    for node in ast.parse((package / MODELS).read_text(encoding="utf-8")).body:
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        name = getattr(target, "id", "")
        value = getattr(node, "value", None)
        if name.endswith("_MODELS") and name not in NOT_MODELS and isinstance(value, ast.Dict):
            yield from (key.value for key in value.keys if isinstance(key, ast.Constant))


def read_methods(package: Path) -> Iterator[tuple[str, int]]:
    """Yield each method of quantization with the least compute capability (75 is 7.5) of its class."""
    classes: dict[str, ast.ClassDef] = {}
    for file in sorted((package / QUANTIZATION).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                classes[node.name] = node
    for method, name in _table(package).items():
        least = _least(name, classes)
        if least is not None:
            yield method, least


def _table(package: Path) -> Mapping[str, str]:
    """The class of each method: `method_to_config`, or QUANTIZATION_METHODS where that was the table itself."""
    tree = ast.parse((package / QUANTIZATION / "__init__.py").read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        target = node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)
        if getattr(target, "id", "") in ("method_to_config", "QUANTIZATION_METHODS"):
            value = getattr(node, "value", None)
            if isinstance(value, ast.Dict):
                pairs = zip(value.keys, value.values, strict=True)
                return {k.value: v.id for k, v in pairs if isinstance(k, ast.Constant) and isinstance(v, ast.Name)}
    return {}


def _least(name: str, classes: Mapping[str, ast.ClassDef]) -> int | None:
    """What `get_min_capability` of a class or of the first base that has it returns, where that is a plain number."""
    node = classes.get(name)
    if node is None:
        return None
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "get_min_capability":
            found = [each.value for each in ast.walk(item) if isinstance(each, ast.Return)]
            constants = [each.value for each in found if isinstance(each, ast.Constant)]
            return constants[0] if len(found) == len(constants) == 1 and isinstance(constants[0], int) else None
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id != name:
            return _least(base.id, classes)
    return None


def read_backends(package: Path) -> Iterator[str]:
    """Yield the names of the attention backends, aliases included."""
    for path in BACKENDS:
        file = package / path
        if not file.exists():
            continue
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef) and node.name in BACKEND_CLASSES:
                names = [t.id for item in node.body if isinstance(item, ast.Assign) for t in item.targets
                         if isinstance(t, ast.Name) and t.id.isupper()]  # fmt: skip
                if names:
                    yield from names
                    return


def dump(data: Mapping[str, Any]) -> str:
    """The tables as JSON with one member a line."""
    parts = [f' "releases": {json.dumps(data["releases"])}']
    for table in ("architectures", "attentionBackends", "quantization"):
        rows = ",\n".join(f"  {json.dumps(key)}: {json.dumps(value)}" for key, value in data[table].items())
        parts.append(f' "{table}": {{\n{rows}\n }}')
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
