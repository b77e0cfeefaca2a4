"""Files by which Argo CD makes something else of what it builds than stands there, images too.

`.argocd-source.yaml` and `.argocd-source-<application>.yaml` beside a kustomization (Argo CD, "Parameter Overrides",
"Store Overrides In Git"), and there any name that ends in `Chart.yaml`, which may make a chart of the folder (argo-cd,
util/app/discovery/discovery.go: the last file decides). Flux does not read them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from llmstack.errors import IrregularFileError
from llmstack.finding import Finding
from llmstack.kustomize.files import is_kustomization
from llmstack.kustomize.texts import irregular_file
from llmstack.repository.snapshot import Snapshot


def is_override(path: str, beside: Iterable[str]) -> bool:
    """Whether a file is one, by its path and the names of what is beside it."""
    name = path.rpartition("/")[2]
    if not name.endswith("Chart.yaml"):
        return name.startswith(".argocd-source")
    return any(map(is_kustomization, beside))


def find_overrides(snapshot: Snapshot, folders: Iterable[str]) -> Iterator[Finding]:
    """Yield a finding on each such file of folders that are built."""
    for folder in folders:
        names = list(snapshot.entries(folder))
        yield from (refused_override(path) for name in names if is_override(path := f"{folder}/{name}", names))


def refused_override(path: str) -> Finding:
    """The finding on one."""
    error = IrregularFileError("a file by which Argo CD builds something else than what is reviewed")
    return irregular_file(path, error)
