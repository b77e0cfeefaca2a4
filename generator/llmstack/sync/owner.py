"""What applies a folder of the repository: a Kustomization of Flux, an Application of Argo CD."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import astuple

from llmstack.tree.argo import CLUSTER, CLUSTER_NAME

Tool = Literal["flux", "argo"]
TOOL_NAMES: Mapping[Tool, str] = {"flux": "Flux", "argo": "Argo CD"}
Key = tuple[str, str, str]
"""Kind, namespace and name of an owner."""
Left = Literal["", "kept", "unclear"]
"""Whether changed fields of an owner stay as they are."""


class Source(Struct, frozen=True):
    """Where an owner's folder comes from: the repository's URL, and the branch, tag or commit."""

    url: str
    revision: str
    filters: Mapping[str, Any] = field(default_factory=dict)
    """Its fields that say which files of the repository it takes (`sync/taken.py`)."""
    proof: str = ""
    """What it asks for before it takes a commit: credentials, signatures; as text to compare."""
    stopped: str = ""
    """Why no commit reaches those that follow it, as the rest of a sentence; empty where commits do."""

    def __str__(self) -> str:
        return f"{self.url} at {self.revision}" if self.revision else self.url


def short_revision(name: object) -> str:
    """A branch or a tag by its own name, however it is written: `refs/heads/main` is `main`."""
    return str(name or "").removeprefix("refs/heads/").removeprefix("refs/tags/")


class ProjectRules(Struct, frozen=True):
    """Kinds that an AppProject allows and denies, and the places that it allows, as it lists them; None for a list of
    kinds that is not there."""

    places: Sequence[Any]
    allowed: Sequence[Any] | None
    denied: Sequence[Any] | None
    allowed_of_cluster: Sequence[Any] | None
    denied_of_cluster: Sequence[Any] | None


class Owner(Struct, frozen=True, eq=False):
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
    source_name: str
    """What it calls its source: `GitRepository/flux-system/llmstack-prod`, or a URL."""
    prunes: bool
    """Whether it deletes what leaves its folder."""
    deletes: bool
    """Whether what it applied is deleted together with it."""
    stands: bool
    """Whether it stays in the cluster when it leaves the repository."""
    file: str
    suspended: bool = False
    """Whether it applies nothing by itself, by its own specification."""
    forces: bool = False
    """Whether it deletes and makes anew what the API refuses to change."""
    server_side: bool = True
    """Whether it applies on the server's side, as Flux always does."""
    alters: str = ""
    """What it makes of its folder's objects before it applies them, as text to compare."""
    renames: str = ""
    """The part of that which gives objects another name or namespace."""
    place: str = ""
    """The cluster that it applies to; empty for its own."""
    acts_as: str = ""
    """The ServiceAccount as which it applies; empty for the tool's own."""
    checks: bool = False
    """Whether it waits until what it applied is healthy, and holds a worker as long."""
    watches: frozenset[str] = frozenset()
    """The objects whose health it looks at, as it names them: `Kind/name`."""
    timeout: int | None = None
    """For how many seconds at most."""
    awaits: tuple[str, ...] = ()
    """Owners that must be ready before it is applied: `namespace/name`."""
    set_name: str | None = None
    """The ApplicationSet that makes it."""
    set_stands: bool = False
    """Whether that ApplicationSet stays when it leaves the repository."""
    refused_by: str | None = None
    """The AppProject that does not let it apply anything."""
    project: str = ""
    """The AppProject that bounds it."""
    rules: ProjectRules | None = None
    """What that lets it apply, and where; None where all."""
    destination: Mapping[str, Any] = field(default_factory=dict)
    """The cluster and the namespace that an Application names."""
    beside: tuple[tuple[str, str, str], ...] = ()
    """Its further sources, in no order: the folder of each, where that is from, and what else is said of it."""
    set_lasts: bool = False
    """Whether that ApplicationSet changes no Application that is there."""
    ignores: tuple[Any, ...] = ()
    """Its rules on fields that stay as they are in the cluster (`sync/ignored.py`)."""
    overlooks: str = ""
    """Its rules on differences that it looks past, those for the replicas of a scaler apart, as text to compare."""
    timing: str = ""
    """When its project lets it sync, or its ApplicationSet has it synced, as text to compare; empty for always."""
    watched: tuple[str, ...] = ()
    """The files and folders in which Argo CD looks for what changes for it; empty for every one."""
    unread: Mapping[str, Any] = field(default_factory=dict)
    """By its place what it says beside, which no rule reads (`sync/fields.py`)."""
    left: Left = ""
    """Whether its ApplicationSet leaves changed fields of it as they are (`ignoreApplicationDifferences`), or may."""
    application: Mapping[str, Any] = field(default_factory=dict)
    """The Application that its ApplicationSet makes."""

    def __eq__(self, other: object) -> bool:
        """Whether both say the same themselves: the last two fields are what an ApplicationSet makes of them."""
        return isinstance(other, Owner) and astuple(self)[:-2] == astuple(other)[:-2]

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def key(self) -> Key:
        return self.kind, self.namespace, self.name

    @property
    def id(self) -> str:
        return f"{self.namespace}/{self.name}"

    @property
    def title(self) -> str:
        return f"{self.kind}/{self.name}"

    @property
    def judges_health(self) -> bool:
        """Whether it is known by which rules it takes custom resources for healthy."""
        return "spec.healthCheckExprs" not in self.unread

    def leaves(self, former: Owner) -> bool:
        """Whether it applies to another cluster than it did, and not to the one that it is in itself."""
        return self.place != former.place and self.place not in _OWN


_OWN = ("", CLUSTER, CLUSTER_NAME)
"""What an owner calls the cluster that it is in."""


def clean(path: object) -> str:
    """A folder of the repository without `./` and `/` at its ends; empty for the root."""
    return posixpath.normpath(f"/{path or ''}").strip("/")


def is_under(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in folders)
