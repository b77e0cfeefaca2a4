"""What the units of an environment build to at a snapshot of the repository."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from posixpath import dirname
from typing import Any

from msgspec import Struct

from llmstack import programs, yamlio
from llmstack.errors import FoundError
from llmstack.finding import Finding, Place, sort_findings
from llmstack.kubernetes.schema import Problem
from llmstack.kubernetes.sound import left_out, sound
from llmstack.kustomize.build import Missing, Unsupported, build_all
from llmstack.kustomize.files import KustomizationError
from llmstack.kustomize.reached import Reached
from llmstack.repository.commit import Commit
from llmstack.repository.copied import copied
from llmstack.repository.expected import Units
from llmstack.repository.snapshot import Snapshot
from llmstack.review.compare import Unread
from llmstack.secrecy.masking import mask_text
from llmstack.sync.manifests import Identity, identify
from llmstack.tree.secrets import without_sops
from llmstack.tree.units import SECRETS

_MOST = 100
"""Findings on objects of a side, at most."""


class Sound(Struct, frozen=True):
    """Units without what the API server could not read of their objects, and what that is."""

    units: Units
    unread: Unread
    findings: list[Finding]
    """On each such field."""


def leave_out_unsound(units: Units, folders: Mapping[str, str], judged: Collection[str] = ()) -> Sound:
    """Return the units without what the API server could not read of their objects; in those that are `judged` there is
    nothing of that kind."""
    kept: dict[str, list[dict[str, Any]]] = {}
    unread: dict[Identity, tuple[Problem, ...]] = {}
    findings: list[Finding] = []
    for unit, objects in units.items():
        if unit in judged:
            kept[unit] = objects
            continue
        read = [(item, *sound(item)) for item in objects]
        kept[unit] = [dict(object) for _, object, _ in read if object is not None]
        unread |= {identify(object): tuple(found) for _, object, found in read if object is not None and found}
        place = Place(f"{folders[unit]}/kustomization.yaml")
        findings += [left_out(item, problem, place) for item, _, problems in read for problem in problems]
    return Sound(kept, unread, sort_findings(findings[:_MOST]))


def build_units(
    snapshot: Snapshot, environment: str, folders: Mapping[str, str], tool_folder: Path | None, *, known: Units
) -> dict[str, list[dict[str, Any]]]:
    """The objects of each unit, `folders` by unit.

    Those that are `known` are not built; the others in process, and by kustomize itself what only that can build.
    Secrets that SOPS encrypted are without its block, which never reaches a cluster.
    """
    units = {unit: known[unit] for unit in folders if unit in known}
    rest = {unit: folder for unit, folder in folders.items() if unit not in units}
    if rest:
        snapshot.load([*rest.values(), *_own_units(rest, environment), f"overlays/{environment}/engine", "base"])
    built, hard = _build_in_process(snapshot, rest)
    units |= built
    if hard:
        units |= _build_with_kustomize(snapshot, hard, tool_folder)
    if SECRETS in units:
        units[SECRETS] = [without_sops(object) for object in units[SECRETS]]
    return units


def _own_units(folders: Mapping[str, str], environment: str) -> list[str]:
    """The generated units under overlays of people's own."""
    return [f"overlays/{environment}/{unit}" for unit, folder in folders.items() if folder.startswith("custom/")]


def _build_in_process(snapshot: Snapshot, folders: Mapping[str, str]) -> tuple[Units, dict[str, str]]:
    """What can be built here, together where that works; and the folders that only kustomize can build."""

    def read(path: str) -> str | None:
        if snapshot.resolve(path) != path:
            raise Unsupported(f"{path} is reached through a link")  # which must not lead out of its kustomization
        return snapshot.read(path)

    try:
        built = build_all(read, folders.values())
        return {unit: built[folder] for unit, folder in folders.items()}, {}
    except Unsupported:
        units, hard = {}, {}
        for unit, folder in folders.items():
            try:
                units[unit] = build_all(read, [folder])[folder]
            except Missing as error:
                raise KustomizationError(_say_missing(snapshot, folder, error.path)) from error
            except Unsupported:
                hard[unit] = folder
        return units, hard


def _say_missing(snapshot: Snapshot, folder: str, path: str) -> str:
    """Why a unit cannot be built, and what is likely to have happened."""
    needed = "" if path == folder else f", and {folder} needs it"
    if isinstance(snapshot, Commit):
        return (
            f"{path} is not in commit {snapshot.name}{needed}: was `git add` forgotten? `git add --all` takes new files"
        )
    if snapshot.tops is None:
        return f"{path} is not there{needed}"
    return f"{path} is not there{needed}: run `llmstack gen`, or correct the overlay in custom/"


def build_folder(snapshot: Snapshot, folder: str, tool_folder: Path | None) -> list[dict[str, Any]] | None:
    """The objects of any folder; None where it must not be built, or there is no kustomize to ask.

    Raises KustomizationError, with its words, for what kustomize itself cannot build.
    """
    units, hard = _build_in_process(snapshot, {folder: folder})
    if not hard:
        return list(units[folder])
    try:
        programs.find_tool(programs.KUSTOMIZE, tool_folder)
    except programs.ToolError:
        return None
    try:
        return _build_with_kustomize(snapshot, hard, tool_folder)[folder]
    except FoundError:
        return None
    except programs.ToolError as error:
        raise _refused(error) from error


def _refused(error: programs.ToolError) -> KustomizationError:
    """What kustomize says first, without the secrets that it repeats."""
    return KustomizationError(mask_text(str(error).partition("\n")[0]))


def build_files(snapshot: Snapshot, paths: Sequence[str], tool_folder: Path | None) -> list[dict[str, Any]] | None:
    """What kustomize makes of files together; None and KustomizationError as of a folder."""
    try:
        program = programs.find_tool(programs.KUSTOMIZE, tool_folder)
    except programs.ToolError:
        return None
    names = {f"{number}.yaml": snapshot.read_bytes(path) or b"" for number, path in enumerate(paths)}
    listed = f"resources: [{', '.join(names)}]\n".encode()
    with copied(Reached({"kustomization.yaml": listed, **names})) as root:
        output = programs.kustomize_build_all(program, [root], files=len(names))[root]
    try:
        return _objects(snapshot, dirname(paths[0]), output, root)
    except programs.ToolError as error:
        raise _refused(error) from error


def _build_with_kustomize(
    snapshot: Snapshot, folders: Mapping[str, str], tool_folder: Path | None
) -> dict[str, list[dict[str, Any]]]:
    """The objects of units that kustomize has to build, from a copy of the tree as it stands there."""
    program = programs.find_tool(programs.KUSTOMIZE, tool_folder)
    reached = snapshot.look_through(list(folders.values()))
    if reached.findings:
        raise FoundError(reached.findings)
    with copied(reached) as root:
        tops = [root / folder for folder in folders.values()]
        outputs = programs.kustomize_build_all(program, tops, files=len(reached.files))
        return {unit: _objects(snapshot, folder, outputs[root / folder], root) for unit, folder in folders.items()}


def _objects(snapshot: Snapshot, folder: str, output: str | programs.ToolError, root: Path) -> list[dict[str, Any]]:
    """The objects of a build; ToolError, with paths as we write them, where there are none."""
    place = folder if snapshot.tops is None else f"{folder} at {snapshot.name}"
    if isinstance(output, programs.ToolError):
        raise programs.ToolError(f"{place}: {mask_text(str(output).replace(f'{root}/', ''))}")
    try:
        return yamlio.load_all(output)
    except yamlio.YAMLError as error:
        raise programs.ToolError(f"{place}: what kustomize built cannot be read: {error}") from error
