"""A real control plane on loopback: etcd, API server, controller manager, scheduler, and KWOK in the kubelets' place.

Flags: the programs' own `--help` at the versions that modules/ pins. KWOK's nodes take what capacity they are given;
its stages make a pod ready, and delete it, after the times that two annotations of the pod say (at once, by default).
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llmstack import yamlio
from tests.cluster.build import module_folder
from tests.cluster.certificates import Authority, Pair
from tests.cluster.processes import HOST, answers_at, free_port, running, wait_for

READY_AFTER = "pod-ready.stage.kwok.x-k8s.io/delay"
DELETED_AFTER = "pod-delete.stage.kwok.x-k8s.io/delay"
"""Annotations of a pod: how long it takes to become ready, and to be gone once deleted (`1500ms`, `2s`)."""

STAGES = (
    "node/fast/node-initialize",
    "node/heartbeat-with-lease/node-heartbeat-with-lease",
    "pod/fast/pod-ready",
    "pod/fast/pod-complete",
    "pod/fast/pod-delete",
)
"""Files of KWOK's own module, below kustomize/stage."""
DELAYS = {"pod-ready": READY_AFTER, "pod-delete": DELETED_AFTER}


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane, and how an administrator reaches it."""

    server: str
    kubeconfig: Path


@dataclass(frozen=True)
class _Plan:
    """What the programs are started with: where they are, where they may write, and who may sign."""

    programs: Mapping[str, Path]
    folder: Path
    authority: Authority
    server: str
    emulated: str = ""
    """The Kubernetes version that the programs of Kubernetes behave as; empty for their own."""

    def log(self, name: str) -> Path:
        return self.folder / f"{name}.log"

    def kubeconfig(self, user: str, group: str | None = None) -> Path:
        return write_kubeconfig(self.folder, self.server, self.authority, self.authority.client(user, group))


@contextmanager
def control_plane(programs: Mapping[str, Path], folder: Path, *, emulated: str = "") -> Iterator[ControlPlane]:
    """Run everything while the block runs, with data and logs in `folder`; raises ProcessError.

    `emulated` is an older Kubernetes version, `1.34`, whose API the server shows, and which the controllers keep to
    (KEP-4330, `--emulated-version`).
    """
    plan = _Plan(programs, folder, Authority(folder), f"https://{HOST}:{free_port()}", emulated)
    admin = plan.kubeconfig("admin", "system:masters")
    accounts = plan.authority.service_accounts()
    with ExitStack() as stack:
        etcd = stack.enter_context(_etcd(plan))
        stack.enter_context(_api_server(plan, etcd, accounts))
        for name in ("kube-controller-manager", "kube-scheduler"):
            stack.enter_context(_controller(plan, name, accounts))
        stack.enter_context(_kwok(plan, admin))
        yield ControlPlane(plan.server, admin)


def write_kubeconfig(folder: Path, server: str, authority: Authority, client: Pair) -> Path:
    """A kubeconfig file with one user, for `server`."""
    cluster = {"server": server, "certificate-authority": str(authority.certificate)}
    user = {"client-certificate": str(client.certificate), "client-key": str(client.key)}
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "tests", "cluster": cluster}],
        "users": [{"name": "tests", "user": user}],
        "contexts": [{"name": "tests", "context": {"cluster": "tests", "user": "tests"}}],
        "current-context": "tests",
    }
    path = folder / f"{client.certificate.stem}.kubeconfig"
    path.write_text(yamlio.dump(config), encoding="utf-8")
    path.chmod(0o600)
    return path


@contextmanager
def _etcd(plan: _Plan) -> Iterator[str]:
    client, peer = f"http://{HOST}:{free_port()}", f"http://{HOST}:{free_port()}"
    flags = {
        "data-dir": plan.folder / "etcd",
        "listen-client-urls": client,
        "advertise-client-urls": client,
        "listen-peer-urls": peer,
        "initial-advertise-peer-urls": peer,
        "initial-cluster": f"default={peer}",
        "unsafe-no-fsync": "true",  # nothing here outlives the machine
    }
    with running(_argv(plan, "etcd", flags), plan.log("etcd")) as process:
        wait_for(answers_at(f"{client}/health"), process, plan.log("etcd"))
        yield client


@contextmanager
def _api_server(plan: _Plan, etcd: str, accounts: Pair) -> Iterator[None]:
    name = "kube-apiserver"
    server = plan.authority.server()
    flags = {
        "etcd-servers": etcd,
        "bind-address": HOST,
        "advertise-address": HOST,
        "secure-port": plan.server.rsplit(":", 1)[-1],
        "tls-cert-file": server.certificate,
        "tls-private-key-file": server.key,
        "cert-dir": plan.folder,
        "client-ca-file": plan.authority.certificate,
        "service-account-issuer": plan.server,
        "service-account-key-file": accounts.certificate,
        "service-account-signing-key-file": accounts.key,
        "authorization-mode": "RBAC",
        "service-cluster-ip-range": "10.0.0.0/24",
        "allow-privileged": "true",
        "endpoint-reconciler-type": "none",
    }
    if plan.emulated:
        flags["emulated-version"] = plan.emulated
    context = ssl.create_default_context(cafile=str(plan.authority.certificate))
    with running(_argv(plan, name, flags), plan.log(name)) as process:
        wait_for(answers_at(f"{plan.server}/readyz", context), process, plan.log(name))
        yield


@contextmanager
def _controller(plan: _Plan, name: str, accounts: Pair) -> Iterator[None]:
    config = plan.kubeconfig(f"system:{name}")
    port = free_port()
    flags: dict[str, Any] = {
        "kubeconfig": config,
        "authentication-kubeconfig": config,
        "authorization-kubeconfig": config,
        "authorization-always-allow-paths": "/healthz,/readyz,/livez",
        "leader-elect": "false",
        "bind-address": HOST,
        "secure-port": port,
        "cert-dir": plan.folder / name,
    }
    if name == "kube-controller-manager":
        flags |= {
            "use-service-account-credentials": "true",
            "root-ca-file": plan.authority.certificate,
            "service-account-private-key-file": accounts.key,
            "allocate-node-cidrs": "false",
            "kube-api-qps": 500,  # the checks change many workloads at once
            "kube-api-burst": 500,
        }
    if plan.emulated:
        flags["emulated-version"] = plan.emulated
    unchecked = ssl._create_unverified_context()  # the program signs its own certificate
    with running(_argv(plan, name, flags), plan.log(name)) as process:
        wait_for(answers_at(f"https://{HOST}:{port}/healthz", unchecked), process, plan.log(name))
        yield


@contextmanager
def _kwok(plan: _Plan, admin: Path) -> Iterator[None]:
    config = plan.folder / "kwok.yaml"
    config.write_text("---\n".join(yamlio.dump(stage) for stage in stages()), encoding="utf-8")
    port = free_port()
    flags = {
        "kubeconfig": admin,
        "config": config,
        "manage-all-nodes": "true",
        "node-lease-duration-seconds": "40",
        "server-address": f"{HOST}:{port}",
    }
    with running(_argv(plan, "kwok", flags), plan.log("kwok")) as process:
        wait_for(answers_at(f"http://{HOST}:{port}/healthz"), process, plan.log("kwok"))
        yield


def stages() -> list[dict[str, Any]]:
    """KWOK's own stages, with pods that take the time their annotations say."""
    folder = module_folder("kwok", "sigs.k8s.io/kwok") / "kustomize" / "stage"
    loaded = [yamlio.load((folder / f"{path}.yaml").read_text(encoding="utf-8")) for path in STAGES]
    for stage in loaded:
        if annotation := DELAYS.get(stage["metadata"]["name"]):
            expression = f'.metadata.annotations["{annotation}"]'
            stage["spec"]["delay"] = {"durationMilliseconds": 0, "durationFrom": {"expressionFrom": expression}}
    return loaded


def _argv(plan: _Plan, program: str, flags: Mapping[str, Any]) -> list[str]:
    return [str(plan.programs[program]), *(f"--{name}={value}" for name, value in flags.items())]
