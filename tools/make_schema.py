"""Make the schemas of custom resources for kubeconform from their definitions:

    python tools/make_schema.py CRD.yaml …

writes <group>/<kind>_<version>.json for every served version into generator/llmstack/schemas/crds (or `--to FOLDER`).
What a server checks besides (CEL rules, list types) and what only people read is left out; fields that a definition
does not name are refused.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from llmstack import schemas, yamlio

_UNREAD = frozenset(("default", "description", "example", "title"))
_FORMATS = frozenset(("byte", "int32", "int64"))
"""Formats of OpenAPI that JSON Schema does not know."""


def make(definition: dict[str, Any]) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield the path (below schemas/crds) and the schema of each served version of a CustomResourceDefinition."""
    spec = definition["spec"]
    for version in spec["versions"]:
        if version["served"]:
            schema = convert(version["schema"]["openAPIV3Schema"])
            schema["required"] = sorted({"apiVersion", "kind", "metadata", *schema.get("required", ())})
            name = f"{spec['names']['kind'].lower()}_{version['name']}.json"
            yield Path(spec["group"]) / name, schema


def convert(node: Any) -> Any:
    """A structural schema as a strict JSON Schema (Kubernetes documentation, "Extend the Kubernetes API with
    CustomResourceDefinitions", structural schemas)."""
    if isinstance(node, list):
        return [convert(each) for each in node]
    if not isinstance(node, dict):
        return node
    kept = {key: value for key, value in node.items() if not _is_left_out(key, value)}
    made = {key: convert(value) for key, value in kept.items() if key not in ("nullable", "properties")}
    if kept.get("nullable") is True and "type" in made:
        made["type"] = [made["type"], "null"]
    if "properties" in kept:
        made["properties"] = {name: convert(value) for name, value in kept["properties"].items()}
        if not node.get("x-kubernetes-preserve-unknown-fields"):
            made.setdefault("additionalProperties", False)
    return made


def _is_left_out(key: str, value: Any) -> bool:
    return key in _UNREAD or key.startswith("x-kubernetes-") or (key == "format" and value in _FORMATS)


def show(schema: dict[str, Any]) -> str:
    """The text of a schema's file."""
    return json.dumps(schema, sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n"


def main(words: list[str] | None = None) -> None:
    """Write the schemas of every definition in the files given, and print their paths."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+", help="files with CustomResourceDefinitions")
    parser.add_argument("--to", type=Path, default=schemas.folder() / "crds", help="folder to write to")
    given = parser.parse_args(words)
    for definition in (each for path in given.files for each in yamlio.load_all(path.read_text(encoding="utf-8"))):
        for name, schema in make(definition):
            target = given.to / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(show(schema), encoding="utf-8")
            print(target)


if __name__ == "__main__":
    main()
