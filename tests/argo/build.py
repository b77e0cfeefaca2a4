"""Argo CD and helm-controller, built from Go modules beside the programs of a cluster: `python -m tests.argo.build`.

One binary has all of Argo CD's commands, by the name that `ARGOCD_BINARY_NAME` gives (argo-cd, cmd/main.go). Argo CD has
its gitops-engine in a folder of its repository that no module of its carries: modules/argo-cd/go.mod takes the version of
that folder that the module proxy has, and repeats the other `replace` lines of Argo CD's own go.mod.
"""

from __future__ import annotations

from pathlib import Path

from tests.cluster.build import PROGRAMS, Program, build_all, module_folder

MODULES = Path(__file__).parent / "modules"
ARGO_CD = "github.com/argoproj/argo-cd/v3"
OURS = (
    Program("argo-cd", f"{ARGO_CD}/cmd", called="argocd", modules=MODULES),
    Program("argo-cd", "./redis", modules=MODULES),
    Program("helm-controller", "github.com/fluxcd/helm-controller"),
)


def build() -> dict[str, Path]:
    """The path of every program by name, those of a control plane, Flux and Helm among them."""
    return build_all((*PROGRAMS, *OURS))


def sources() -> Path:
    """Argo CD's own repository, of the version that is built: its custom resources, and a script of its image."""
    return module_folder("argo-cd", ARGO_CD, MODULES)


if __name__ == "__main__":
    for path in build().values():
        print(path)
