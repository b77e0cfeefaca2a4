"""The schemas that come with the package: where kubeconform finds them, and Kubernetes' own definitions."""

from __future__ import annotations

import json
import re
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

KUBERNETES_VERSIONS = ("1.32", "1.33", "1.34", "1.35", "1.36", "1.37")
"""The versions that `gitops.kubernetesVersion` may name, oldest first."""

_WORD = re.compile(r"[A-Za-z0-9]{1,63}")
_GROUP = re.compile(r"(?=.{1,100}\Z)[a-z0-9]+(?:[.-][a-z0-9]+)*")

KUBERNETES = "k8s/{{.NormalizedKubernetesVersion}}/{{.ResourceKind}}{{.KindSuffix}}.json"
CUSTOM_RESOURCES = "crds/{{.Group}}/{{.ResourceKind}}_{{.ResourceAPIVersion}}.json"


def folder() -> Path:
    """The folder of this package's data on disk (pip always unpacks a wheel, so it has one)."""
    return Path(str(files(__name__)))


def values_schema() -> str:
    """The JSON Schema of a values file, as `model.json_schema` makes it in a third of a second."""
    return (folder() / "values.schema.json").read_text(encoding="utf-8")


def locations() -> tuple[str, str]:
    """What kubeconform takes as `-schema-location`, in order: Kubernetes' kinds, then custom resources.

    The braces are kubeconform's own templates (its README, "Overriding schemas location").
    """
    return f"{folder()}/{KUBERNETES}", f"{folder()}/{CUSTOM_RESOURCES}"


def full_version(version: str) -> str:
    """`1.34` as kubeconform's `-kubernetes-version` wants it, `1.34.0`; KeyError for one without schemas."""
    if version not in KUBERNETES_VERSIONS:
        raise KeyError(version)
    return f"{version}.0"


@cache
def of_kind(version: str, api_version: str, kind: str) -> dict[str, Any] | None:
    """The schema of a kind in `version` (`1.34`), or of a custom resource; None where the package has none.

    Kubernetes' own refer to `_definitions.json` beside them. The same object each time: not to be changed.
    """
    group, _, last = api_version.rpartition("/")
    if not _WORD.fullmatch(kind) or not _WORD.fullmatch(last) or (group and not _GROUP.fullmatch(group)):
        return None
    short = f"-{group.split('.')[0]}" if group else ""
    own = folder() / "k8s" / f"v{full_version(version)}" / f"{kind.lower()}{short}-{last}.json"
    custom = folder() / "crds" / group / f"{kind.lower()}_{last}.json"
    file = own if own.is_file() else custom
    data: dict[str, Any] | None = json.loads(file.read_bytes()) if file.is_file() else None
    return data


@cache
def versions_of(version: str, kind: str) -> tuple[str, ...]:
    """The apiVersions, the group cut short, under which `of_kind` has a schema of a kind, whatever its group."""
    if not _WORD.fullmatch(kind):
        return ()
    own = (folder() / "k8s" / f"v{full_version(version)}").glob(f"{kind.lower()}-*.json")
    names = [file.stem.removeprefix(f"{kind.lower()}-").replace("-", "/") for file in own]
    custom = (folder() / "crds").glob(f"*/{kind.lower()}_*.json")
    return (*sorted(names), *sorted(f"{file.parent.name}/{file.stem.rpartition('_')[2]}" for file in custom))


@cache
def definitions(version: str) -> dict[str, Any]:
    """Kubernetes' types in `version` (`1.34`), as `{"definitions": {"io.k8s.api.core.v1.Pod": …}}`.

    KeyError for a version without schemas. The same object each time: not to be changed.
    """
    path = folder() / "k8s" / f"v{full_version(version)}" / "_definitions.json"
    data: dict[str, Any] = json.loads(path.read_bytes())
    return data
