"""Requests that are running when a pod ends are cut.

Why it matters: an answer can take minutes. vLLM aborts running requests at SIGTERM: `--shutdown-timeout`, which lets
them finish, is 0 by default, and releases before 0.18 do not have it (vllm-project/vllm#43208). Clients see a broken
connection for each request that a replica was serving.

How it is judged: an engine's pods restart, are scaled down or are removed, by the sync tool too, and the arguments that
the old pods run with set no `--shutdown-timeout`, or one that `terminationGracePeriodSeconds` (30 seconds by default)
cuts short, what a `preStop` sleep, or command that sleeps, takes of it included (Kubernetes documentation, "Pod
Lifecycle", termination of pods). A preStop sleep alone lets shorter requests finish: then it is said how long it is.
The workers of a RayCluster end with its head, so they have to stay as long as it finishes; those of a LeaderWorkerSet
end after their leader. How many requests run at that moment is not known. Its amount is the number of pods that serve
and end.

Fix: set `gitops.drain` on the model, in a change of its own: it counts for the pods that start with it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from llmstack.engine.settings import is_on
from llmstack.finding import Severity
from llmstack.flags import catalogue_for
from llmstack.kubernetes.hooks import seconds_slept
from llmstack.kubernetes.images import image_parts
from llmstack.kubernetes.pods import Object, identity_of, maps, pod_specs, value_at
from llmstack.kubernetes.quantities import read_whole, whole
from llmstack.kubernetes.replicas import replicas_of
from llmstack.kubernetes.served import find_served
from llmstack.objects.drain import FLAG
from llmstack.review.arguments import engine_flags
from llmstack.review.result import Risk
from llmstack.review.risks.assessment import Assessment
from llmstack.review.risks.declaration import Declaration
from llmstack.review.rollout.workload import Workload
from llmstack.review.wording import say_ending

RISK = Declaration("requests-cut", Severity.NOTE, unit="pods")

_GRACE = 30
_BY_HAND = (
    "Give it `--shutdown-timeout` (vLLM 0.18 and later), a preStop sleep and a terminationGracePeriodSeconds above both"
)


def find(assessment: Assessment) -> Iterator[Risk]:
    """A note for each engine whose pods end without waiting for what they serve, scalers at their most included."""
    most = assessment.most.workloads if assessment.most is not None else ()
    ending = {workload.identity: workload for workload in (*most, *assessment.workloads) if _ends_pods(workload)}
    anew = assessment.made_anew
    for obj in assessment.before:
        key = identity_of(obj)
        workload = ending.get(key)
        if (workload is not None or key in anew) and (waits := list(_cut(obj))):
            drain = "Set `gitops.drain` on the model" if assessment.near.has_values else _BY_HAND
            advice = f"{drain} in a change before this one, or merge at a time of few requests."
            if assessment.near.has_values and _cannot_finish(obj):
                advice = "Merge at a time of few requests: `gitops.drain` lets longer ones finish from vLLM 0.18 on."
            ends = replicas_of(obj, assessment.least.owned[0]) if workload is None else _ended(workload)
            yield RISK.at(f"{key[0]}/{key[2]}", _message(workload, *min(waits)), advice, amount=ends)


def _ended(workload: Workload) -> int:
    return workload.before - (workload.after if workload.move == "scale" else 0)


def _message(workload: Workload | None, seconds: int, key: str) -> str:
    """What is cut where pods end within so many seconds, which a key gives them."""
    if seconds:
        return f"requests that take longer than the {key} of {seconds} s are cut when their pod ends"
    if workload is not None and workload.move == "scale":
        ending = workload.before - workload.after
        serving = "it serves" if ending == 1 else "they serve"
        return f"up to {say_ending(ending)}, and the requests {serving} are cut: nothing lets the engine finish them"
    return "requests that run when a pod ends are cut: nothing lets the engine finish them"


def _ends_pods(workload: Workload) -> bool:
    return workload.before > 0 and (workload.move == "restart" or workload.after < workload.before)


def _cut(before: Object) -> Iterator[tuple[int, str]]:
    """Yield, for each engine of a workload that does not wait for the requests it serves, for how many seconds they go
    on when its pods are to end, and the key that says so: a pod that sleeps before its end takes no new ones."""
    stay = _workers_stay(before)
    for _, spec in pod_specs(dict(before)):
        for served in find_served(spec):
            flags = engine_flags(served.arguments)
            if is_on(flags, "--headless"):
                continue  # it serves nobody, and ends after the one that it works for
            finish, sleep = read_whole(flags.get(FLAG, "")) or 0, _sleep(spec["containers"][served.route[-1]])
            grace = whole(spec.get("terminationGracePeriodSeconds"), _GRACE)
            if finish + sleep >= grace:
                yield grace, "`terminationGracePeriodSeconds`"
            elif not finish:
                yield sleep, "preStop sleep"
            elif stay is not None and stay < finish + sleep:
                yield stay, "workers' preStop sleep"


def _cannot_finish(before: Object) -> bool:
    """Whether its engines sleep before their end already, and are of a release that knows no more."""
    found = [
        (served.image, _sleep(spec["containers"][served.route[-1]]))
        for _, spec in pod_specs(dict(before))
        for served in find_served(spec)
    ]
    return bool(found) and all(
        sleeps and FLAG not in catalogue_for(*image_parts(image)).catalogue.spellings for image, sleeps in found
    )


def _workers_stay(before: Object) -> int | None:
    """Seconds that all workers of a RayCluster stay when it ends, which ends the pods of all groups at once
    (`deleteAllPods`, raycluster_controller.go of KubeRay); None for what has none."""
    groups = maps(value_at(before, "spec", "workerGroupSpecs")) if before.get("kind") == "RayCluster" else ()
    found = []
    for group in groups:
        spec = value_at(group, "template", "spec")
        if isinstance(spec, Mapping) and whole(group.get("replicas"), 1):
            sleeps = [_sleep(container) for container in maps(spec.get("containers"))]
            found.append(min(max(sleeps, default=0), whole(spec.get("terminationGracePeriodSeconds"), _GRACE)))
    return min(found, default=None)


def _sleep(container: Mapping[str, Any]) -> int:
    hooks = container.get("lifecycle")
    return seconds_slept(hooks if isinstance(hooks, Mapping) else None)
