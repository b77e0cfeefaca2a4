"""Write fields.tsv: of every field of a pod template, which values the API server takes for no value at all.

`python tests/review/oracle/fields.py ORACLE DEFINITIONS > tests/review/oracle/fields.tsv`, where ORACLE is
main.go built, and DEFINITIONS the `_definitions.json` of the Kubernetes schemas that the package carries.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SAMPLES: dict[str, list[Any]] = {
    "text": [
        "",
        "x",
        "ClusterFirst",
        "Always",
        "IfNotPresent",
        "File",
        "/dev/termination-log",
        "TCP",
        "v1",
        "HTTP",
        "/",
        "default-scheduler",
        "default",
        "rbd",
        "admin",
        "ext4",
        "xfs",
        "ReadWrite",
        "Shared",
        "None",
        "ThinProvisioned",
        "Filesystem",
        "/etc/ceph/keyring",
        "Equal",
    ],
    "integer": [0, 1, 3, 10, 30, 420, 3600],
    "boolean": [False, True],
    "quantity": ["0", "1", "1000m"],
    "port": [0, "0", ""],
    "struct": [{}],
    "structs": [[], [{}]],
    "texts": [[], [""], ["x"]],
    "map": [{}, {"a": ""}, {"a": "x"}],
    "quantities": [{}, {"a": "0"}, {"a": "1"}],
}
TYPES = {"string": "text", "boolean": "boolean", "integer": "integer", "number": "integer"}
SAME_AS_CONTAINERS = ("spec.initContainers[].", "spec.ephemeralContainers[].")


def walk(definitions: dict[str, Any], name: str, path: str) -> Iterator[tuple[str, str]]:
    """Yield each field below a type, lists marked by `[]`, with the kind of its value."""
    for field, schema in definitions[name]["properties"].items():
        at = f"{path}.{field}" if path else field
        kind, below = classify(schema)
        if kind in SAMPLES:
            yield at, kind
        if below and not (below.endswith(".ObjectMeta") and path):
            yield from walk(definitions, below, at + "[]" * (kind == "structs"))


def classify(schema: dict[str, Any]) -> tuple[str, str | None]:
    """The kind of a field's value, and the type below it."""
    name = schema.get("$ref", "").rpartition("/")[2]
    if name:
        scalars = {"Quantity": "quantity", "IntOrString": "port", "Time": "time", "FieldsV1": "time"}
        kind = next((kind for end, kind in scalars.items() if name.endswith(end)), "struct")
        return kind, name if kind == "struct" else None
    types = schema.get("type")
    kind = next(each for each in (types if isinstance(types, list) else [types]) if each != "null")
    if kind == "array":
        _, below = classify(schema["items"])
        return ("structs", below) if below else ("texts", None)
    if kind == "object":
        values = schema.get("additionalProperties", {})
        return ("quantities" if "$ref" in values else "map"), None
    return TYPES[kind], None


def nest(path: str, value: Any) -> dict[str, Any]:
    """The value at a path of a pod template."""
    for step in reversed(path.split(".")):
        value = {step[:-2]: [value]} if step.endswith("[]") else {step: value}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"template": value},
    }


def main(oracle: str, definitions: str) -> None:
    types = json.loads(Path(definitions).read_text())["definitions"]
    fields = [
        (path, kind)
        for path, kind in walk(types, "io.k8s.api.core.v1.PodTemplateSpec", "")
        if not path.startswith(SAME_AS_CONTAINERS)
    ]
    asked = [(path, kind, value) for path, kind in fields for value in [None, *SAMPLES[kind]]]
    lines = []
    for path, _, value in asked:
        parent = path.rpartition(".")[0]
        lines.append(json.dumps([nest(parent, {}) if parent else nest("spec", {}), nest(path, value)]))
    done = subprocess.run([oracle], input="\n".join([*lines, ""]), capture_output=True, text=True, check=True)
    ignored: dict[tuple[str, str], list[str]] = {field: [] for field in fields}
    for (path, kind, value), answer in zip(asked, done.stdout.splitlines(), strict=True):
        if answer == "false":
            ignored[path, kind].append(json.dumps(value))
    print("# Made by fields.py with Kubernetes 1.36.4: field, kind, values stored as if none were there.")
    for (path, kind), values in ignored.items():
        print(path, kind, *values, sep="\t")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
