"""Everything that is generated for one environment, and where it stands."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from llmstack.model.stack import Stack
from llmstack.objects.placed import Placed
from llmstack.tree import secrets
from llmstack.tree.base import Base
from llmstack.tree.overlays import aggregate, lay_out_overlay
from llmstack.tree.requirements_page import requirements_page
from llmstack.tree.sync import sync_objects, write_clusters
from llmstack.tree.unit import Files
from llmstack.tree.units import SECRETS


class Layout(Struct, frozen=True):
    """The files of one environment, and the names of its units."""

    files: Files
    units: frozenset[str]


def lay_out_environment(
    environment: str,
    stack: Stack,
    base: Base,
    objects: Sequence[Placed],
    *,
    custom: Collection[str],
    encrypted: Mapping[str, str],
    header: str,
) -> Layout:
    """Lay out overlays/<env>/ (and, with a sync tool, clusters/<cluster>/<env>/) from the stack and its objects.

    `custom` names the units that people build on, `encrypted` holds the texts of the files in secrets/ by name.
    """
    overlay = lay_out_overlay(environment, stack, base, objects, header=header)
    found = secrets.manifests(stack, encrypted)
    overlay |= secrets.lay_out_secrets(environment, found, header)
    units = frozenset(path.split("/", 2)[2].rpartition("/")[0] for path in overlay) - {"engine"}
    aggregated = units - {SECRETS} if stack.gitops.secrets.backend == "sops" else units
    overlay |= aggregate(environment, aggregated, custom, header)
    synced = sync_objects(
        environment,
        stack,
        [*objects, *(manifest.placed for manifest in found)],
        base.files | overlay,
        units=units,
        custom=custom,
    )
    page = requirements_page(environment, stack, objects, found, synced.values(), header)
    files = overlay | write_clusters(environment, stack, synced, header)
    return Layout(files | {f"overlays/{environment}/REQUIREMENTS.md": page}, units)
