"""A volume is a folder of the node.

What a pod finds there depends on the node it lands on; a pod that moves starts with an empty or another
folder, and a pod may read the node's own files. Pod Security "baseline" refuses hostPath volumes. For a test
on one node it will do.

Fix: use a claim (`pvcStorage`, `sharedStorage.storageClass`) or an NFS export (`sharedStorage.nfs`).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.checks.fields import VOLUME
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.pods import pod_specs

RULE = Declaration("host-path", Severity.WARNING, alone=True)


def run(subject: Subject) -> Iterator[Problem]:
    storage = subject.stack.shared_storage
    if storage.enabled and storage.host_path:
        yield _problem(("sharedStorage", "hostPath"), "the shared storage")
    for block in subject.blocks:
        if block.definition == VOLUME:
            for number, volume in enumerate(block.value):
                if volume.get("hostPath") is not None:
                    yield _problem((*block.route, number, "hostPath"), f"the volume `{volume.get('name')}`")
    for route, object in subject.extra_objects():
        yield from _extra(route, object)


def _extra(route: Route, object: dict[str, Any]) -> Iterator[Problem]:
    """What an object of extraObjects takes from a node: as a PersistentVolume, or in its pods."""
    spec = object.get("spec")
    if object.get("kind") == "PersistentVolume" and isinstance(spec, dict) and spec.get("hostPath") is not None:
        yield _problem((*route, "spec", "hostPath"), "the PersistentVolume")
    for at, pod in pod_specs(object):
        volumes = pod.get("volumes")
        for number, volume in enumerate(volumes if isinstance(volumes, list) else []):
            if isinstance(volume, dict) and volume.get("hostPath") is not None:
                yield _problem((*route, *at, "volumes", number, "hostPath"), f"the volume `{volume.get('name')}`")


def _problem(route: Route, what: str) -> Problem:
    message = f"{what} is a folder of the node that the pod happens to run on"
    return Problem(message, route, help="use a claim or an NFS export")
