"""clusters/<cluster>/<env>/: what Flux or Argo CD reads. The table of sync tools, and the files they make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

from llmstack import yamlio
from llmstack.model.stack import Stack
from llmstack.objects.placed import Object, Placed
from llmstack.tree import argo, flux
from llmstack.tree.sync_unit import Clusters, sync_units
from llmstack.tree.unit import KUSTOMIZATION, Files

SYNC_TOOLS: Mapping[str, Callable[[Clusters], Iterator[tuple[str, Object]]]] = {
    "flux": flux.lay_out,
    "argo": argo.lay_out,
}
"""By `gitops.sync.tool`: what yields an environment's files, each a path in its folder and the object in it."""


def sync_objects(
    environment: str,
    stack: Stack,
    objects: Iterable[Placed],
    files: Mapping[str, str],
    *,
    units: Collection[str],
    custom: Collection[str],
) -> dict[str, Object]:
    """What the sync tool reads of an environment, by path; nothing without a tool, a cluster or a repository.

    `files` holds the texts of base/ and of the environment's overlay.
    """
    sync = stack.gitops.sync
    if sync.tool not in SYNC_TOOLS or not sync.cluster or not sync.repo_url:
        return {}
    clusters = Clusters(environment, stack, sync_units(environment, objects, files, units, custom))
    root = f"clusters/{sync.cluster}/{environment}"
    return {f"{root}/{path}": object for path, object in SYNC_TOOLS[sync.tool](clusters)}


def write_clusters(environment: str, stack: Stack, objects: Mapping[str, Object], header: str) -> Files:
    """The files of clusters/<cluster>/<env>/.

    A kustomization lists them all, so that whatever applies clusters/<cluster>/ finds each environment of the cluster.
    """
    if not objects:
        return {}
    root = f"clusters/{stack.gitops.sync.cluster}/{environment}"
    body = {**KUSTOMIZATION, "resources": sorted(path.removeprefix(f"{root}/") for path in objects)}
    texts = {f"{root}/kustomization.yaml": header + yamlio.dump(body)}
    return texts | {path: header + yamlio.dump(object) for path, object in objects.items()}
