"""`gitops.drain`: a pod waits until routers have learned that it goes, then finishes its requests, then ends.

The kubelet runs preStop, then sends SIGTERM, and kills the pod at the end of the grace period, which holds both
(Kubernetes, "Pod Lifecycle", Termination of Pods). vLLM aborts running requests at SIGTERM unless `--shutdown-timeout`
lets them finish (vllm/v1/engine/core.py, since 0.18); older releases do not know the flag, and get none.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from llmstack.flags import catalogue_for
from llmstack.model.models import Model
from llmstack.model.types import seconds

FLAG = "--shutdown-timeout"
BESIDE = 15
"""Seconds of the grace period beside waiting and finishing, for the engine to end itself."""


def knows_drain(model: Model) -> bool:
    """Whether the model's vLLM release has `--shutdown-timeout`; the newest is taken where the release is not known."""
    match = catalogue_for(model.repository or "", model.tag or "", model.gitops.vllm_version)
    return FLAG in match.catalogue.spellings


def arguments(model: Model) -> Iterator[str]:
    """Yield `--shutdown-timeout` and its seconds, where requests shall finish and the release knows it."""
    if model.gitops.drain is not None and knows_drain(model):
        yield from (FLAG, str(seconds(model.gitops.drain.finish)))


def lifecycle(model: Model, *, finishes: bool = True) -> dict[str, Any] | None:
    """The hook that keeps the pod serving while others learn that it goes; one that does not finish requests itself
    stays for the one that does."""
    drain = model.gitops.drain
    if drain is None:
        return None
    stays = 0 if finishes or not knows_drain(model) else seconds(drain.finish)
    return {"preStop": {"sleep": {"seconds": seconds(drain.wait) + stays}}}


def grace_period(model: Model) -> int | None:
    """Seconds until the pod is killed: waiting, finishing, and a little beside."""
    drain = model.gitops.drain
    return seconds(drain.wait) + seconds(drain.finish) + BESIDE if drain is not None else None
