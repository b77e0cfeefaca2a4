"""What the units of an environment build to at one revision of the repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from llmstack import tools, yamlio
from llmstack.builds import copied
from llmstack.errors import FoundError
from llmstack.finding import Finding, sort_findings
from llmstack.review.build import Unsupported, build_all
from llmstack.revisions import Revision
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
        raise tools.ToolError(f"{path} at {side.name} is not YAML: {reason}") from error
    resources = listed.get("resources") or [] if isinstance(listed, dict) else None
    if not isinstance(resources, list) or not all(isinstance(entry, str) for entry in resources):
        raise tools.ToolError(f"{path} at {side.name} is not a kustomization with a list of resources")
    for entry in resources:
        if posixpath.normpath(f"{posixpath.dirname(path)}/{entry}").startswith(".."):
            raise tools.ToolError(f"{path} at {side.name} leads out of the repository: {entry}")
    return resources


def refuse_unsafe(side: Revision, environments: Iterable[str]) -> None:
    """Raise FoundError where the units of these environments refer to what a build must not read.

    Nothing is built before. What the aggregates list is followed, and secrets/, which may be in none.
    """
    folders = [f"overlays/{name}{unit}" for name in environments for unit in ("", f"/{secrets.UNIT}")]
    findings = side.look_through(folders).findings
    if findings:
        raise FoundError([_at(finding, side) for finding in sort_findings(findings)])


def _at(finding: Finding, side: Revision) -> Finding:
    """A finding on a revision that is not on disk says which."""
    return replace(finding, message=f"{finding.message} (at {side.commit[:10]})") if side.commit else finding


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
    program = tools.find_tool(tools.KUSTOMIZE, tool_folder)
    reached = side.look_through(list(folders.values()))
    if reached.findings:
        raise FoundError(reached.findings)
    with copied(reached) as root:
        outputs = tools.kustomize_build_all(program, [root / folder for folder in folders.values()])
        return {unit: _objects(side, folder, outputs[root / folder], root) for unit, folder in folders.items()}


def _objects(side: Revision, folder: str, output: str | tools.ToolError, root: Path) -> list[Object]:
    """The objects of a build; ToolError, with paths as we write them, where there are none."""
    if isinstance(output, tools.ToolError):
        raise tools.ToolError(f"{folder} at {side.name}: {str(output).replace(f'{root}/', '')}")
    try:
        return yamlio.load_all(output)
    except yamlio.YAMLError as error:
        raise tools.ToolError(f"{folder} at {side.name}: what kustomize built cannot be read: {error}") from error
