"""Argo CD on a control plane: application controller, repo server and ApplicationSet controller as plain programs.

Flags: the programs' own `--help` at the version that modules/argo-cd pins. `argocd-server` (the API of the web page and
of the command line) is left out: nothing that llmstack says is about it. What it makes when it starts, the project
`default`, is written here as it does (server/server.go, initializeDefaultProject).
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from llmstack import yamlio
from llmstack.tree.argo import API, NAMESPACE
from tests.argo.build import sources
from tests.cluster.kubectl import Kubectl, Object, namespace
from tests.cluster.processes import HOST, answers_at, free_port, running, wait_for
from tests.laws.trees import kustomize

PAGE = Path(__file__).resolve().parents[2] / "docs" / "sync.md"
"""Its block of YAML is the health check of Applications that orders the waves of an app of apps."""
_PART = {"app.kubernetes.io/part-of": "argocd"}


@dataclass(frozen=True)
class Plan:
    """What the programs are started with."""

    programs: Mapping[str, Path]
    kubectl: Kubectl
    folder: Path

    def environment(self, command: str) -> dict[str, str]:
        """Its name, its home, and the cluster in the place of the one that it would run in. Nothing is read of the
        machine but programs: `tools` has Helm and the kustomize of the project's own tests."""
        home = self.folder / command
        home.mkdir(exist_ok=True)
        return {
            "ARGOCD_BINARY_NAME": command,
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_TLS_DATA_PATH": str(home / "tls"),
            "ARGOCD_SSH_DATA_PATH": str(home / "ssh"),
            "ARGOCD_PLUGINSOCKFILEPATH": str(home / "plugins"),
            "ARGOCD_SYNC_WAVE_DELAY": "0",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_CONFIG_SYSTEM": os.devnull,
            "HOME": str(home),
            "KUBECONFIG": str(self.kubectl.kubeconfig),
            "PATH": f"{self.folder / 'tools'}{os.pathsep}{os.environ['PATH']}",
            "TMPDIR": str(home),
        }


@contextmanager
def argo_cd(programs: Mapping[str, Path], kubectl: Kubectl, folder: Path) -> Iterator[Plan]:
    """Run the controllers while the block runs, with checkouts and logs in `folder`."""
    files = sorted((sources() / "manifests" / "crds").glob("*-crd.yaml"))
    crds = [yamlio.load(path.read_text(encoding="utf-8")) for path in files]
    kubectl.apply([*crds, namespace(NAMESPACE)], manager="tests")
    kubectl.apply(settings(), manager="tests")
    tools = folder / "tools"
    tools.mkdir()
    (tools / "kustomize").symlink_to(kustomize())
    (tools / "helm").symlink_to(programs["helm"])
    wrapper = tools / "git-verify-wrapper.sh"  # of the image; the repo server runs it on every commit, signed or not
    wrapper.write_bytes((sources() / "hack" / wrapper.name).read_bytes())
    wrapper.chmod(0o755)
    plan = Plan(programs, kubectl, folder)
    with ExitStack() as stack:
        redis = stack.enter_context(_redis(plan))
        repositories = stack.enter_context(_repo_server(plan, redis))
        stack.enter_context(_application_controller(plan, redis, repositories))
        stack.enter_context(_applicationset_controller(plan, repositories))
        yield plan


def settings() -> list[Object]:
    """What an installation has (manifests/base/config), and the health check of Applications."""
    [check] = re.findall(r"```yaml\n(resource\.customizations.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    project = {
        "sourceRepos": ["*"],
        "destinations": [{"server": "*", "namespace": "*"}],
        "clusterResourceWhitelist": [{"group": "*", "kind": "*"}],
    }
    return [
        {**_named("v1", "ConfigMap", "argocd-cm"), "data": yamlio.load(check)},
        {**_named("v1", "ConfigMap", "argocd-rbac-cm")},
        {**_named("v1", "Secret", "argocd-secret"), "stringData": {"server.secretkey": "of these tests alone"}},
        {**_named(API, "AppProject", "default"), "spec": project},
    ]


def _named(api: str, kind: str, name: str) -> Object:
    metadata = {"name": name, "namespace": NAMESPACE, "labels": dict(_PART)}
    return {"apiVersion": api, "kind": kind, "metadata": metadata}


@contextmanager
def _redis(plan: Plan) -> Iterator[str]:
    address = f"{HOST}:{free_port()}"
    with running([str(plan.programs["redis"]), address], plan.folder / "redis.log"):
        yield address


@contextmanager
def _repo_server(plan: Plan, redis: str) -> Iterator[str]:
    port, metrics = free_port(), free_port()
    plain = {"disable-tls": "true", "client-ca-path": ""}
    own = {"address": HOST, "port": port, "metrics-address": HOST, "metrics-port": metrics, **plain}
    with _command(plan, "argocd-repo-server", {"redis": redis, **own}, f"{HOST}:{metrics}/healthz"):
        yield f"{HOST}:{port}"


@contextmanager
def _application_controller(plan: Plan, redis: str, repositories: str) -> Iterator[None]:
    metrics = free_port()
    flags = {
        "redis": redis,
        "repo-server": repositories,
        "repo-server-plaintext": "true",
        "kubeconfig": plan.kubectl.kubeconfig,
        "namespace": NAMESPACE,
        "metrics-port": metrics,  # of every interface: no flag names another one (controller/appcontroller.go)
    }
    with _command(plan, "argocd-application-controller", flags, f"{HOST}:{metrics}/healthz"):
        yield


@contextmanager
def _applicationset_controller(plan: Plan, repositories: str) -> Iterator[None]:
    metrics = f"{HOST}:{free_port()}"
    flags = {
        "argocd-repo-server": repositories,
        "repo-server-plaintext": "true",
        "kubeconfig": plan.kubectl.kubeconfig,
        "namespace": NAMESPACE,
        "metrics-addr": metrics,
        "probe-addr": f"{HOST}:{free_port()}",
        "webhook-addr": f"{HOST}:{free_port()}",
    }
    with _command(plan, "argocd-applicationset-controller", flags, f"{metrics}/metrics"):
        yield


@contextmanager
def _command(plan: Plan, command: str, flags: Mapping[str, object], health: str) -> Iterator[None]:
    argv = [str(plan.programs["argocd"]), *(f"--{name}={value}" for name, value in flags.items())]
    log = plan.folder / f"{command}.log"
    with running(argv, log, environment=plan.environment(command)) as process:
        wait_for(answers_at(f"http://{health}"), process, log)
        yield
