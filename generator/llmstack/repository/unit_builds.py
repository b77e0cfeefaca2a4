"""What kustomize makes of the units in a copy of a repository's files."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from typing import Any

from msgspec import Struct

from llmstack import programs, yamlio
from llmstack.progress import Step
from llmstack.repository.shards import build_in_shards
from llmstack.secrecy.masking import mask_text
from llmstack.tree.secrets import without_sops


class Copy(Struct, frozen=True):
    """A copy in `root`, of so many files; `step` is told how far its builds are."""

    root: Path
    files: int
    is_current: bool
    """Whether the tree is as the values generate it: its units are then built many at a time."""
    step: Step

    def build(self, kustomize: Path, folders: Collection[str]) -> dict[str, str | programs.ToolError]:
        """What kustomize prints for each folder, or says of it, with paths as we write them."""
        together = [folder for folder in folders if self.is_current and folder.startswith("overlays/")]
        found = build_in_shards(kustomize, self.root, together, self.step)
        alone = [self.root / folder for folder in folders if folder not in found]
        outputs = programs.kustomize_build_all(kustomize, alone, self.step, files=self.files)
        found |= {path.relative_to(self.root).as_posix(): output for path, output in outputs.items()}
        return {folder: _with_our_paths(found[folder], self.root) for folder in folders}


def _with_our_paths(output: str | programs.ToolError, root: Path) -> str | programs.ToolError:
    return output if isinstance(output, str) else programs.ToolError(mask_text(_from_root(str(output), root)))


def as_applied(output: str | programs.ToolError) -> str:
    """What kustomize built, with Secrets that SOPS encrypted as Kubernetes will get them. All else stays as it is.

    Raises the ToolError that stands in a build's place, and one for what cannot be read.
    """
    if isinstance(output, programs.ToolError):
        raise output
    if "\nsops:" not in output:
        return output
    return "---\n".join(yamlio.dump(without_sops(object)) for object in load_built(output))


def load_built(output: str) -> list[Any]:
    """The objects that kustomize built; ToolError where they cannot be read."""
    try:
        return yamlio.load_all(output)
    except yamlio.YAMLError as error:
        raise programs.ToolError(f"what kustomize built cannot be read: {error}") from error


def _from_root(text: str, root: Path) -> str:
    """A program's words with paths as we write them, from the root."""
    return text.replace(f"{root.resolve()}/", "").replace(f"{root}/", "")
