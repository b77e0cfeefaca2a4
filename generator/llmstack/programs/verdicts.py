"""Verdicts of kubeconform on resources, in files or in texts."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from msgspec import Struct
from msgspec.structs import replace

from llmstack.programs.command import ToolError, run

Status = Literal["valid", "invalid", "no-schema", "error", "skipped"]


class Verdict(Struct, frozen=True):
    """What kubeconform says of one resource. `errors` are (JSON path, message) pairs of an invalid one."""

    source: str
    """The file it was read from, or the name of the text."""
    api_version: str
    kind: str
    name: str
    status: Status
    message: str = ""
    errors: tuple[tuple[str, str], ...] = ()


def kubeconform(
    program: Path, files: Sequence[Path], *, schema_locations: Sequence[str], kubernetes_version: str
) -> list[Verdict]:
    """Validate every resource of `files` (folders are searched for YAML) strictly; one verdict for each,
    valid or not.

    `schema_locations` are kubeconform's path templates and must not be empty (it would ask the network);
    `kubernetes_version` is `1.34` or `1.34.0`. Verdicts come in the order of files, kind and name.
    """
    if not schema_locations:
        raise ValueError("kubeconform needs a schema location")
    if not files:
        return []
    version = kubernetes_version if kubernetes_version.count(".") == 2 else f"{kubernetes_version}.0"
    command = [str(program), "-strict", "-verbose", "-output", "json", "-kubernetes-version", version]
    for location in schema_locations:
        command += ["-schema-location", location]
    done = run([*command, "--", *map(str, files)], "kubeconform", accept=(0, 1), confined=True)
    try:
        resources: list[dict[str, Any]] = json.loads(done.stdout)["resources"] or []
    except (ValueError, KeyError, TypeError) as error:
        said = (done.stderr or done.stdout).strip().partition("\n")[0]
        raise ToolError(f"kubeconform printed no result: {said or 'nothing'}") from error
    verdicts = [_verdict(resource) for resource in resources if resource["status"]]  # "" is an empty document
    return sorted(verdicts, key=lambda v: (v.source, v.kind, v.name, v.api_version, v.message))


def kubeconform_texts(
    program: Path, texts: Mapping[str, str], *, schema_locations: Sequence[str], kubernetes_version: str
) -> list[Verdict]:
    """`kubeconform` on YAML streams by name (a unit's build), all in one process; `source` is the name."""
    with tempfile.TemporaryDirectory(prefix="llmstack-") as folder:
        names: dict[str, str] = {}
        for number, (name, text) in enumerate(texts.items()):
            file = Path(folder) / f"{number:06}.yaml"
            file.write_text(text, encoding="utf-8")
            names[str(file)] = name
        verdicts = kubeconform(
            program,
            [Path(folder)] if names else [],
            schema_locations=schema_locations,
            kubernetes_version=kubernetes_version,
        )
    return [replace(verdict, source=names[verdict.source]) for verdict in verdicts]


def _verdict(resource: Mapping[str, Any]) -> Verdict:
    message = resource.get("msg", "")
    status: Status = _STATUSES.get(resource["status"], "error")
    if status == "error" and message.startswith("could not find schema for "):
        status = "no-schema"
    errors = tuple((error["path"], error["msg"]) for error in resource.get("validationErrors") or ())
    return Verdict(
        resource["filename"], resource["version"], resource["kind"], resource["name"], status, message, errors
    )


_STATUSES: dict[str, Status] = {
    "statusValid": "valid",
    "statusInvalid": "invalid",
    "statusSkipped": "skipped",
    "statusError": "error",
}
