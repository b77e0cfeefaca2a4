"""Everything that is generated for one environment, and where it stands."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from llmstack.model.stack import Stack
from llmstack.objects.placed import Placed
from llmstack.tree.base import Base
from llmstack.tree.overlays import lay_out_overlay
from llmstack.tree.unit import Files


@dataclass(frozen=True)
class Layout:
    """The files of one environment, and the names of its units."""

    files: Files
    units: frozenset[str]


def lay_out_environment(
    environment: str,
    stack: Stack,
    base: Base,
    objects: Iterable[Placed],
    *,
    custom: Collection[str],
    header: str,
) -> Layout:
    """Lay out overlays/<env>/ (and, with a sync tool, clusters/<cluster>/<env>/) from the stack and its objects."""
    files = lay_out_overlay(environment, stack, base, objects, custom=custom, header=header)
    root = f"overlays/{environment}/"
    units = frozenset(
        path.removeprefix(root).removesuffix("/kustomization.yaml")
        for path in files
        if path.endswith("/kustomization.yaml") and path != f"{root}kustomization.yaml"
    )
    return Layout(files, units - {"engine"})
