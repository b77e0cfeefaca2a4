"""What the units of an environment build to at one revision of the repository."""

from __future__ import annotations

import posixpath
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from llmstack import programs, yamlio
from llmstack.kustomize.build import Unsupported, build_all
from llmstack.repository.snapshot import Revision
from llmstack.tree import secrets

Object = dict[str, Any]
Units = Mapping[str, list[Object]]


def unit_folders(side: Revision, environment: str) -> dict[str, str]:
    """Folder by unit, as the environment's aggregate lists them; secrets/ too where the aggregate leaves it out.

    Raises ToolError for an aggregate that kustomize could not read.
    """
    root = f"overlays/{environment}"
    folders = [posixpath.normpath(f"{root}/{entry}") for entry in _resources(side, f"{root}/kustomization.yaml")]
    if side.read(f"{root}/secrets/kustomization.yaml") is not None and f"{root}/secrets" not in folders:
        folders.append(f"{root}/secrets")
    prefixes = (f"{root}/", f"custom/{environment}/")
    return {folder.removeprefix(prefixes[0]).removeprefix(prefixes[1]): folder for folder in folders}


def _resources(side: Revision, path: str) -> list[str]:
    """What a kustomization lists; nothing where there is none."""
    try:
        listed = yamlio.load(side.read(path) or "") or {}
    except (yamlio.YAMLError, ValueError, RecursionError) as error:
        reason = str(error).partition("\n")[0]
        raise programs.ToolError(f"{path} at {side.name} is not YAML: {reason}") from error
    resources = listed.get("resources") or [] if isinstance(listed, dict) else None
    if not isinstance(resources, list) or not all(isinstance(entry, str) for entry in resources):
        raise programs.ToolError(f"{path} at {side.name} is not a kustomization with a list of resources")
    for entry in resources:
        if posixpath.normpath(f"{posixpath.dirname(path)}/{entry}").startswith(".."):
            raise programs.ToolError(f"{path} at {side.name} leads out of the repository: {entry}")
    return resources


def build_units(
    side: Revision, environment: str, folders: Mapping[str, str], tool_folder: Path | None, *, known: Units
) -> Units:
    """The objects of every unit: those that are known already, the others built in process, and by kustomize itself
    what only that can build. Secrets that SOPS encrypted are without its block, which never reaches a cluster."""
    units = {unit: known[unit] for unit in folders if unit in known}
    rest = {unit: folder for unit, folder in folders.items() if unit not in units}
    if rest:
        side.load([*rest.values(), *_own_units(rest, environment), f"overlays/{environment}/engine", "base"])
    hard = {}
    try:
        built = build_all(side.read, rest.values())
        units |= {unit: built[folder] for unit, folder in rest.items()}
    except Unsupported:
        for unit, folder in rest.items():
            try:
                units[unit] = build_all(side.read, [folder])[folder]
            except Unsupported:
                hard[unit] = folder
    if hard:
        units |= _build_with_kustomize(side, environment, hard, tool_folder)
    if secrets.UNIT in units:
        units[secrets.UNIT] = [secrets.without_sops(object) for object in units[secrets.UNIT]]
    return units


def _own_units(folders: Mapping[str, str], environment: str) -> list[str]:
    """The generated units under overlays of people's own."""
    return [f"overlays/{environment}/{unit}" for unit, folder in folders.items() if folder.startswith("custom/")]


def _build_with_kustomize(
    side: Revision, environment: str, folders: Mapping[str, str], tool_folder: Path | None
) -> Units:
    """The objects of units that kustomize has to build, from a copy of the tree as it stands on this side."""
    program = programs.find_tool(programs.KUSTOMIZE, tool_folder)
    with tempfile.TemporaryDirectory(prefix="llmstack-") as root:
        for top in ("base", f"overlays/{environment}", f"custom/{environment}"):
            for path, content in side.files(top).items():
                target = Path(root) / path
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content)
        outputs = programs.kustomize_build_all(program, [Path(root) / folder for folder in folders.values()])
        units = {}
        for unit, folder in folders.items():
            output = outputs[Path(root) / folder]
            if isinstance(output, programs.ToolError):
                raise programs.ToolError(f"{folder} at {side.name}: {str(output).replace(f'{root}/', '')}")
            units[unit] = yamlio.load_all(output)
    return units
