"""One revision of what the sync tool of a cluster reads, and what may become of a unit between two of them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Literal

from msgspec import Struct, field
from msgspec.structs import replace

from llmstack.kubernetes.pods import Object
from llmstack.sync import argo, flux
from llmstack.sync.folders import Listing
from llmstack.sync.git_entries import Tree
from llmstack.sync.local import CLUSTERS, SOURCEIGNORE, local_path
from llmstack.sync.made import FIELDS, make_of, stated
from llmstack.sync.manifests import Build, Identity, Manifest, identify
from llmstack.sync.owner import TOOL_NAMES, Key, Owner, Tool, is_under

Action = Literal["pruned", "adopted", "added", "moved", "blocked"]
Cause = Literal[
    "comes",
    "goes",
    "stopped",
    "source",
    "folder",
    "cluster",
    "names",
    "contents",
    "passes",
    "shares",
    "loose",
    "asked",
    "terms",
]
"""What is behind an action, for what is to be done: an owner comes or goes, is stopped, follows another source, builds
another folder, applies to another cluster, gives its objects other names, makes something else of them, loses some to
another one, has the same as another one; objects without an owner come and go; which owners there
are is asked for at run time; or an owner says otherwise what does nothing to its objects now."""


class Side(Struct, frozen=True):
    """What the tools read for one cluster at one revision."""

    listing: Listing = field(default_factory=Listing)
    paths: frozenset[str] = frozenset()
    """The files below clusters/<cluster>/."""
    root: str = ""
    """That folder, from the root of the Git repository."""
    objects_of: Build = lambda path: None
    holds: Callable[[str], bool] = lambda path: False
    """Whether a folder is in this repository."""
    files_of: Callable[[str], Collection[str]] = lambda path: ()
    """The files that a build of a folder reads, from the root of the repository; none where that is not known."""
    tree: Tree = field(default_factory=Tree)
    """What generators of Applications read."""
    is_made: Callable[[str], bool] = lambda path: False
    """Whether what its owner makes of the objects of a folder is in them."""
    ignored: str = ""
    """The patterns of the repository's .sourceignore files, from its root."""

    def owners(self, former: Mapping[Key, Owner] | None = None) -> dict[Key, Owner]:
        """Those among its objects; `former` are those that were there before."""
        manifests = self.listing.manifests
        found = (*map(self._of_tree, flux.owners(manifests)), *argo.owners(manifests, self.tree, former))
        return {owner.key: owner for owner in found}

    def _of_tree(self, owner: Owner) -> Owner:
        """An owner of Flux whose source leaves out what this repository tells it to."""
        if not self.ignored or owner.source is None or not self.holds(owner.path):
            return owner
        filters = {**owner.source.filters, SOURCEIGNORE: self.ignored}
        return replace(owner, source=replace(owner.source, filters=filters))

    def root_of(self, owners: Mapping[Key, Owner]) -> Owner | None:
        """The Kustomization that applies the folder of the cluster itself, where it is among the objects."""
        return next((each for each in owners.values() if each.path == self.root and each.tool == "flux"), None)

    def appliers(self, owners: Mapping[Key, Owner]) -> Mapping[str, Owner]:
        """By folder of clusters/ who applies what stands in it: Flux that of the cluster, Argo CD that of an
        environment."""
        root = self.root_of(owners)
        apps = {local_path(each.path): each for each in owners.values() if each.tool == "argo"}
        found = {path: each for path, each in apps.items() if is_under(path, [CLUSTERS])}
        return found if root is None else {**found, local_path(self.root): root}

    def sets(self) -> frozenset[str]:
        """The ApplicationSets that are there."""
        return argo.sets(self.listing.manifests)

    def unread_sets(self) -> Mapping[str, Manifest]:
        """Those of whose Applications only the cluster knows which there are."""
        return argo.unread_sets(self.listing.manifests, self.tree)


class OwnerChange(Struct, frozen=True):
    """One unit whose owner changes, and what that does to its objects."""

    tool: Tool
    unit: str
    """The owner's name, `prod.models.llama`; the folder of the cluster for what stands in it directly."""
    action: Action
    cause: Cause
    by: str
    """What does it: a folder, a file, an object, another owner."""
    objects: int | None
    """How many objects are behind it; None where that is not known."""
    why: str
    """The rest of a sentence that begins with the unit."""
    file: str
    path: str = ""
    """The folder that the unit builds."""
    deletes: bool = False
    """Whether objects in the cluster are deleted, or may be."""
    gone: tuple[Identity, ...] = ()
    """The objects that are deleted, or may be."""

    @property
    def tool_name(self) -> str:
        return TOOL_NAMES[self.tool]

    @property
    def shared_why(self) -> str:
        """The same words for all units that share a cause: no folder and no file of their own in it."""
        why = self.why.replace(f"`{self.path}`", "its folder") if self.path else self.why
        return why.replace(f"`{self.file}`", "its file") if self.file else why


def as_made(side: Side) -> Side:
    """The side with what the Kustomization of the cluster's folder makes of the objects in it, where that can be
    told."""
    specs = [own[1] for each in side.listing.manifests if (own := stated(each.object)) and own[0] == side.root]
    if len(specs) != 1 or not any(map(specs[0].get, FIELDS)):
        return side
    made = make_of(specs[0], [each.object for each in side.listing.manifests])
    if made is None:
        return side
    files = {identify(each.object): each.path for each in side.listing.manifests}
    manifests = tuple(Manifest(files.get(identify(each), side.root), each) for each in made)
    root, is_made = side.root, side.is_made
    return replace(
        side,
        listing=replace(side.listing, manifests=manifests),
        is_made=lambda path: path == root or is_made(path),
    )


def owner_change(
    owner: Owner,
    action: Action,
    cause: Cause,
    by: str,
    objects: Sequence[Object] | None,
    why: str,
    *,
    deletes: bool = False,
    gone: tuple[Identity, ...] = (),
    count: int | None = None,
) -> OwnerChange:
    """What becomes of a unit; `count` where not all of its objects are concerned."""
    number = count if count is not None else None if objects is None else len(objects)
    return OwnerChange(owner.tool, owner.name, action, cause, by, number, why, owner.file, owner.path, deletes, gone)


def by_identity(objects: Sequence[Object] | None) -> Mapping[Identity, Object]:
    return {identify(object): object for object in objects or ()}
