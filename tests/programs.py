"""Real programs, as tests call them."""

from __future__ import annotations

from pathlib import Path

from llmstack.programs import ToolError, kustomize_build_all


def kustomize_build(program: Path, folder: Path) -> str:
    """What `kustomize build` of one folder prints; raises ToolError with what it says."""
    output = kustomize_build_all(program, [folder])[folder]
    if isinstance(output, ToolError):
        raise output
    return output
