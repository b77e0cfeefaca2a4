"""What applies a folder of the repository: a Kustomization of Flux, an Application of Argo CD."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Tool = Literal["flux", "argo"]


@dataclass(frozen=True, slots=True)
class Source:
    """Where an owner's folder comes from: the repository's URL, and the branch, tag or commit."""

    url: str
    revision: str

    def __str__(self) -> str:
        return f"{self.url} at {self.revision}" if self.revision else self.url


@dataclass(frozen=True, slots=True)
class Owner:
    """One unit as the sync tool knows it."""

    tool: Tool
    kind: str
    """Kustomization, or Application."""
    namespace: str
    name: str
    path: str
    """The folder that it builds, from the root of its repository, without `./`."""
    source: Source | None
    """None where the source that it names is not among the objects of clusters/."""
    prunes: bool
    """Whether it deletes what leaves its folder."""
    deletes: bool
    """Whether what it applied is deleted together with it."""
    stands: bool
    """Whether it stays in the cluster when it leaves the repository."""
    file: str
    suspended: bool = False
    awaits: tuple[str, ...] = ()
    """Owners that must be ready before it is applied: `namespace/name`."""
    set_name: str | None = None
    """The ApplicationSet that makes it."""
    set_stands: bool = False
    """Whether that ApplicationSet stays when it leaves the repository."""
    refused_by: str | None = None
    """The AppProject that does not let it apply anything."""

    @property
    def key(self) -> tuple[str, str, str]:
        return self.kind, self.namespace, self.name

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def title(self) -> str:
        return f"{self.kind}/{self.name}"


def clean(path: object) -> str:
    """A folder of the repository without `./` and `/` at its ends; empty for the root."""
    return posixpath.normpath(f"/{path or ''}").strip("/")


def is_under(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
