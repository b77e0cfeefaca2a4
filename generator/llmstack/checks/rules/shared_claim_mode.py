"""Several pods are to mount a volume that only one node, or one pod, may mount.

A ReadWriteOnce volume attaches to one node: pods that land on another wait in ContainerCreating (Multi-Attach
error). A ReadWriteOncePod volume takes one pod: the next one stays Pending, so several replicas, or a
strategy that starts the new pod before the old one is gone, never finish: an error. Volumes on NFS or a host
path attach nowhere and are left alone. (Kubernetes documentation, "Persistent Volumes", Access Modes.)

Fix: ask for ReadWriteMany from a class that has it, run one replica, or leave `strategy` unset: one replica
on such a claim is then replaced in place.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.claims import engine_pods, pods_at_most, surges
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.access_modes import DEFAULT, mounts_in_one_pod, mounts_on_one_node
from llmstack.model.models import Model
from llmstack.objects.engine_storage import claim_modes

RULE = Declaration("shared-claim-mode", Severity.ERROR, milder=Severity.WARNING)


def run(subject: Subject) -> Iterator[Problem]:
    for at, model in subject.models():
        modes = claim_modes(model)
        if mounts_on_one_node(modes):
            yield from _model(subject, at, model, modes)
    yield from _shared(subject)


def _model(subject: Subject, at: Route, model: Model, modes: list[str]) -> Iterator[Problem]:
    pods, mode = pods_at_most(model), modes[0]
    milder, limit = (False, "only one pod") if mounts_in_one_pod(modes) else (True, "only one node")
    route = (*at, "pvcAccessMode") if model.pvc_access_mode else (*at, "pvcStorage")
    if pods > 1:
        message = f"{pods} pods of `{model.name}` share a {mode} claim, which {limit} can mount"
        yield Problem(
            message, route, help="set pvcAccessMode: [ReadWriteMany], with a storage class that has it", milder=milder
        )
    elif not (model.uses_ray or model.uses_lws) and surges(model.strategy or subject.stack.engine.strategy, pods):
        message = (
            f"an update of `{model.name}` starts a second pod beside the first, "
            f"and its {mode} claim can be mounted by {limit}"
        )
        yield Problem(
            message,
            route,
            help="leave servingEngineSpec.strategy unset, or use type: Recreate or maxSurge: 0",
            milder=milder,
        )


def _shared(subject: Subject) -> Iterator[Problem]:
    storage = subject.stack.shared_storage
    modes: list[str] = list(storage.access_modes or DEFAULT)
    pods = engine_pods(subject.stack)
    if storage.enabled and not storage.is_static and mounts_on_one_node(modes) and pods > 1:
        milder, limit = (False, "only one pod") if mounts_in_one_pod(modes) else (True, "only one node")
        message = f"{pods} engine pods mount the shared storage, whose {modes[0]} claim {limit} can mount"
        yield Problem(
            message,
            ("sharedStorage", "accessModes"),
            help="set accessModes: [ReadWriteMany], with a storage class that has it",
            milder=milder,
        )
