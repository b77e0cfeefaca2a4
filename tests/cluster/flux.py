"""Flux on a control plane: source-controller, kustomize-controller and helm-controller as plain programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmstack.tree.flux import NAMESPACE
from tests.cluster.kubectl import Kubectl, Object, condition, namespace, wait_until
from tests.cluster.processes import HOST, answers_at, free_port, running, wait_for

CONCURRENT = 20
"""More Kustomizations at once than any check has: a health check holds a worker."""


SHARD = "sharding.fluxcd.io/key"
"""The label by which controllers share Kustomizations."""
ROOT = "flux-system"
"""What `flux bootstrap` calls its GitRepository and Kustomization."""


@dataclass(frozen=True)
class Storage:
    """Where source-controller keeps artifacts, and serves them."""

    folder: Path
    address: str


@contextmanager
def flux(programs: Mapping[str, Path], kubectl: Kubectl, folder: Path) -> Iterator[Storage]:
    """Run the controllers while the block runs, with artifacts and logs in `folder`; their definitions are there."""
    kubectl.apply([namespace(NAMESPACE)], manager="tests")
    storage = Storage(folder / "artifacts", f"{HOST}:{free_port()}")
    storage.folder.mkdir()
    with ExitStack() as stack:
        served = {"storage-path": storage.folder, "storage-addr": storage.address, "storage-adv-addr": storage.address}
        stack.enter_context(_controller(programs["source-controller"], kubectl, folder, served, {}))
        rest = {"concurrent": CONCURRENT, "watch-label-selector": f"!{SHARD}"}
        stack.enter_context(_kustomize_controller(programs, kubectl, folder, storage, rest))
        yield storage


@contextmanager
def sharded(
    programs: Mapping[str, Path],
    kubectl: Kubectl,
    folder: Path,
    storage: Storage,
    *,
    shard: str,
    concurrent: int,
    **flags: object,
) -> Iterator[None]:
    """Run one more kustomize-controller while the block runs, for the Kustomizations that carry the label of its shard
    (fluxcd.io, "Flux sharding and horizontal scaling"), so many at a time, with other flags too."""
    folder.mkdir()
    named = {name.replace("_", "-"): value for name, value in flags.items()}
    own = {"concurrent": concurrent, "watch-label-selector": f"{SHARD}={shard}", **named}
    with _kustomize_controller(programs, kubectl, folder, storage, own):
        yield


@contextmanager
def _kustomize_controller(
    programs: Mapping[str, Path], kubectl: Kubectl, folder: Path, storage: Storage, flags: Mapping[str, object]
) -> Iterator[None]:
    quick = {"no-remote-bases": "true", "requeue-dependency": "1s"}
    gates = {"feature-gates": "CancelHealthCheckOnNewRevision=true,ExternalArtifact=true"}
    where = {"SOURCE_CONTROLLER_LOCALHOST": storage.address}
    with _controller(programs["kustomize-controller"], kubectl, folder, {**quick, **gates, **flags}, where):
        yield


@contextmanager
def helm_controller(programs: Mapping[str, Path], kubectl: Kubectl, folder: Path) -> Iterator[None]:
    """Run helm-controller while the block runs, beside the other controllers; its log in `folder`."""
    with _controller(programs["helm-controller"], kubectl, folder, {}, {}):
        yield


@contextmanager
def follow(kubectl: Kubectl, url: str, path: str) -> Iterator[None]:
    """Have Flux apply a folder of a repository while the block runs, as `flux bootstrap` does; then prune it all."""
    source = {"url": url, "ref": {"branch": "main"}, "interval": "10m"}
    reference = {"kind": "GitRepository", "name": ROOT}
    spec = {"sourceRef": reference, "path": f"./{path}", "interval": "10m", "retryInterval": "2s", "prune": True}
    metadata = {"name": ROOT, "namespace": NAMESPACE}
    kubectl.apply([namespace(NAMESPACE)], manager="tests")  # a check that held the objects of clusters/ took it along
    repository = {"apiVersion": "source.toolkit.fluxcd.io/v1", "kind": "GitRepository", "metadata": metadata}
    root = {"apiVersion": "kustomize.toolkit.fluxcd.io/v1", "kind": "Kustomization", "metadata": metadata}
    with kubectl.holding({**repository, "spec": source}):
        with kubectl.holding({**root, "spec": spec}):
            yield
        wait_until(lambda: not kubectl.items("kustomizations", NAMESPACE), "everything pruned")


def reconcile(kubectl: Kubectl) -> None:
    """Have Flux look at every GitRepository now (the annotation that `flux reconcile source git` sets)."""
    for each in kubectl.items("gitrepositories", NAMESPACE):
        name, version = each["metadata"]["name"], each["metadata"]["resourceVersion"]
        annotation = f"reconcile.fluxcd.io/requestedAt={version}"
        kubectl("annotate", "--overwrite", "gitrepository", name, "-n", NAMESPACE, annotation)


def ready_at(kubectl: Kubectl, commit: str, patience: float = 120) -> None:
    """Wait until every Kustomization is Ready at a commit; fails with what those say that are not."""

    def behind() -> dict[str, str]:
        return {
            each["metadata"]["name"]: condition(each, "Ready").get("message", "nothing yet")
            for each in kubectl.items("kustomizations", NAMESPACE)
            if not _is_ready_at(each, commit)
        }

    try:
        wait_until(lambda: kubectl.items("kustomizations", NAMESPACE) and not behind(), f"ready at {commit}", patience)
    except AssertionError:
        raise AssertionError(f"not ready at {commit}: {behind()}") from None


def _is_ready_at(kustomization: Object, commit: str) -> bool:
    """The revision is `main@sha1:<commit>` (source.toolkit.fluxcd.io, `status.artifact.revision`)."""
    applied = kustomization.get("status", {}).get("lastAppliedRevision", "")
    current = kustomization["status"].get("observedGeneration") == kustomization["metadata"]["generation"]
    return bool(
        current and applied.endswith(f":{commit}") and condition(kustomization, "Ready").get("status") == "True"
    )


@contextmanager
def _controller(
    program: Path, kubectl: Kubectl, folder: Path, flags: Mapping[str, object], environment: Mapping[str, str]
) -> Iterator[None]:
    health = f"{HOST}:{free_port()}"
    common = {
        "metrics-addr": f"{HOST}:{free_port()}",
        "health-addr": health,
        "events-addr": "",
        "watch-all-namespaces": "true",
        "enable-leader-election": "false",
    }
    home = folder / program.name
    home.mkdir()
    argv = [str(program), *(f"--{name}={value}" for name, value in {**common, **flags}.items())]
    where = {
        "RUNTIME_NAMESPACE": NAMESPACE,
        "KUBECONFIG": str(kubectl.kubeconfig),
        "HOME": str(home),
        "TMPDIR": str(home),
    }
    log = folder / f"{program.name}.log"
    with running(argv, log, environment={**where, **environment}) as process:
        wait_for(answers_at(f"http://{health}/readyz"), process, log)
        yield
