"""The side before a change where nobody could build it: what mends it is reviewed, and what was there is not told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec.structs import replace

from llmstack import programs
from llmstack.errors import FoundError, IrregularFileError
from llmstack.finding import Finding, Severity
from llmstack.kustomize.files import KustomizationError
from llmstack.repository.built import build_units
from llmstack.repository.expected import Units
from llmstack.repository.read import Reading, read_side
from llmstack.repository.snapshot import Snapshot


def read_former(before: Snapshot, environment: str) -> tuple[Reading | None, list[Finding]]:
    """What the values of an environment said before a change; None where it had none that can be read, with what kept
    them from being read: warnings, as they are mended."""
    try:
        return read_side(before, environment), []
    except FoundError as error:
        words = "before this change, {0}: what these values said then is not known"
        found = error.findings
    return None, [replace(each, severity=Severity.WARNING, message=words.format(each.message)) for each in found]


def build_former(
    before: Snapshot, environment: str, folders: Mapping[str, str], tool_folder: Path | None, *, known: Units
) -> tuple[Units, dict[str, str]]:
    """The objects of each unit before a change as `build_units` has them, and by unit why there are none: what nobody
    could build, no sync tool applied, and what runs is what it had applied before. Raises ToolError without kustomize,
    where that is needed."""
    try:
        return build_units(before, environment, folders, tool_folder, known=known), {}
    except (FoundError, IrregularFileError, KustomizationError):
        pass
    except programs.ToolError:
        programs.find_tool(programs.KUSTOMIZE, tool_folder)
    units: dict[str, list[dict[str, object]]] = {}
    refused = {}
    for unit, folder in folders.items():
        one = {unit: folder}
        try:
            _refuse_unsafe(before, folder)
            units |= build_units(before, environment, one, tool_folder, known={**known, **units})
        except (FoundError, KustomizationError, programs.ToolError) as error:
            refused[unit] = str(error).partition("\n")[0]
    return units, refused


def _refuse_unsafe(side: Snapshot, folder: str) -> None:
    found = side.look_through([folder]).findings
    if found:
        raise FoundError(found[:1])
