"""`shmSize` leaves the workers of a pod no more /dev/shm than the container runtime gives by itself.

The workers of one engine (tensor, pipeline and data parallelism) pass data through shared memory: PyTorch, NCCL where
GPUs do not reach each other, and vLLM's own ring of 160 MiB (`MessageQueue`). Of the runtime's 64 MiB NCCL ends with
"No space left on device", which is why vLLM's documentation wants `--ipc=host` or `--shm-size`
(docs/deployment/docker.md). It is a warning, since few workers on one NVLink may do with less.

Fix: leave `shmSize` out (20Gi), or a size of some GiB.
"""

from __future__ import annotations

from collections.abc import Iterator

from llmstack.checks.engines import engines
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Severity
from llmstack.kubernetes.quantities import quantity
from llmstack.objects.parallel import workers_per_pod

RULE = Declaration("small-shm", Severity.WARNING, whole=True)

RUNTIME = 64 << 20
"""Bytes of /dev/shm of a container where nothing is mounted (containerd and CRI-O)."""


def run(subject: Subject) -> Iterator[Problem]:
    for asked in engines(subject):
        size = quantity(asked.model.shm_size or "") if "shm_size" in asked.model.model_fields_set else None
        workers = workers_per_pod(asked.model) if size is not None and size <= RUNTIME else 1
        if workers > 1:
            message = f"{workers} workers of `{asked.model.name}` share {asked.model.shm_size} of /dev/shm"
            yield Problem(
                message, (*asked.route, "shmSize"), help="leave it out: 20Gi, of which they use what they need"
            )
